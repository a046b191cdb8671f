"""The sweep of the thesis: length of gene vectors against weight of squares, in two dimensions.

All 30 combinations with the decoder and the recipe of the thesis, by `tl.sweep` as it is by
default: on tiles, for fewer epochs, with held-out entries. The data are TCGA, eleven types of
cancer with the normal tissue beside, brought to log10(x + 1); patients are not divided. Accuracy is
that of 15 neighbours: of new samples, a fifth, which were placed, and of samples that were fitted
to. Beside them stands what the thesis reports of its own data, 33 types of cancer, fitted, and read
off by a small network.

Seconds are those of the trainings and placings in the table; CPU seconds those of the whole call,
None if some of it was done before. A folder keeps what is complete, so that a killed run goes on,
and the two figures.

Less than 20 minutes on two cores that do nothing else.

    python -m benchmarks.sweep [--folder FOLDER]
    python -m benchmarks.sweep --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts, report

OFFSET = 0.25
"""The matrix is log2 of this and expression."""
TINY = {"gene_dim": [10, 25], "l2": [0.0, 1e-5]}
THESIS_ACCURACY = {
    10: (0.6108, 0.6841, 0.5689, 0.3603, 0.2033),
    25: (0.7333, 0.6991, 0.6339, 0.3749, 0.2136),
    50: (0.7753, 0.7601, 0.6393, 0.3977, 0.2120),
    75: (0.7955, 0.7345, 0.6355, 0.3849, 0.2153),
    100: (0.7908, 0.7700, 0.6397, 0.3843, 0.2169),
    1000: (0.7536, 0.7548, 0.6302, 0.3802, 0.1960),
}
"""Of fitted samples, 33 types, by gene_dim; by l2 in the order of THESIS_SPREAD."""
THESIS_SPREAD = {
    0.0: "1.9 to 2.3", 1e-8: "1.48 to 1.58", 1e-7: "0.80 to 0.88", 1e-6: "0.37 to 0.40",
    1e-5: "0.17 to 0.19",
}  # fmt: skip
"""Of its cloud, the pooled standard deviation, by l2; nearly the same for any gene_dim."""


def tcga() -> AnnData:
    """Return the cohort in the units of the thesis, log10(x + 1)."""
    adata = cohorts.load("tcga")
    expression = np.maximum(np.exp2(adata.X.astype(np.float64)) - OFFSET, 0)
    adata.X = np.log10(expression + 1).astype(np.float32)
    return adata


def run(options: argparse.Namespace, folder: Path) -> tuple[fe.tl.Sweep, float | None]:
    """Return the sweep, and the CPU seconds it took, None if a part of it was there."""
    checkpoint = folder / "checkpoint"
    is_new, begun = not checkpoint.exists(), time.process_time()
    if options.tiny:
        adata, label, grid, more = fe.datasets.simulated(80, 40, 3), "group", TINY, {"epochs": 2}
    else:
        adata, label, grid, more = tcga(), "cancer_type", None, {"groups": "patient"}
    found = fe.tl.sweep(adata, grid, label=label, checkpoint=checkpoint, **more)
    return found, time.process_time() - begun if is_new else None


def draw(found: fe.tl.Sweep, color: str, folder: Path) -> None:
    """Save both figures."""
    for kind, given in (("density", {}), ("scatter", {"color": color})):
        axes = fe.pl.sweep(found, kind, **given, show=False)
        axes[0, 0].figure.savefig(folder / f"sweep_{kind}.png", dpi=150)


def table(found: fe.tl.Sweep) -> pd.DataFrame:
    """Return the table of the sweep, beside what the thesis reports of other data."""
    beside: list[dict[str, Any]] = []
    for gene_dim, l2 in found.table[["gene_dim", "l2"]].itertuples(index=False):
        by_l2 = dict(zip(THESIS_SPREAD, THESIS_ACCURACY.get(gene_dim, ()), strict=False))
        beside.append(
            {"thesis accuracy_fitted": by_l2.get(l2), "thesis spread": THESIS_SPREAD.get(l2)}
        )
    return pd.concat([found.table, pd.DataFrame(beside)], axis=1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("sweep", __doc__)
    parser.add_argument("--folder", type=Path, help="for the checkpoint and the figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if options.folder is None else options.folder
        found, cpu_seconds = run(options, folder)
        draw(found, "group" if options.tiny else "cancer_type", folder)
    seconds = float(found.table[["seconds_fit", "seconds_new"]].sum().sum())
    report.publish(
        options,
        table(found),
        "mean squared errors in log10(x + 1); accuracy of 15 neighbours in two dimensions",
        **{"seconds of all": round(seconds), "CPU seconds of all": cpu_seconds},
    )


if __name__ == "__main__":
    main()
