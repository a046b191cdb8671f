"""What verbs take from an AnnData, checked: matrices and names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np
from anndata import AnnData
from anndata.abc import CSCDataset, CSRDataset
from scipy import sparse

from .._core import processes
from .._core.random import ranks
from ..matrix.audit import Audit, audit
from ..matrix.memory import require_memory
from ..matrix.names import require_names, require_unique
from ..matrix.normalize import STEPS, Normalize, Step, normalized
from ..matrix.rows import ByBlocks, InMemory, Rows, stored_values
from ..matrix.sound import require_sound, require_sound_pointers
from ..matrix.trainable import (
    require_observed,
    require_one_unit,
    require_size,
    require_trainable,
)
from ..matrix.values import Values, as_values, rows_of_csr
from ..training.ranks import Ranks
from .files import Source, opened

SAME = 1e-4
"""Of the root of the sum of squares: a mark differs by less where values are the same."""
SMALL = 64 << 20
"""A matrix of up to so many bytes is read at once, wherever it is."""


def require_anndata(adata: Any) -> None:
    """Raise TypeError if `adata` is not an AnnData."""
    if not isinstance(adata, AnnData):
        raise TypeError(
            f"expected an AnnData, not {type(adata).__name__}; read a file with "
            "fe.io.read_h5ad(path)."
        )


@dataclass(frozen=True)
class Stored:
    """X or a layer of an AnnData as it is, in memory or in a file.

    Attributes
    ----------
    X
        The matrix. The indices of a sparse one in memory have been checked, and the pointers of
        one in a file, so that it may be sliced.
    name
        What messages call it.
    step
        What is done to its values before they are used, if anything.
    """

    X: Any
    name: str
    step: Step | None = None


def stored(source: Source, layer: str | None, normalize: str | None = None) -> Stored:
    """Return X or a layer, which may be sliced, and by `normalize` what is done to its values.

    Raises
    ------
    KeyError, ValueError
        If there is none, it has another shape than the AnnData, or its indices are damaged.
    """
    adata = source.adata
    of = "X" if layer is None else f"layers[{layer!r}]"
    name = f"adata.{of}" if source.path is None else f"{of} of {source.path}"
    X = _of_view(adata, layer, name) if adata.is_view else source.matrix(layer)
    X = source.matrix(layer) if X is None else X
    if tuple(X.shape) != adata.shape:
        raise ValueError(
            f"{name} has shape {tuple(X.shape)}, but there are {adata.n_obs} samples and "
            f"{adata.n_vars} genes."
        )
    return Stored(_sliceable(X, name), name, None if normalize is None else STEPS[normalize])


def matrix(adata: AnnData, layer: str | None, normalize: str | None = None) -> Stored:
    """Return X or a layer of an AnnData, as :func:`stored` does."""
    with opened(adata) as source:
        return stored(source, layer, normalize)


def raw_matrix(adata: AnnData) -> Stored:
    """Return the matrix of ``adata.raw``, which may be sliced."""
    X, name = adata.raw.X, "adata.raw.X"
    if X.shape != adata.raw.shape:
        raise ValueError(f"{name} has shape {X.shape}, not {adata.raw.shape}.")
    return Stored(_sliceable(X, name), name)


def expression(adata: AnnData, layer: str | None) -> Values:
    """Return X or a layer as float32 array or CSR matrix, in memory."""
    found = matrix(adata, layer)
    return as_values(found.X, found.name)


def _of_view(adata: AnnData, layer: str | None, name: str) -> Any:
    """Check what a view of an AnnData is cut from; return the matrix if the view would spoil it.

    Anndata cuts it by indices that nobody has checked, and forgets what is masked.
    """
    whole = adata._adata_ref  # there is no public way to what a view is of, nor to which part
    closed = whole.isbacked and not whole.file.is_open
    if closed or (layer is not None and layer not in whole.layers):
        return None  # the view has an error of its own
    X = whole.X if layer is None else whole.layers[layer]
    if isinstance(X, np.ma.MaskedArray):
        return X[adata._oidx][:, adata._vidx]
    X = _sliceable(X, name)
    if isinstance(X, CSCDataset):
        require_sound(X.to_memory(), name)
    elif is_by_blocks(X) and ByBlocks(X).is_sparse:
        for _ in ByBlocks(X, name=name).blocks():  # each is checked when it is read
            pass
    return None


def _sliceable(X: Any, name: str) -> Any:
    """Return a matrix, after what can be checked at once of its indices; of dask, checked later."""
    if sparse.issparse(X):
        require_sound(X, name)
    elif isinstance(X, CSRDataset | CSCDataset):
        require_sound_pointers(X, name)
    elif sparse.issparse(getattr(X, "_meta", None)):
        # Before dask cuts blocks: what scipy cuts from a damaged one may look sound.
        return X.map_blocks(_sound_block, name, dtype=X.dtype, meta=X._meta)
    return X


def _sound_block(block: Any, name: str, block_info: Any = None) -> Any:
    first = block_info[0]["array-location"][0][0] if block_info else 0
    require_sound(block, name, first)
    return block


def rows_of(stored: Stored, columns: np.ndarray | None = None) -> Rows:
    """Return the rows of a matrix, in memory or by blocks; those of this process, if others share.

    Parameters
    ----------
    stored
        What an AnnData or its file holds.
    columns
        Numbers of the columns that are wanted, all by default.

    Raises
    ------
    TypeError
        If it is nothing whose values can be read.
    ValueError
        If the indices of a sparse matrix are damaged.
    MemoryError
        If it takes copies for which there is no memory.
    """
    X, name = stored.X, stored.name
    if isinstance(X, CSCDataset):  # whose rows cannot be read without all of it
        require_memory(X)
        X = X.to_memory()
    if is_by_blocks(X):
        _require_numbers(X, name)
        own = processes.part(int(X.shape[0]))
        by_blocks = ByBlocks(X, columns, name, stored.step, own)
        share = by_blocks.shape[0] / max(int(X.shape[0]), 1)
        small = stored_values(X) * 8 * share <= SMALL
        return by_blocks.load() if small else by_blocks
    X, first = _own_rows(X)
    kept = 1.0 if columns is None else len(columns) / max(X.shape[1], 1)
    require_memory(X, kept=kept)
    values = as_values(X, name, first)
    if stored.step is not None:
        values = normalized(values, stored.step, columns)
    elif columns is not None:
        values = values[:, columns]
    whole = np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values
    return InMemory(whole, first)


def _own_rows(X: Any) -> tuple[Any, int]:
    """Return the rows of this process, of a matrix in memory, and the number of the first."""
    own = processes.part(int(X.shape[0]))
    if own.stop - own.start == X.shape[0]:
        return X, 0
    is_csr = isinstance(X, sparse.csr_matrix | sparse.csr_array)
    return rows_of_csr(X, own) if is_csr and X.has_canonical_format else X[own], own.start


def is_by_blocks(X: Any) -> bool:
    """Return whether a matrix is in a file, or of dask."""
    if isinstance(X, h5py.Dataset | CSRDataset):
        return True
    # A view of AnnData is of a class of its own, made from that of the array.
    return any(of.__module__.split(".")[0] in ("dask", "zarr") for of in type(X).__mro__)


def _require_numbers(X: Any, name: str) -> None:
    if X.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {X.dtype} values; it must be numeric.")


@dataclass(frozen=True)
class Trainable:
    """What is trained on.

    Attributes
    ----------
    rows, audit
        The values of the trained genes, and what is known of them.
    trained
        Which genes they are, bool (n_vars,): those that were asked for and have an observed value.
    normalize
        The name of the step that the values went through; None if they are as they are stored.
    """

    rows: Rows
    audit: Audit
    trained: np.ndarray
    normalize: str | None


def trainable(
    source: Source,
    layer: str | None,
    mask: np.ndarray,
    normalize: Normalize,
    step_of: Callable[[Audit], str | None],
) -> Trainable:
    """Return what there is to train on.

    Parameters
    ----------
    source, layer
        Where it is.
    mask
        The genes that are wanted, bool (n_vars,).
    normalize
        What is done to the values; for ``"auto"`` what `step_of` says of them.

    Raises
    ------
    ValueError
        If the matrix cannot be trained on, or a sample has no observed value.
    MemoryError
        If it takes copies for which there is no memory.
    """
    adata = source.adata
    require_size((adata.n_obs, int(mask.sum())))
    require_names(adata.var_names, "gene", "adata.var_names")
    require_names(adata.obs_names, "sample", "adata.obs_names")
    require_unique(adata.var_names[mask])
    names = adata.var_names[mask], adata.obs_names
    columns = None if mask.all() else np.flatnonzero(mask)
    values = stored(source, layer, None if normalize == "auto" else normalize)
    rows = rows_of(values, columns)
    found = audit(rows)
    if normalize == "auto":
        require_observed(found, rows, *names)
        require_one_unit(found.mixed, adata.obs_names)
        name = step_of(found)
        if name is not None:
            values = replace(values, step=STEPS[name])
            rows = rows_of(values, columns)
            found = audit(rows)
    require_trainable(found, rows, *names)
    observed = found.observed > 0
    if not observed.all():
        mask = mask.copy()
        mask[mask] = observed
        rows = rows.columns_at(np.flatnonzero(observed))
        found = found.of_genes(observed)
    return Trainable(rows, found, mask, None if values.step is None else values.step.name)


def require_same_values(found: Audit, known: Mapping[str, Any]) -> None:
    """Raise ValueError if the observed values are not those of which `known` was written."""
    if not np.isclose(found.total, known["sum"], rtol=1e-6) or not same_places(found, known):
        raise ValueError(
            "the values are not those that were trained on: the matrix was changed since. Train "
            "again, or bring the values back."
        )


def same_places(found: Audit, known: Mapping[str, Any]) -> bool:
    """Return whether values stand where they stood; True if `known` does not say where."""
    mark = known.get("mark", found.mark)
    return bool(abs(found.mark - mark) <= SAME * found.squares**0.5)


def ranks_of(adata: AnnData, trained: np.ndarray) -> Ranks:
    """Return the ranks of the sample names and of the names of the trained genes."""
    return Ranks(
        ranks(adata.obs_names.to_numpy(dtype=str)),
        ranks(adata.var_names[trained].to_numpy(dtype=str)),
    )


def as_table(table: Any) -> np.ndarray:
    """Return an entry of obsm or varm as an array."""
    if sparse.issparse(table):
        require_sound(table, "the table")
    found: np.ndarray = np.asarray(table.toarray() if sparse.issparse(table) else table)
    return found
