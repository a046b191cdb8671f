"""Do threads that wait for each other stall? Single steps while another process keeps a core busy.

python -m benchmarks.stalls [--steps N] [--rounds N]
python -m benchmarks.stalls --tiny    # only to see that it runs
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import matrices, ours, report

BUSY = "import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
VARIANTS: dict[str, dict[str, Any]] = {
    "inner": ours.JOINT,
    "concat, cpu kernel": {**ours.NETWORKS["concat"], "kernel_name": "cpu"},
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("stalls", __doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    X = matrices.dense(60, 400) if options.tiny else matrices.dense(1000, 10_000)
    n = 5 if options.tiny else options.steps

    def slowest(changes: dict[str, Any]) -> float:
        seconds = ours.durations(X, n, **changes)
        return float(seconds.max() / np.median(seconds))

    variants = {name: lambda c=changes: slowest(c) for name, changes in VARIANTS.items()}
    idle = report.alternate(variants, options.rounds)
    with busy_core():
        busy = report.alternate(variants, options.rounds, warm_up=False)
    table = pd.DataFrame(
        {"implementation": name, "decoder": VARIANTS[name]["decoder"], "samples": X.shape[0],
         "genes": X.shape[1], "dim": 2, "machine": label, "median": run[name].median(),
         "largest": run[name].max()}
        for name in variants
        for label, run in (("idle", idle), ("one core busy", busy))
    )  # fmt: skip
    report.publish(
        options,
        table,
        f"slowest of {n} steps / median step, in {options.rounds} alternating rounds",
        rounds=pd.concat([idle.assign(machine="idle"), busy.assign(machine="one core busy")]),
    )


if __name__ == "__main__":
    main()
