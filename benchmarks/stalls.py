"""Do threads that wait for each other stall? Single steps while another process keeps a core busy.

python -m benchmarks.stalls [--steps N] [--rounds N]
python -m benchmarks.stalls --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import matrices, ours, report
from benchmarks.speed import NETWORKS

BUSY = "import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
VARIANTS: dict[str, dict[str, Any]] = {
    "inner": ours.JOINT,
    "concat, cpu kernel": {**NETWORKS["concat"], "kernel_name": "cpu"},
}


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one of our cores busy."""
    core = min(os.sched_getaffinity(0))
    process = subprocess.Popen([sys.executable, "-c", BUSY.format(core=core)])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def durations(X: np.ndarray, n: int, changes: dict[str, Any]) -> np.ndarray:
    """Return the seconds of each step, but for a constant factor."""
    return np.array(
        [1 / record["cells_per_second"] for record in ours.steps(X, 1, n, **changes)[1:]]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    options = parser.parse_args(arguments)
    X = matrices.dense(60, 400) if options.tiny else matrices.dense(1000, 10_000)
    n = 5 if options.tiny else options.steps

    def slowest(changes: dict[str, Any]) -> float:
        seconds = durations(X, n, changes)
        return float(seconds.max() / np.median(seconds))

    variants = {name: lambda c=changes: slowest(c) for name, changes in VARIANTS.items()}
    idle = report.alternate(variants, options.rounds)
    with busy_core():
        busy = report.alternate(variants, options.rounds, warm_up=False)
    table = pd.DataFrame(
        {"implementation": name, "machine": label, "median": run[name].median(),
         "largest": run[name].max()}
        for name in variants
        for label, run in (("idle", idle), ("one core busy", busy))
    )  # fmt: skip
    report.publish(
        "stalls",
        table,
        f"slowest of {n} steps / median step, in {options.rounds} alternating rounds",
        idle=idle,
        busy=busy,
    )


if __name__ == "__main__":
    main()
