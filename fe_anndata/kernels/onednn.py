"""Which library multiplies for torch, on processors where that makes a difference.

Products of float32 are those of MKL, which keeps to AVX2 on processors of AMD. oneDNN, which is a
part of torch too, takes AVX-512 there, and needs half the time. torch hands float32 to it where
bf16 is allowed to be taken inside; oneDNN takes it only by AMX, which these processors do not
have, and so products are as exact as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

import torch
from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

_of_torch: Any = torch.backends.mkldnn
_lock = Lock()
_inside: list[str] = []
"""The setting as it was when the first of the blocks that are open now began."""


@lru_cache(1)
def is_faster() -> bool:
    """Return whether this processor is one of AMD with AVX-512 and without AMX."""
    try:
        features = get_host_cpu_features()
    except RuntimeError:  # llvmlite does not know this processor
        return False
    vectors = features.get("avx512f", False) and not features.get("amx-tile", False)
    is_of_amd = get_host_cpu_name().startswith("znver")
    return bool(vectors and is_of_amd and _of_torch.is_available())


@contextmanager
def onednn() -> Iterator[None]:
    """Let oneDNN multiply within this block, where it is faster; also for other threads."""
    if not is_faster():
        yield
        return
    of_torch = _of_torch.matmul
    with _lock:
        _inside.append(_inside[0] if _inside else of_torch.fp32_precision)
        of_torch.fp32_precision = "bf16"
    try:
        yield
    finally:
        with _lock:
            before = _inside.pop()
            if not _inside:
                of_torch.fp32_precision = before
