"""What the training of Exceiver costs: the time of whole calls, and peak memory, of workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import numpy as np
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe
from benchmarks import exceiver_cells, matrices
from benchmarks.processes import Worker

_kept: list[AnnData] = []


def count_blocks(
    samples: int, genes: int, share: float, rows: int = 1000, seed: int = 0
) -> Iterator[sparse.csr_matrix]:
    """Yield Poisson counts of shares that are exp(low rank); about `share` of them are not 0."""
    rng = np.random.default_rng(seed)
    programmes = rng.standard_normal((matrices.FACTORS, genes), dtype=np.float32) / 2
    level = 0.0
    for first in range(0, samples, rows):
        n = min(rows, samples - first)
        rates = np.exp(rng.standard_normal((n, matrices.FACTORS), dtype=np.float32) @ programmes)
        rates *= rng.gamma(5, 0.2, (n, 1)) / rates.sum(1, keepdims=True)
        level = level or _level(rates, share)
        yield sparse.csr_matrix(rng.poisson(rates * level), dtype=np.float32)


def _level(rates: np.ndarray, share: float) -> float:
    """Return what rates are multiplied with so that such a share of the counts is not 0."""
    least, most = 1.0, 1e9
    for _ in range(60):
        middle = (least * most) ** 0.5
        if -np.expm1(-middle * rates).mean() < share:
            least = middle
        else:
            most = middle
    return middle


class _Heard(logging.Handler):
    """Keeps what is logged before a training."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def prepare(name: str, samples: int, genes: int, share: float, threads: int) -> float:
    """In a worker: train on a few cells, so that all is loaded, and make or read the data.

    Returns its density.
    """
    fe.settings.threads = threads
    fe.tl.train(exceiver_cells.simulated(), "exceiver", steps=2, progress=False)
    if name == "simulated":
        adata = AnnData(sparse.vstack(list(count_blocks(samples, genes, share)), "csr"))
    else:
        adata = exceiver_cells.cells(name)
    _kept[:] = [adata]
    return float(adata.X.nnz / np.prod(adata.shape))


def call(steps: int | None, minibatch_size: int) -> tuple[float, str]:
    """In a worker: train on what was prepared; return wall seconds, and the estimate in words."""
    heard = _Heard()
    logger = logging.getLogger("fe_anndata")
    fe.settings.verbosity()
    logger.addHandler(heard)
    started = time.perf_counter()
    fe.tl.train(
        _kept[0], "exceiver", progress=False, steps="auto" if steps is None else steps,
        minibatch_size=minibatch_size,
    )  # fmt: skip
    taken = time.perf_counter() - started
    logger.removeHandler(heard)
    return taken, next(said for said in heard.said if "will take" in said)


def measure(
    name: str, steps: int | None, threads: int, samples: int = 0, genes: int = 0, share: float = 0
) -> dict[str, float | str]:
    """Train in a fresh process; return seconds, the estimate, and the peak above the data, MB."""
    with Worker("exceiver_cost") as worker:
        density = worker.ask("prepare", name, samples, genes, share, threads)
        before = worker.resident()
        worker.forget_peak()
        seconds, estimate = worker.ask("call", steps, 64)
        peak = worker.peak()
    print(f"  {name}: {estimate}", flush=True)
    return {
        "seconds": seconds, "estimate": estimate, "density": density, "before": before,
        "peak": peak, "above": peak - before,
    }  # fmt: skip
