"""Gene sets in .gmt files."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from .._core.paths import expanded

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

    Raises
    ------
    ValueError
        If there is no such file, it holds no set, or a line is not a set; the line is named by
        its number.
    """
    sets: dict[str, list[str]] = {}
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        name, *rest = (field.strip() for field in line.split("\t"))
        genes = list(dict.fromkeys(gene for gene in rest[1:] if gene))
        if not name or not genes:
            raise ValueError(
                f"{path}, line {number}: expected a name, a description and genes, separated by "
                f"tabs, not {line[:60]!r}."
            )
        if name in sets:
            raise ValueError(f"{path}, line {number}: there are two sets named {name!r}.")
        sets[name] = genes
    if not sets:
        raise ValueError(f"{path} holds no gene set.")
    return sets


def _text(path: str | Path) -> str:
    path = expanded(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, gzip.BadGzipFile, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a .gmt file: {error}.") from error
