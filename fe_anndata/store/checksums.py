"""A checksum of each part of a stored result, so that what was changed since is named.

It is of the value, not of how it is kept: a tour through another program may make float64 of
float32, an array of one element of a number, or drop what is empty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

EXACT = 1 << 53
"""Whole numbers up to this one have a float64."""
APART = ("checksums", "fingerprint", "version")
"""Parts of a result without a checksum: rows of the tables have one each."""
CLOCK = ("seconds", "entries_per_second")
"""Columns of the history without one, which the clock decides: the same run has the same sums."""


def checksums(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checksum of each value of a result, as text, nested as the result is."""
    return _of_mapping({name: part for name, part in stored.items() if name not in APART})


def require_unchanged(stored: Mapping[str, Any], place: str) -> None:
    """Raise ValueError if a part of a result is not what it was when it was written.

    Parameters
    ----------
    stored
        The result, with its ``checksums``.
    place
        Its name in messages, such as ``adata.uns['fe']``.
    """
    known = stored["checksums"]
    if not isinstance(known, Mapping):
        raise ValueError(f"{place}['checksums'] is no dict: the file is damaged.")
    # Parts beside those that were written, such as a note of the user, take no part.
    parts = {name: part for name, part in stored.items() if name in known}
    then, now = _flat(known), _flat(checksums(parts))
    for at in sorted(then.keys() | now.keys()):
        if then.get(at) != now.get(at):
            name = "".join(f"[{part!r}]" for part in at)
            what = "is missing" if at not in now else "was changed since it was written"
            raise ValueError(
                f"{place}{name} {what}, or the file is damaged: use a copy that is whole, or train "
                "again."
            )


def is_given(value: Any) -> bool:
    """Return whether a value holds anything; None is stored as the empty string."""
    if isinstance(value, Mapping):
        return any(map(is_given, value.values()))
    if value is None or (isinstance(value, str) and not value):
        return False
    size = getattr(value, "size", 1)
    return bool(size) and not (size == 1 and np.asarray(value).ravel()[0] == "")


def _of_mapping(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(name): _of_mapping(dict(value)) if _is_nested(value) else _digest(value)
        for name, value in values.items()
        if name not in CLOCK and (_is_nested(value) or is_given(value))
    }


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | pd.DataFrame)


def _flat(nested: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            found |= _flat(value, (*above, str(name)))
        else:
            # R makes arrays of one of text.
            found[*above, str(name)] = " ".join(map(str, np.ravel(value)))
    return found


def _digest(value: Any) -> str:
    """Return a hash of what a value says."""
    found = np.asarray(value)
    shape = () if found.size == 1 else found.shape
    if found.dtype.kind in "biuf" and _is_exact(found):
        canonical = np.array(found, dtype="<f8", order="C")
        canonical[np.isnan(canonical)] = np.nan
        content = canonical.tobytes()
    elif found.dtype.kind in "iu":
        content = repr(found.tolist()).encode()
    else:
        content = repr([str(part) for part in found.ravel()]).encode()
    return hashlib.blake2b(repr(shape).encode() + content, digest_size=16).hexdigest()


def _is_exact(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind in "bf" or not numbers.size or int(abs(numbers).max()) <= EXACT
