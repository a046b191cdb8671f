"""Is there memory for a copy of the matrix? Asked before: later the system ends the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from anndata.abc import CSCDataset, CSRDataset
from h5py import Dataset
from scipy import sparse

_HOST, _GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def require_memory(X: Any, kept: float = 1.0) -> None:
    """Raise MemoryError if what is to be made of `X` cannot fit; a file is loaded first.

    Counted are whole copies of the matrix, which are certain, and nothing else: a matrix that does
    not fit with these alone is refused, one that does may still turn out to be too large.

    Parameters
    ----------
    X
        What AnnData holds: an array, a sparse matrix, or one of them in a file.
    kept
        Share of the columns to train on.
    """
    needed, left = _copies(X, kept), available()
    if needed > left:
        raise MemoryError(
            f"a matrix of {X.shape[0]} samples x {X.shape[1]} genes needs at least "
            f"{needed / 1e9:.3g} GB to be trained on, beside what is in memory now, and "
            f"{left / 1e9:.3g} GB are left. Train on the genes that vary (sc.pp.highly_variable_"
            "genes), as in adata = adata[:, adata.var['highly_variable']].to_memory(), or on some "
            "of the samples, and place the others with fe.tl.transform; a float32 array is used "
            "without a copy, and where most values are zero, scipy.sparse.csr_matrix takes less."
        )


def _copies(X: Any, kept: float) -> float:
    """Return the bytes of the copies of `X`: as loaded, in float32, of some genes."""
    in_file = isinstance(X, (Dataset, CSRDataset, CSCDataset))
    if isinstance(X, (CSRDataset, CSCDataset)):
        n, index, ready = X.group["data"].shape[0], 4, isinstance(X, CSRDataset)
    elif sparse.issparse(X):
        n, index, ready = X.nnz, 4, X.format == "csr"
    elif isinstance(X, (np.ndarray, Dataset)):
        n, index, ready = X.size, 0, in_file or X.flags.c_contiguous
    else:  # refused for what it is
        return 0.0
    ready = ready and X.dtype == np.float32
    copies = (not ready) + (kept if kept < 1 else 0)
    loaded = n * (X.dtype.itemsize + index) if in_file else 0
    return float(loaded + copies * n * (4 + index))


def available() -> float:
    """Return the bytes that this process may still take; infinite where the system does not say.

    Linux alone says what it could free. Swap counts: slow is not impossible.
    """
    left = float("inf")
    try:
        host = _numbers(_HOST)
        left = 1024.0 * (host["MemAvailable:"] + host["SwapFree:"])
        # A container's limit. It counts the files it has read, which are given up when needed.
        limit, used = (int((_GROUP / f"memory.{x}").read_text()) for x in ("max", "current"))
        left = min(left, limit - used + _numbers(_GROUP / "memory.stat")["file"])
    except (OSError, KeyError, ValueError):  # no such file or entry, or no limit: "max"
        pass
    return left


def _numbers(path: Path) -> dict[str, int]:
    """Return the second word of each line, by the first."""
    return {
        words[0]: int(words[1]) for line in path.read_text().splitlines() if (words := line.split())
    }
