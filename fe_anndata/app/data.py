"""What the app shows: an AnnData, read once, whose matrix may stay in its file."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from .._access.files import Source, opened
from .._access.formats import OF_ANNDATA, kind_of
from .._access.genes import find_gene, gene_space, known_genes
from .._access.inputs import matrix, rows_of, stored
from .._access.layers import layers_of
from .._access.results import families_in, normalize_of
from .._core.errors import near
from .._core.gene_names import is_id, without_version
from .._core.keys import DEFAULT_KEY, Keys
from .._core.paths import expanded
from ..genespace import GeneSpace
from ..io import read as read_any
from ..io import read_gene_vectors
from ..matrix.rows import stored_values
from ..pl._values import Classes, Numbers, read
from ..pl._values import Source as Values
from .columns import Columns

STAYS = 1 << 27
"""Stored values beyond which a matrix stays in its file."""
COPIED = 1 << 22
"""Stored values beyond which a matrix is read once by columns."""
SYMBOLS = ("gene_symbols", "gene_symbol", "symbol", "gene_name", "gene_names", "feature_name")
"""Columns of var that name genes whose var_names are ids."""


@dataclass(eq=False)
class Data:
    """An AnnData that is shown, and is not changed.

    Attributes
    ----------
    adata
        It. Of a large file, X is what reads it.
    path
        Of the file it was read from, if there is one.
    """

    adata: AnnData
    path: Path | None = None
    _stamp: object = None
    _open: ExitStack = field(default_factory=ExitStack)
    _columns: dict[tuple[str | None, str | None], Columns] = field(default_factory=dict)
    _spaces: dict[tuple[str, str | None], GeneSpace] = field(default_factory=dict)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    @property
    def name(self) -> str:
        """What titles call it."""
        return "an AnnData in memory" if self.path is None else self.path.name

    @property
    def opening(self) -> str:
        """The line of Python that reads it."""
        if self.path is None:
            return "# adata is the AnnData that fe.app(adata) was given"
        if self.vectors_alone:
            return f"adata = fe.io.read_gene_vectors({str(self.path)!r})"
        return f"adata = fe.io.read({str(self.path)!r})"

    @property
    def vectors_alone(self) -> bool:
        """Whether there are genes and no samples."""
        return bool(self.adata.n_obs == 0)

    @property
    def was_changed(self) -> bool:
        """Whether the file is another one by now, or the AnnData has other results."""
        return self._stamp != _stamp(self.adata if self.path is None else self.path)

    @cached_property
    def families(self) -> dict[str, str]:
        """The keys of all results, with the names of their families."""
        return families_in(self.adata)

    @cached_property
    def gene_keys(self) -> list[str]:
        """The keys of varm that hold gene vectors, those of trainings first."""
        keys = [key for key, table in self.adata.varm.items() if _is_numbers(table)]
        return sorted(keys, key=lambda key: (key not in self.families, key != DEFAULT_KEY))

    @cached_property
    def bases(self) -> list[str]:
        """The keys of obsm that can be drawn, those of trainings first."""
        ours = [Keys(key).obsm for key in self.families]
        keys = [
            key
            for key, table in self.adata.obsm.items()
            if _is_numbers(table) and table.shape[1] > 1 and not key.endswith("_se")
        ]
        return sorted(keys, key=lambda key: (key not in ours, key != Keys(DEFAULT_KEY).obsm))

    @cached_property
    def symbols(self) -> list[str]:
        """The columns of var that name genes, the one to be used by default first."""
        var = self.adata.var
        columns = [
            str(name)
            for name in var.columns[~var.columns.duplicated(keep=False)]
            if (var[name].dtype.kind in "OT" or hasattr(var[name], "cat"))
            and var[name].nunique() > 0.5 * self.adata.n_vars
        ]
        return sorted(columns, key=lambda name: name.lower() not in SYMBOLS)

    @cached_property
    def names_are_ids(self) -> bool:
        """Whether genes go by Ensembl or RefSeq ids."""
        names = self.adata.var_names[:50]
        return sum(is_id(without_version(str(name))) for name in names) > 0.5 * max(len(names), 1)

    @cached_property
    def own_symbols(self) -> str | None:
        """The column of var by which genes are named unless another one is asked for."""
        named = [name for name in self.symbols if name.lower() in SYMBOLS]
        return named[0] if named and self.names_are_ids else None

    @cached_property
    def ids(self) -> pd.Series | None:
        """Ensembl or RefSeq ids of the genes, if a column of var holds them."""
        if self.names_are_ids:
            return pd.Series(self.adata.var_names, index=self.adata.var_names)
        for name in self.symbols:
            column = self.adata.var[name].astype(str)
            if column[:50].map(lambda text: is_id(without_version(text))).mean() > 0.5:
                return column
        return None

    def space(self, key: str, symbols: str | None) -> GeneSpace:
        """Return the gene vectors of a key, as the verbs read them."""
        if (key, symbols) not in self._spaces:
            self._spaces[key, symbols] = gene_space(self.adata, key, symbols)
        return self._spaces[key, symbols]

    def look(
        self, name: str, layer: str | None, symbols: str | None, key: str | None
    ) -> Classes | Numbers:
        """Return what a column of obs or a gene colours samples by, as :mod:`fe_anndata.pl` does.

        Raises
        ------
        KeyError, ValueError, TypeError
            If there is no such column or gene, with near matches, or there is no matrix.
        """
        step = None if key is None else normalize_of(self.adata, key, layer)
        if name not in self.adata.obs.columns:
            place = find_gene(self.adata, name, symbols)
            if place is not None and not place.in_raw and self.is_copied(layer):
                values = self.columns(layer, step).column(place.position).astype(np.float64)
                return Numbers(name, values)
            if place is None:
                known = [*self.adata.obs.columns, *known_genes(self.adata, symbols)]
                raise KeyError(f"no column of obs or gene {name!r}: {near(name, known)}")
        return read(self.adata, name, Values(layer, symbols, step), None)

    def is_copied(self, layer: str | None) -> bool:
        """Return whether a matrix is so large that it is read once by columns."""
        X = self.adata.X if layer is None else self.adata.layers.get(layer)
        return X is not None and stored_values(X) > COPIED

    def columns_for(self, layer: str | None, key: str | None) -> Columns:
        """Return X or a layer by columns, in the units in which a key was trained."""
        return self.columns(layer, None if key is None else normalize_of(self.adata, key, layer))

    def columns(self, layer: str | None, step: str | None) -> Columns:
        """Return X or a layer by columns, after the step of a training."""
        if (layer, step) not in self._columns:
            X = self.adata.X if layer is None else self.adata.layers[layer]
            size = 8.0 * stored_values(X)
            self._columns[layer, step] = Columns(
                lambda: rows_of(matrix(self.adata, layer, step)), size
            )
        return self._columns[layer, step]

    def of_genes(self, names: Sequence[str], key: str, layer: str | None) -> AnnData:
        """Return an AnnData of some genes, by var_names, for verbs that read their values.

        Of a large matrix the values are those of the training, already; of others nothing changes.
        """
        if not self.is_copied(layer):
            return self.adata
        columns = self.columns(layer, normalize_of(self.adata, key, layer))
        at = self.adata.var_names.get_indexer(list(names))
        X = np.column_stack([columns.column(int(i)) for i in at])
        varm = {key: np.asarray(self.adata.varm[key])[at]}
        return AnnData(X, obs=self.adata.obs, var=self.adata.var.iloc[at].copy(), varm=varm)

    def without_values(self, obs: pd.DataFrame | None = None) -> AnnData:
        """Return an AnnData that shares all but the matrices, and may get other columns of obs."""
        of = self.adata
        return AnnData(
            obs=(of.obs if obs is None else obs).copy(), var=of.var,
            obsm=dict(of.obsm), varm=dict(of.varm), uns=dict(of.uns),
        )  # fmt: skip

    def with_values(self, obs: pd.DataFrame, layer: str | None = None) -> AnnData:
        """Return an AnnData with the matrices as they are, and other columns of obs."""
        of = self.adata
        layers = {layer: of.layers[layer]} if layer is not None else {}
        return AnnData(
            X=of.X, obs=obs, var=of.var, obsm=dict(of.obsm), varm=dict(of.varm), uns=dict(of.uns),
            layers=layers,
        )  # fmt: skip

    def some(self, adata: AnnData, rows: NDArray[np.intp]) -> AnnData:
        """Return some samples of an AnnData, with their values in memory."""
        taken = {
            name: rows_of(matrix(adata, name)).take(rows)
            for name in (*([] if adata.X is None else [None]), *layers_of(adata))
        }
        return AnnData(
            X=taken.pop(None, None), obs=adata.obs.iloc[rows].copy(), var=adata.var,
            obsm={name: np.asarray(table)[rows] for name, table in adata.obsm.items()},
            varm=dict(adata.varm), uns=dict(adata.uns), layers=taken,
        )  # fmt: skip

    def require_unchanged(self) -> None:
        """Raise ValueError if the matrix would be read from a file that is another one by now."""
        if self.path is not None and self.was_changed:
            raise ValueError(f"{self.path} was changed since it was opened: open it again.")


def open_data(source: AnnData | str | Path, vectors: bool | None = None) -> Data:
    """Return what is to be shown.

    Parameters
    ----------
    source
        An AnnData, or the path of a file of any kind.
    vectors
        Whether the file holds gene vectors; by default, what its ending and first line say.

    Raises
    ------
    ValueError, TypeError
        If it is neither, or cannot be read.
    """
    if isinstance(source, AnnData):
        return Data(source, None, _stamp(source))
    if not isinstance(source, str | Path):
        raise TypeError(f"expected an AnnData or the path of a file, not {type(source).__name__}.")
    path = expanded(source)
    stamp = _stamp(path)
    if _holds_vectors(path) if vectors is None else vectors:
        return Data(read_gene_vectors(path), path, stamp)
    if kind_of(path) not in OF_ANNDATA:
        return Data(read_any(path, progress=False), path, stamp)
    with ExitStack() as stack:
        adata, stays_open = _shown(stack.enter_context(opened(path)), path)
        return Data(adata, path, stamp, stack.pop_all() if stays_open else ExitStack())


def _shown(source: Source, path: Path) -> tuple[AnnData, bool]:
    """Return the AnnData of an open file, and whether its matrices stay there, being large."""
    adata = source.adata
    if adata.X is not None:  # of an older layout, which is read whole
        return adata, False
    matrices: dict[str | None, Any] = {}
    for layer in (None, *source.layers):
        with suppress(ValueError):  # a file may have no X
            matrices[layer] = stored(source, layer).X
    if sum(map(stored_values, matrices.values())) <= STAYS:
        return read_any(path, progress=False), False
    X = matrices.pop(None, None)
    parts = {name: dict(getattr(adata, name)) for name in ("obsm", "varm", "uns")}
    return AnnData(X=X, obs=adata.obs, var=adata.var, layers=matrices, **parts), True


def _is_numbers(table: Any) -> bool:
    return isinstance(table, np.ndarray) and table.ndim == 2 and table.dtype.kind in "fiu"


def _stamp(source: AnnData | Path) -> object:
    """Return what tells that a file, or the results in an AnnData, are still the same."""
    if isinstance(source, AnnData):
        tables = source.obsm, source.varm, source.uns
        # A view makes its values anew whenever it is asked for them.
        kept = [
            (key, source.is_view or id(value)) for table in tables for key, value in table.items()
        ]
        return source.shape, tuple(source.obs), kept
    try:
        facts = os.stat(source)
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


_COUNT = re.compile(rb"\d+ \d+\s*")
_WORD2VEC = re.compile(rb"\S+(?: -?\d*\.?\d+(?:[eE][-+]?\d+)?){3,}\s*")


def _holds_vectors(path: Path) -> bool:
    """Return whether a file is one of gene vectors, by its ending or its first lines.

    word2vec text begins with two whole numbers, or with a name and numbers between spaces.
    """
    if ".vec" in path.suffixes:
        return True
    if not path.is_file() or kind_of(path) != "text":
        return False
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            lines = [file.readline(1 << 16) for _ in range(2)]
    except (OSError, EOFError):
        return False
    if _COUNT.fullmatch(lines[0]):
        return True
    return all(_WORD2VEC.fullmatch(line) for line in lines)


def quantised(values: NDArray[np.float64]) -> tuple[NDArray[np.uint8], float, float]:
    """Return values as bytes between their least and their greatest, which are returned too.

    255 is a missing value, and 0 to 254 are steps of the range.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(len(values), 255, np.uint8), 0.0, 0.0
    low, high = float(values[finite].min()), float(values[finite].max())
    steps = np.zeros(len(values)) if high <= low else (values - low) / (high - low) * 254
    return np.where(finite, np.round(np.nan_to_num(steps)), 255).astype(np.uint8), low, high
