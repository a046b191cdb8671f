"""Gene sets in .gmt files."""

from __future__ import annotations

from pathlib import Path

from .._core.paths import expanded
from .._core.warn import warn_user
from .text import lines

ENDINGS = (".gmt", ".gmt.gz")


def is_gmt(path: object) -> bool:
    """Return whether `path` is the name of a file of gene sets, by its ending."""
    return isinstance(path, (str, Path)) and str(path).lower().endswith(ENDINGS)


def collection_of(path: str | Path) -> str:
    """Return the name of a file without its folder and ending."""
    name = Path(path).name
    for ending in reversed(ENDINGS):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def load_gmt(path: str | Path) -> dict[str, list[str]]:
    """Return the genes of each set of a .gmt or .gmt.gz file, in their order.

    A set without genes is left out, with a warning.

    Raises
    ------
    ValueError
        If there is no such file, it holds no set, or a line is not a set; the line is named by
        its number.
    """
    sets: dict[str, list[str]] = {}
    empty: list[str] = []
    lines_of: dict[str, int] = {}
    for number, line in lines(expanded(path)):
        name, *rest = map(_unquoted, line.split("\t"))
        if not name or not rest:
            raise ValueError(
                f"{path}, line {number}: expected a name, a description and genes, separated by "
                f"tabs, not {line[:60]!r}."
            )
        if name in lines_of:
            raise ValueError(
                f"{path}, line {number}: there are two sets named {name!r}, the first in line "
                f"{lines_of[name]}."
            )
        lines_of[name] = number
        genes = list(dict.fromkeys(_without_weight(gene) for gene in rest[1:] if gene))
        if genes:
            sets[name] = genes
        else:
            empty.append(f"{name!r} in line {number}")
    if not sets:
        raise ValueError(f"{path} holds no gene set that has a gene.")
    if empty:
        warn_user(f"{path}: {len(empty)} sets have no gene and are left out, first {empty[0]}.")
    return sets


def _unquoted(field: str) -> str:
    """Return a field without white space around it and without the quotes that R writes."""
    field = field.strip()
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field


def _without_weight(gene: str) -> str:
    """Return ``G1`` for ``G1,1.0``, as Enrichr writes a gene with its weight."""
    name, _, weight = gene.rpartition(",")
    try:
        float(weight)
    except ValueError:
        return gene
    return name.strip() or gene
