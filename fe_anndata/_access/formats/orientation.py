"""Whether names are those of genes or of samples, and so which way round a matrix is.

The table ``symbols.txt.gz`` holds the gene symbols of the HGNC gene groups (genenames.org, free of
charge and of conditions), in capital letters, by which most symbols of mice are known as well.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from anndata import AnnData

from ..._core.errors import require_choice

Names: TypeAlias = pd.Index | Sequence[str]
Orientation = Literal["auto", "as-is", "transposed"]
ORIENTATIONS = ("auto", "as-is", "transposed")

LOOKED_AT = 4000
"""Names of an axis that are looked at, evenly spaced."""
KNOWN, TIMES = 0.15, 4
"""Genes are where so many names are known, and so many times as many as on the other side.

Of the cohorts at hand at least 35 % of the genes are in the table, and none of the samples.
"""
SERIES, ALL_OF_A_SERIES = 3, 0.9
"""Names to a word, from which they are taken for numbered samples, such as C1, C2 and C3, of which
C2 is a gene too, unless nearly all are genes."""
MOST = 0.5
"""Of the names of samples, where the names of genes tell nothing."""

_GENE = re.compile(
    r"ENS[A-Z]{0,6}[GTP]R?\d{6,}.*|[NX][MRP]_\d{6,}.*|FBgn\d{7}|WBGene\d{8}|LOC\d{5,}"
    r"|MGI:\d+|HGNC:\d+|AT[1-5CM]G\d{5}|Y[A-P][LR]\d{3}[WC](?:-[A-Z])?|[a-z]{3}-(?:mir|miR|let)-.+"
    r"|(?:AFFX-)?\w*_at|ILMN_\d+|A_\d\d_P\d+|cg\d{8}"
    r"|[OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z\d]{2}\d){1,2}"  # UniProt
)
_GENOME = re.compile(r"(?:GRC[hm]\d+|hg\d+|mm\d+)_+")
_SAMPLE = re.compile(
    r"TCGA[-.]\w\w[-.]\w{4}.*|GTEX[-.]\w{4,}.*|[SED]R[RSXZ]\d{5,}|GS[ME]\d{3,}.*|SAM[NED]A?\d{5,}"
    r"|ENC(?:FF|SR|LB|BS)\w{6}|ACH-\d{6}|.*[ACGT]{12,}.*|[0-9a-f]{8}-[0-9a-f]{4}-.*"
    r"|(?:sample|cell|patient|donor|subject|control|case|tumou?r|normal|rep)s?[-_. ]?\w*\d+\w*",
    re.IGNORECASE,
)


@cache
def symbols() -> frozenset[str]:
    """Return the table of gene symbols, in capital letters."""
    packed = files(__package__).joinpath("symbols.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().split())


def is_gene(name: str) -> bool:
    """Return whether a name is a gene id, or a symbol in the table."""
    name = _GENOME.sub("", name).split("|")[0].split(" (")[0].strip()
    return _GENE.fullmatch(name) is not None or name.upper() in symbols()


def share_of_genes(names: Names) -> float:
    """Return which share of the names are known as those of genes."""
    some = _some(names)
    share = sum(map(is_gene, some)) / max(1, len(some))
    return share if share >= ALL_OF_A_SERIES or not _is_series(some) else 0.0


def _is_series(names: list[str]) -> bool:
    """Return whether names are a few words with numbers behind them, as those of samples often."""
    words = {name.rstrip("0123456789") for name in names}
    return len(names) >= SERIES * len(words)


def share_of_samples(names: Names) -> float:
    """Return which share of the names look like barcodes, or like numbered samples."""
    some = _some(names)
    return sum(_SAMPLE.fullmatch(name) is not None for name in some) / max(1, len(some))


def genes_are_rows(rows: Names, columns: Names) -> bool | None:
    """Return whether the rows of a matrix are genes, by the names of both sides; None if unsure."""
    by_rows, by_columns = share_of_genes(rows), share_of_genes(columns)
    if max(by_rows, by_columns) < KNOWN:
        by_rows, by_columns = float(_are_entrez(rows)), float(_are_entrez(columns))
    if max(by_rows, by_columns) >= KNOWN:
        if by_rows > TIMES * by_columns:
            return True
        return False if by_columns > TIMES * by_rows else None
    of_rows, of_columns = share_of_samples(rows), share_of_samples(columns)
    fewer, more = sorted((of_rows, of_columns))
    if more < MOST or fewer * TIMES > more:
        return None
    return of_columns > of_rows


def _some(names: Names) -> list[str]:
    places = np.unique(np.linspace(0, len(names) - 1, min(len(names), LOOKED_AT)).astype(int))
    return [str(names[place]) for place in places] if len(names) else []


def _are_entrez(names: Names) -> bool:
    """Return whether all names are numbers that do not just count on, as those of Entrez."""
    some = _some(names)
    if not some or not all(name.isdigit() for name in some):
        return False
    numbers = np.array(some, dtype=float)
    return bool(numbers.max() - numbers.min() > 2 * len(names))


def require_orientation(orientation: str) -> None:
    """Raise ValueError if it is none."""
    require_choice(orientation, ORIENTATIONS, "orientation")


def require_samples_are_rows(adata: AnnData, orientation: Orientation, path: Path | None) -> None:
    """Raise ValueError if the rows of an AnnData are genes, unless it is to be taken as it is.

    Numbers alone are names of samples here, as in many an AnnData.
    """
    if orientation == "transposed":
        how = (
            "give adata.T.copy()"
            if path is None
            else f"turn it first: adata = fe.io.read({str(path)!r}, orientation='transposed')"
        )
        raise ValueError(f"orientation='transposed' is for tables of text and the like; {how}.")
    if orientation == "as-is":
        return
    of_rows = share_of_genes(adata.obs_names)
    if of_rows < KNOWN or of_rows <= TIMES * share_of_genes(adata.var_names):
        return
    what = "adata" if path is None else str(path)
    raise ValueError(
        f"{what} looks transposed: adata.obs_names are genes ({', '.join(adata.obs_names[:3])}, "
        f"...), and adata.var_names ({', '.join(adata.var_names[:3])}, ...) are not. Samples are "
        "the rows of an AnnData: give adata.T.copy(), or say orientation='as-is' if that is meant."
    )
