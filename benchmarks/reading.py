"""How long fe.io.read takes for text, and how much memory, beside pandas.read_csv.

The table is written first, 1,000 samples x 20,000 genes of three decimals, both ways round; each
reader reads it in a fresh process, which holds the imports before. The bars: 10 seconds, and twice
the matrix.

    python -m benchmarks.reading [--rounds N]
    python -m benchmarks.reading --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import fe_anndata as fe
from benchmarks import report
from benchmarks.processes import MB, Worker

SHAPE, TINY = (1000, 20_000), (30, 50)


def write(path: str, rows: Sequence[str], columns: Sequence[str], seed: int = 0) -> None:
    """Write a table of numbers with three decimals, row by row."""
    draw = np.random.default_rng(seed)
    with Path(path).open("w") as file:
        file.write("\t".join(["", *columns]) + "\n")
        for row in rows:
            values = draw.gamma(0.3, 30, len(columns)).round(3)
            file.write("\t".join([row, *map(str, values.tolist())]) + "\n")


def read(path: str, reader: str) -> float:
    """In a worker: read a table; return the seconds."""
    started = time.perf_counter()
    if reader == "fe.io.read":
        fe.io.read(path, progress=False)
    else:
        pd.read_csv(path, sep="\t", index_col=0)
    return time.perf_counter() - started


def measure(path: str, reader: str, warm: str) -> tuple[float, float]:
    """Read in a fresh process; return seconds, and the peak in MB beyond what it held before."""
    with Worker("reading") as worker:
        worker.ask("read", warm, reader)
        baseline = worker.resident()
        seconds = float(worker.ask("read", path, reader))
        return seconds, worker.peak() - baseline


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("reading", __doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    n_obs, n_vars = TINY if options.tiny else SHAPE
    samples = [f"SRR{k:07d}" for k in range(n_obs)]
    genes = [f"ENSG{k:011d}" for k in range(n_vars)]
    records = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: f"{folder}/{name}.tsv" for name in ("samples", "genes", "warm")}
        write(paths["samples"], samples, genes)
        write(paths["genes"], genes, samples)
        write(paths["warm"], samples[:9], genes[:9])
        for rows in ("samples", "genes"):
            found = {
                reader: [measure(paths[rows], reader, paths["warm"]) for _ in range(options.rounds)]
                for reader in ("fe.io.read", "pandas.read_csv")
            }
            matrix = n_obs * n_vars * 4 / MB
            for reader, runs in found.items():
                seconds, peak = np.median(np.array(runs), axis=0)
                records.append({
                    "rows are": rows, "reader": reader, "samples": n_obs, "genes": n_vars,
                    "seconds": seconds, "peak, MB": peak, "matrix, MB": matrix,
                    "peak / matrix": peak / matrix,
                })  # fmt: skip
    title = f"reading a table of text, medians of {options.rounds} rounds, each in a fresh process"
    report.publish(options, pd.DataFrame(records), title, decoder="none")


if __name__ == "__main__":
    main()
