"""The default call of this checkout and of another, in turn: `benchmarks.calls --against FOLDER`.

Each checkout has a process of its own per matrix, which stays alive, so that both are warm; whole
calls alternate, and who goes first changes from round to round. Peaks are those of the calls,
above what the process held after it had trained on a tiny matrix; the matrix, which both need, is
in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import report
from benchmarks.processes import HERE, Worker

_loaded: dict[str, Any] = {}
"""In a worker: the matrix of all its calls."""


def load(name: str) -> str:
    """In a worker: load what the next calls train on, and return its size."""
    from benchmarks import calls

    _loaded["adata"] = calls.load(name)
    return "{} x {}".format(*_loaded["adata"].shape)


def call(dim: int) -> float:
    """In a worker: return the seconds of a whole call."""
    from benchmarks import calls

    return report.seconds(lambda: calls.train(_loaded["adata"], dim))


def settle(worker: Worker, dims: Sequence[int]) -> float:
    """Let it import and compile what a training needs; return what it then holds, in MB."""
    worker.ask("load", "tiny")
    for dim in dims:
        worker.ask("call", dim)
    return worker.resident()


def measure(worker: Worker, baseline: float, dim: int) -> dict[str, float]:
    """Return seconds, and the peak in MB, of one call."""
    worker.forget_peak()
    seconds = worker.ask("call", dim)
    return {"seconds": seconds, "peak, MB": worker.peak() - baseline}


def compare(against: Path, data: Sequence[str], dims: Sequence[int], rounds: int) -> None:
    """Print medians of both checkouts, and their ratios."""
    checkouts = {"here": HERE, "there": against}
    for name in data:
        workers = {label: Worker("two_checkouts", folder) for label, folder in checkouts.items()}
        try:
            print(f"\n{name}, {_alternate(workers, name, dims, rounds).to_string(index=False)}")
        finally:
            for worker in workers.values():
                worker.close()


def _alternate(
    workers: dict[str, Worker], name: str, dims: Sequence[int], rounds: int
) -> pd.DataFrame:
    """Return a line per dimension and quantity, of one matrix."""
    baselines = {label: settle(worker, dims) for label, worker in workers.items()}
    (size,) = {worker.ask("load", name) for worker in workers.values()}
    lines = []
    for dim in dims:
        measured: list[dict[str, Any]] = []
        for number in range(rounds + 1):
            for label in sorted(workers, reverse=number % 2 == 1):
                of_call = measure(workers[label], baselines[label], dim)
                print(f"  {name}, {dim}-D, round {number}, {label}: {of_call}", flush=True)
                if number:  # the first round compiles and loads
                    measured.append({"checkout": label, **of_call})
        medians = pd.DataFrame(measured).groupby("checkout").median()
        for quantity, of_both in medians.items():
            here, there = of_both["here"], of_both["there"]
            lines.append({
                "matrix": size, "dim": dim, "": quantity,
                "here": here, "there": there, "here / there": here / there,
            })  # fmt: skip
    return pd.DataFrame(lines)
