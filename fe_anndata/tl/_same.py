"""Whether several processes were given the same, before they begin to train together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .. import __version__
from .._access.files import Source
from .._access.inputs import stored
from .._core import processes
from ..models.options import Options
from ..store.checkpoint import Checkpoint
from ._run import Asked, digests

ROWS = 4
"""Samples, evenly spaced, whose values are compared."""


def require_same(source: Source, asked: Asked, key: str, where: Checkpoint | None) -> None:
    """Raise ValueError if other processes were given other data, options or a checkpoint."""
    if processes.number() == 1:
        return
    adata = source.adata
    names = digests(adata, np.ones(adata.n_vars, dtype=bool))
    columns = [*(asked.batch_key or ()), asked.labels_key, *(asked.factors or ())]
    obs = [str(adata.obs.get(name, np.empty(0)).tolist()) for name in columns if name]
    mask = asked.mask_var
    var = str(adata.var[mask].tolist()) if isinstance(mask, str) and mask in adata.var else ""
    processes.require_same(
        {
            "samples": names["samples"],
            "genes": names["genes"],
            "values": _values(source, asked.layer),
            "columns of obs or var": _digest(str([*obs, var]).encode()),
            "options": _digest(str([key, _said(vars(asked))]).encode()),
            "checkpoints": "none" if where is None else f"run {where.mark}",
            "versions of fe_anndata": __version__,
        }
    )


def _values(source: Source, layer: str | None) -> str:
    """Return what tells a matrix from others, by a few of its rows."""
    X = stored(source, layer).X
    said = [str(X.shape), str(X.dtype)]
    if getattr(X, "format", "csr") == "csr":  # others are slow to slice
        for row in np.unique(np.linspace(0, len(source.adata) - 1, ROWS).astype(int)).tolist():
            values = X[row : row + 1]
            values = values.compute() if hasattr(values, "compute") else values
            values = values.toarray() if sparse.issparse(values) else values
            said.append(_digest(np.asarray(values).tobytes()))
    return str(said)


def _said(value: Any) -> str:
    """Return what tells a value from others, of the kinds that options have."""
    if isinstance(value, Options):
        return _said(value.chosen())
    if isinstance(value, Mapping):
        return str({str(name): _said(of) for name, of in value.items()})
    if isinstance(value, np.ndarray):
        return f"{value.shape} {_digest(np.ascontiguousarray(value).tobytes())}"
    if isinstance(value, str | int | float | bool | None):
        return repr(value)
    if isinstance(value, Sequence):
        return str([_said(of) for of in value])
    return type(value).__name__


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
