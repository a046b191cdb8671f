"""Peak memory of tl.train, read from outside the process.

A fresh process imports everything and trains on a tiny matrix; what it holds then is the baseline.
It makes the matrix, without a peak of its own, and trains: the kernel's record of its peak, less
the baseline, is what the matrix and the training took together. The bars: 1.3 times the input and
200 MB for a dense matrix; a third of the dense size for a sparse one.

    python -m benchmarks.memory [--rounds N]
    python -m benchmarks.memory --tiny    # only to see that it runs
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import matrices, report
from benchmarks.processes import MB, Worker

SIZES = {"dense": (3000, 20_000), "csr": (20_000, 5_000)}
TINY = {"dense": (200, 300), "csr": (300, 200)}
STEPS = {"inner": None, "concat": 300}
"""At most so many steps; None for those of the recipe."""


def train(kind: str, samples: int, genes: int, decoder: str, steps: int | None) -> float:
    """In a worker: make a matrix and train on it; return the size of the matrix in MB."""
    make = matrices.dense if kind == "dense" else matrices.csr
    adata = AnnData(make(samples, genes))
    fe.tl.train(adata, decoder=decoder, steps=steps, progress=False)
    X = adata.X
    parts = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]
    return sum(part.nbytes for part in parts) / MB


def measure(kind: str, shape: tuple[int, int], decoder: str) -> dict[str, object]:
    """Train in a fresh process; return what it took, in MB."""
    with Worker("memory") as worker:
        worker.ask("train", kind, 200, 100, decoder, 10)
        baseline = worker.resident()
        matrix = worker.ask("train", kind, *shape, decoder, STEPS[decoder])
        peak = worker.peak() - baseline
    dense = shape[0] * shape[1] * 4 / MB
    bar = 1.3 * matrix + 200 if kind == "dense" else dense / 3
    return {
        "matrix": kind, "samples": shape[0], "genes": shape[1], "decoder": decoder, "dim": 2,
        "matrix, MB": matrix, "baseline, MB": baseline, "peak, MB": peak,
        "/ matrix": peak / matrix, "/ dense": peak / dense, "bar, MB": bar,
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("memory", __doc__)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(arguments)
    sizes = TINY if options.tiny else SIZES
    decoders = ["inner"] if options.tiny else list(STEPS)
    print("about 2 minutes a round", flush=True)
    rounds = pd.DataFrame(
        measure(kind, shape, decoder)
        for _ in range(options.rounds)
        for kind, shape in sizes.items()
        for decoder in decoders
    )
    keys = ["matrix", "samples", "genes", "decoder"]
    table = rounds.groupby(keys, as_index=False, sort=False).max()
    table["within"] = table["peak, MB"] <= table["bar, MB"]
    report.publish(
        options,
        table,
        f"peak memory of tl.train in a fresh process, the largest of {options.rounds}; "
        f"concat: at most {STEPS['concat']} steps",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
