"""Names of genes: which of two lists mean the same gene, and which cannot be kept.

The version of an Ensembl or RefSeq id says how its gene was annotated, and not which gene it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .log import logger
from .warn import warn_user

_ID = r"(?:ENS[A-Z]*|[NX][MRP]_)\d{6,11}"
_VERSIONED = re.compile(rf"({_ID})\.\d+(?:_\d+)?(_PAR_Y)?")  # ".17_5" where GENCODE lifted it over
_WHOLE = re.compile(rf"{_ID}(?:_PAR_Y)?")
_BREAKS = re.compile("[\0\n\r]")


def without_version(name: str) -> str:
    """Return an Ensembl or RefSeq id without its version, and any other name as it is.

    A gene on Y that GENCODE marks by ``_PAR_Y`` keeps the mark: it has the id of its partner on X.
    """
    found = _VERSIONED.fullmatch(name)
    if found is None:
        return name
    return found[1] if found.lastindex == 1 else f"{found[1]}{found[2]}"


def is_id(name: str) -> bool:
    """Return whether a name without version is an Ensembl or RefSeq id."""
    return _WHOLE.fullmatch(name) is not None


def without_versions(names: Sequence[Any]) -> list[Any]:
    """Return names without versions; what is no string stays as it is."""
    return [without_version(n) if isinstance(n, str) and "." in n else n for n in names]


class Match(NamedTuple):
    """Which name of a list is which of another.

    Attributes
    ----------
    positions
        Of each wanted name among the known ones, int64 (n_wanted,); -1 if it is not there.
    by_id
        Whether it is there with another version, bool (n_wanted,).
    ambiguous
        Whether it was left out because its id is there several times, bool (n_wanted,).
    """

    positions: np.ndarray
    by_id: np.ndarray
    ambiguous: np.ndarray


def match(wanted: pd.Index, known: pd.Index, *, one_to_one: bool = True) -> Match:
    """Find names among others: as they are written or else, for ids, without their versions.

    An id is compared without its version only if it is there once, so that nothing depends on the
    order of the names.

    Parameters
    ----------
    wanted
        Names to find.
    known
        Names to find them among.
    one_to_one
        Whether `wanted` are different genes, in which an id must occur once too; otherwise each
        name is a question of its own, and two versions of one id have the same answer.
    """
    asked, there = wanted.tolist(), known.tolist()
    positions = _places(asked, there)
    exact = positions >= 0
    if exact.all():
        return Match(positions, ~exact, ~exact)
    asked, there = without_versions(asked), without_versions(there)
    by_id = ~exact & ((of_id := _places(asked, there)) >= 0)
    several = _repeated(there) | (_repeated(asked) if one_to_one else set())
    ambiguous = by_id & np.array([name in several for name in asked], dtype=bool)
    by_id &= ~ambiguous
    return Match(np.where(by_id, of_id, positions), by_id, ambiguous)


def _places(wanted: list[Any], known: list[Any]) -> np.ndarray:
    places = dict(zip(known, range(len(known)), strict=True))
    return np.fromiter((places.get(name, -1) for name in wanted), np.int64, len(wanted))


def tell(found: Match, wanted: pd.Index, known: pd.Index, *, warn: bool = False) -> None:
    """Say how many names were matched by id, in a warning or in the log, and warn of the others.

    Parameters
    ----------
    found
        What :func:`match` returns for `wanted` and `known`.
    warn
        Whether to warn of what was matched by id.
    """
    if found.by_id.any():
        first = int(np.argmax(found.by_id))
        text = (
            f"{found.by_id.sum()} of {len(wanted)} genes were matched by their ids without "
            f"versions, such as {wanted[first]!r} with {known[found.positions[first]]!r}."
        )
        if warn:
            warn_user(text)
        else:
            logger.info(text)
    if found.ambiguous.any():
        warn_user(several_versions(found, wanted))


def several_versions(found: Match, wanted: pd.Index) -> str:
    """Return a sentence on the names that were left out because their id occurs several times."""
    return (
        f"{found.ambiguous.sum()} genes were not matched, such as "
        f"{wanted[int(np.argmax(found.ambiguous))]!r}: their ids are there in several versions, "
        "none of which has exactly the same name. Keep one version of each id."
    )


def require_one_line(names: pd.Index, what: str) -> None:
    """Raise ValueError if a name holds a NUL or a line break, or is no valid text.

    Files of names end a name there, so it could not be found again.

    Parameters
    ----------
    names
        Of samples or genes; what is no string is left to other checks.
    what
        What the names are, for the message.
    """
    text = [name for name in names if isinstance(name, str)]
    together = "".join(text)
    if together.isascii() and not _BREAKS.search(together):
        return
    wrong = [name for name in text if _BREAKS.search(name) or not _is_text(name)]
    if wrong:
        raise ValueError(
            f"{len(wrong)} {what}, first {wrong[0][:60]!r}, hold a line break, a NUL or half a "
            "character, which files cannot keep in a name; rename them."
        )


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:  # a surrogate, left by text that was decoded wrongly
        return False
    return True


def _repeated(names: list[Any]) -> set[Any]:
    if len(set(names)) == len(names):
        return set()
    return {name for name, count in Counter(names).items() if count > 1}
