"""Messages that name the cause and say what to type next."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral


def near(name: object, known: Iterable[str], n: int = 3) -> str:
    """Return the end of a message that names what may have been meant.

    Parameters
    ----------
    name
        What the user typed.
    known
        What would have been understood.
    n
        How many names are offered at most.
    """
    names = [str(k) for k in known]
    folded: dict[str, str] = {k.casefold(): k for k in names}
    close = [folded[k] for k in get_close_matches(str(name).casefold(), folded, n=n, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    if not names:
        return "there is none."
    shown = ", ".join(repr(k) for k in names[:8])
    return f"there is {shown}{f' and {len(names) - 8} more' if len(names) > 8 else ''}."


def require_key(name: str, known: Iterable[str], what: str) -> None:
    """Raise KeyError if `name` is not among `known`; `what` says what it should have been."""
    known = list(known)
    if name not in known:
        raise KeyError(f"no {what} {name!r}: {near(str(name), known)}")


def require_choice(value: object, choices: Iterable[object], what: str) -> None:
    """Raise ValueError if `value` is not one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, choices))}, not {value!r}.")


def require_at_least_two(value: object, what: str) -> None:
    """Raise ValueError unless `value` is a whole number of at least 2; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 2:
        raise ValueError(f"{what} must be an integer of at least 2, not {value!r}.")


def require_whole(value: object, what: str) -> None:
    """Raise TypeError unless `value` is a whole number; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{what} must be a whole number, not {value!r}.")


def require_positive(value: object, what: str) -> None:
    """Raise an error unless `value` is a whole number of at least 1.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is less than 1.
    """
    require_whole(value, what)
    if value < 1:  # type: ignore[operator]
        raise ValueError(f"{what} must be at least 1, not {value}.")
