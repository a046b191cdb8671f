"""The kernel for processors against one whose matrix products are plain compiled loops.

The kernel writes its two products in the language of the compiler's back end, which is harder to
read than loops. :mod:`.plain_kernel` computes the same with loops that the compiler turns into
vector instructions by itself. Whole calls of both are measured in turn, on one thread.

    python -m benchmarks.plain_loops [--rounds N]
    python -m benchmarks.plain_loops --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd

from benchmarks import plain_kernel, report
from benchmarks.gpu import NETWORKS, problem
from benchmarks.pace import Rate, stepping
from fe_anndata.kernels.pair_mlp import cpu
from fe_anndata.kernels.workers import workers


def check(tile: tuple[Any, ...]) -> None:
    """Stop if the two differ."""
    kernel, (loss, ours) = cpu.loss_and_gradients(*tile), plain_kernel.loss_and_gradients(*tile)
    theirs = [kernel.u, kernel.v, *(tensor for layer in kernel.layers for tensor in layer)]
    assert abs(loss / kernel.loss - 1) < 1e-5
    for a, b in zip(ours, theirs, strict=True):
        assert float((a - b).norm()) <= 1e-5 * float(b.norm())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    options = parser.parse_args(arguments)
    n, m, seconds = (20, 30, 0.001) if options.tiny else (200, 500, 0.3)

    def step(compute: Any, tile: tuple[Any, ...]) -> int:
        compute(*tile)
        return n * m

    names = {"kernel": cpu.loss_and_gradients, "plain loops": plain_kernel.loss_and_gradients}
    variants = {}
    with workers(1):
        for hidden, activation in NETWORKS.items():
            u, v, layers, values = problem(n, m, hidden, "cpu")
            tile = (u, v, layers, activation, values)
            check(tile)
            for name, compute in names.items():
                rate = Rate(stepping(partial(step, compute, tile)), seconds)
                variants[f"{list(hidden)}, {name}"] = rate
        rounds = report.alternate(variants, options.rounds)
    records = []
    for hidden in NETWORKS:
        kernel, plain = (rounds[f"{list(hidden)}, {name}"] for name in names)
        records.append({
            "hidden": str(list(hidden)), "kernel": kernel.median(), "plain loops": plain.median(),
            "plain / kernel": (plain / kernel).median(),
        })  # fmt: skip
    report.publish(
        "plain_loops",
        pd.DataFrame(records),
        f"entries per second on tiles of {n} x {m}, medians of {options.rounds} rounds, one thread",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
