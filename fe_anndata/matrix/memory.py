"""Whether the copies of a matrix that are made will fit into memory.

The answer is needed before they are made: a process that takes too much memory is ended by the
system, without a message.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
from scipy import sparse

if sys.platform != "win32":  # which has no such limits
    import resource

_GROUP, _OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Where Linux keeps the limits of containers and jobs, and which of them a process is in."""
_LAYOUTS = (
    ("0::", ".", ("max", "current"), "file"),
    (":memory:", "memory", ("limit_in_bytes", "usage_in_bytes"), "total_cache"),
)
"""Of both versions: the line of a process, the folder, and the names of limit, use and cache."""


def require_memory(X: Any, kept: float = 1.0) -> None:
    """Raise MemoryError if the copies that are made of `X` cannot fit into memory.

    Only whole copies of the matrix are counted. They are always made, so a matrix that is refused
    would have failed; one that is accepted may still be too large.

    Parameters
    ----------
    X
        The matrix of an AnnData: an array or a sparse matrix, in memory or in a file. A matrix in
        a file is loaded first.
    kept
        The share of the columns that are wanted, from 0 to 1.
    """
    needed, free = _bytes_of_copies(X, kept), available()
    if needed > free:
        raise MemoryError(
            f"a matrix of {X.shape[0]} samples x {X.shape[1]} genes needs at least "
            f"{needed / 1e9:.3g} GB more memory, and {free / 1e9:.3g} GB are free. Take the "
            "highly variable genes alone (sc.pp.highly_variable_genes), with adata = adata[:, "
            "adata.var['highly_variable']].to_memory(), or fewer samples: others can be placed "
            "with fe.tl.transform. A float32 array is used without a copy, and a matrix with many "
            "zeros takes less as scipy.sparse.csr_matrix."
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
    else:  # no kind of matrix whose values can be read; that has an error of its own
        return 0.0
    ready = in_order and X.dtype == np.float32
    copies = (not ready) + (kept if kept < 1 else 0)
    loaded = n * (X.dtype.itemsize + index) if in_file else 0
    return float(loaded + copies * n * (4 + index))


def available() -> float:
    """Return how many bytes this process can still take, swap included.

    That is what the host has free, or what the limits of a container, of a job or of the process
    itself (``ulimit -v`` and ``ulimit -d``) leave, if that is less.
    """
    free = float(psutil.virtual_memory().available + psutil.swap_memory().free)
    return max(0.0, min([free, *_left_by_groups(), *_left_by_process()]))


def _left_by_groups() -> Iterator[float]:
    """Yield what control groups of Linux leave, from that of the process to the outermost."""
    try:
        lines = _OWN_GROUP.read_text().splitlines()
    except OSError:
        lines = []
    for line, folder, names, cache in _LAYOUTS:
        own = Path(next((of.partition(f"{line}/")[2] for of in lines if f"{line}/" in of), ""))
        for group in (own, *own.parents):
            of = _GROUP / folder / group
            try:
                limit, used = (int((of / f"memory.{name}").read_text()) for name in names)
                statistics = dict(map(str.split, (of / "memory.stat").read_text().splitlines()))
                # Cached files count as used, but the system gives them up when memory is needed.
                yield limit - used + int(statistics[cache])
            except (OSError, KeyError, ValueError):  # no group, or no limit: "max"
                pass


def _left_by_process() -> Iterator[float]:
    """Yield what the limits of this process leave, where the system has such."""
    if sys.platform == "win32":
        return
    used = psutil.Process().memory_info()
    for limit, size in ((resource.RLIMIT_AS, "vms"), (resource.RLIMIT_DATA, "data")):
        most = resource.getrlimit(limit)[0]
        if most != resource.RLIM_INFINITY:
            yield most - getattr(used, size, 0)
