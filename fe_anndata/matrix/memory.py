"""Whether the copies of a matrix that training makes will fit into memory.

The answer is needed before they are made: a process that takes too much memory is ended by the
system, without a message.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
from scipy import sparse

_GROUP = Path("/sys/fs/cgroup")
"""Where Linux keeps the limits of a container."""


def require_memory(X: Any, kept: float = 1.0) -> None:
    """Raise MemoryError if the copies that training makes of `X` cannot fit into memory.

    Only whole copies of the matrix are counted. Training always makes them, so a matrix that is
    refused would have failed; one that is accepted may still be too large.

    Parameters
    ----------
    X
        The matrix of an AnnData: an array or a sparse matrix, in memory or in a file. A matrix in
        a file is loaded first.
    kept
        The share of the columns to train on, from 0 to 1.
    """
    needed, free = _bytes_of_copies(X, kept), available()
    if needed > free:
        raise MemoryError(
            f"training on a matrix of {X.shape[0]} samples x {X.shape[1]} genes needs at least "
            f"{needed / 1e9:.3g} GB more memory, and {free / 1e9:.3g} GB are free. Train on the "
            "highly variable genes (sc.pp.highly_variable_genes), with adata = adata[:, "
            "adata.var['highly_variable']].to_memory(), or train on some of the samples and place "
            "the others with fe.tl.transform. A float32 array is used without a copy, and a "
            "matrix with many zeros takes less as scipy.sparse.csr_matrix."
        )


def _bytes_of_copies(X: Any, kept: float) -> float:
    """Return the size of the copies of `X`: as loaded, as float32, and of the kept columns."""
    group = getattr(X, "group", None)  # a sparse matrix in a file, as anndata opens it
    in_file = group is not None or isinstance(X, h5py.Dataset)
    if group is not None or sparse.issparse(X):
        n = X.nnz if group is None else group["data"].shape[0]
        index, in_order = 4, X.format == "csr"
    elif in_file or isinstance(X, np.ndarray):
        n, index, in_order = X.size, 0, in_file or X.flags.c_contiguous
    else:  # no kind of matrix that can be trained on; that has an error of its own
        return 0.0
    ready = in_order and X.dtype == np.float32
    copies = (not ready) + (kept if kept < 1 else 0)
    loaded = n * (X.dtype.itemsize + index) if in_file else 0
    return float(loaded + copies * n * (4 + index))


def available() -> float:
    """Return how many bytes this process can still take, swap included.

    That is what the host has free, or what a container's limit leaves, if that is less.
    """
    free = float(psutil.virtual_memory().available + psutil.swap_memory().free)
    try:
        limit, used = (int((_GROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        statistics = dict(map(str.split, (_GROUP / "memory.stat").read_text().splitlines()))
        # Cached files count as used, but the system gives them up when memory is needed.
        free = min(free, limit - used + int(statistics["file"]))
    except (OSError, KeyError, ValueError):  # no container, or no limit: "max"
        pass
    return free
