"""Samples a CPU second that `pp.bin_by_gene` bins, one by one and in batches, on one thread.

Simulated log values of 3000 reference samples x 20,000 genes, of which a third are zero; the panel
keeps 512 quantiles of each gene. Seconds are those of the processor, so that other processes matter
less. For comparison, the ranks of SciPy within the new samples and the reference together, which is
how the published method bins new samples.

    python -m benchmarks.bins [--rounds N]
    python -m benchmarks.bins --tiny    # only to see that it runs
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata

from benchmarks import report
from fe_anndata.kernels.bins import apply, fit_panel, survey

ZEROS = 1 / 3
BATCH, ALONE = 384, 50
BESIDE = 5
"""New samples that are ranked together with the reference."""


def values(n_obs: int, n_vars: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    X = draw.gamma(2.0, 1.0, (n_obs, n_vars)).astype(np.float32)
    X[draw.random(X.shape, dtype=np.float32) < ZEROS] = 0
    return X


def cpu(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("bins", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    n_reference, n_vars = (40, 60) if options.tiny else (3000, 20_000)
    reference, new = values(n_reference, n_vars, 0), values(BATCH, n_vars, 1)
    csr = sparse.csr_matrix(new)

    def blocks() -> list[tuple[slice, np.ndarray]]:
        return [(slice(0, n_reference), reference)]

    panel = fit_panel(blocks, survey(blocks, n_vars))
    few = min(n_vars, 500)
    calls: dict[str, tuple[int, Callable[[], object]]] = {
        "fitted": (n_reference, lambda: fit_panel(blocks, survey(blocks, n_vars))),
        "batch of 384": (BATCH, lambda: apply(panel, new)),
        "batch of 16": (16, lambda: apply(panel, new[:16])),
        "one by one": (ALONE, lambda: [apply(panel, new[i : i + 1]) for i in range(ALONE)]),
        "batch of 384, CSR": (BATCH, lambda: apply(panel, csr)),
        "ranked with the reference": (
            BESIDE, lambda: rankdata(np.vstack([reference, new[:BESIDE]])[:, :few], axis=0)
        ),
    }  # fmt: skip
    scale = {"ranked with the reference": n_vars / few}
    variants = {
        name: lambda call=call, n=n, name=name: n / cpu(call) / scale.get(name, 1)
        for name, (n, call) in calls.items()
    }
    rates = report.alternate(variants, options.rounds)
    table = pd.DataFrame({
        "samples": list(calls), "genes": n_vars, "panel": panel.points.max(),
        "samples a CPU second": rates.median().to_numpy(),
        "least": rates.min().to_numpy(), "most": rates.max().to_numpy(),
    })  # fmt: skip
    report.publish(options, table, f"medians of {options.rounds} rounds", decoder=report.NO_MODEL,
                   rounds=rates)  # fmt: skip


if __name__ == "__main__":
    main()
