"""Entries per second of whole training steps: the published recipes and ours, alternating.

Every implementation does real steps (loss, all gradients, optimiser) on matrices of the same kind;
set-up and compilation are left out. The roofline is the rate of a 2048 x 2048 float32 matrix
product in the same rounds; an entry of a concat network with hidden sizes h
costs 6 * sum(h_i * h_{i+1}) operations, forward and backward, its first layer being split. Samples
have two dimensions throughout.

    python -m benchmarks.speed [--rounds N] [--only WORD ...] [--threads N]
    python -m benchmarks.speed --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks import matrices, ours, report
from benchmarks.pace import Rate, iterating, stepping
from benchmarks.published import (
    THESIS_LAYERS,
    TROFIMOV_LAYERS,
    PairDataset,
    Thesis,
    Trofimov,
    Unrolled,
    as_published,
)
from fe_anndata.kernels.pair_mlp import cpu, reference
from fe_anndata.kernels.workers import workers

ROOFLINE = "roofline"
THESIS_3, THESIS_1 = "thesis style, 3 forwards", "thesis style, 1 forward"
PUBLISHED = "2020 as published"
EAGER = "2020 in eager torch, no loader"
KERNELS = {"reference": reference, "cpu": cpu}


@dataclass(frozen=True)
class Sizes:
    """Of the measurement."""

    dense: tuple[int, int] = (1000, 10_000)
    csr: tuple[int, int] = (20_000, 5_000)
    tile: tuple[int, int] = (200, 500)
    roofline: int = 2048
    seconds: float = 1.0


TINY = Sizes((30, 200), (200, 100), (20, 30), 64, 0.001)


@dataclass(frozen=True)
class Variant:
    """An implementation: what it is, and what its rate is measured with."""

    name: str
    matrix: str
    decoder: str
    measure: Callable[[], float]
    hidden: tuple[int, ...] = ()

    @property
    def flop(self) -> float:
        """Operations per entry; NaN where the formula is not for it."""
        return 6 * sum(a * b for a, b in pairwise(self.hidden)) if self.hidden else float("nan")


Maker = Callable[[str], Variant]


class Bench:
    """All implementations; matrices are made when one of them is asked for."""

    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self.sizes, self.folder = sizes, folder
        self.dense = cache(lambda: matrices.dense(*sizes.dense))
        self.csr = cache(lambda: matrices.csr(*sizes.csr))
        self.entries = cache(lambda: Unrolled.of(self.dense()))
        self.dense_name, self.csr_name, self.tile = (
            f"{n} x {m}" for n, m in (sizes.dense, sizes.csr, sizes.tile)
        )

    def makers(self) -> Iterator[tuple[str, Maker]]:
        """Yield the name of each implementation and what makes it."""
        yield ROOFLINE, self.roofline
        yield "inner, dense", lambda name: self.inner(name, self.dense_name, self.dense())
        yield "inner, CSR", lambda name: self.inner(name, f"{self.csr_name}, 5 %", self.csr())
        yield THESIS_3, partial(self.thesis, forwards=3)
        yield THESIS_1, partial(self.thesis, forwards=1)
        yield PUBLISHED, self.published
        yield EAGER, self.eager
        for network, changes in ours.NETWORKS.items():
            for kernel in KERNELS:
                run = {**changes, "kernel_name": kernel}
                large = {**run, "tile": self.sizes.tile}
                label = f"{network}, {kernel}"
                yield f"{label}, recipe's tiles", partial(self.concat, changes=run)
                yield f"{label}, tiles {self.tile}", partial(self.concat, changes=large)
                gradients = partial(self.gradients, network=network, kernel=kernel)
                yield f"{label}, gradients alone, {self.tile}", gradients

    def roofline(self, name: str) -> Variant:
        """Multiply large matrices."""
        n, repeats = self.sizes.roofline, 5
        a, b = torch.randn(n, n), torch.randn(n, n)

        def measure() -> float:
            started = time.perf_counter()
            for _ in range(repeats):
                torch.mm(a, b)
            return 2 * n**3 * repeats / (time.perf_counter() - started)

        return Variant(name, f"{n} x {n}", report.NO_MODEL, measure)

    def inner(self, name: str, matrix: str, X: Any) -> Variant:
        """Train the inner decoder on the whole matrix."""
        return Variant(name, matrix, "inner", self.rate(ours.stepper(X, **ours.JOINT)))

    def concat(self, name: str, changes: dict[str, Any]) -> Variant:
        """Train the concat decoder on tiles, with the optimiser of the default recipe."""
        rate = self.rate(ours.stepper(self.dense(), **changes))
        return Variant(name, self.dense_name, "concat", rate, changes["hidden"])

    def thesis(self, name: str, forwards: int) -> Variant:
        """Train as the thesis, on batches of one profile."""
        rate = self.rate(stepping(Thesis(self.entries(), forwards=forwards).step))
        return Variant(name, self.dense_name, "concat", rate, THESIS_LAYERS)

    def published(self, name: str) -> Variant:
        """Train as in 2020, with its loader and its files."""
        recipe, dataset = Trofimov(self.entries()), PairDataset(self.entries())
        rate = self.rate(iterating(lambda: as_published(recipe, dataset, self.folder)))
        return Variant(name, self.dense_name, "concat", rate, TROFIMOV_LAYERS)

    def eager(self, name: str) -> Variant:
        """Train as in 2020, without them."""
        rate = self.rate(stepping(Trofimov(self.entries()).step))
        return Variant(name, self.dense_name, "concat", rate, TROFIMOV_LAYERS)

    def gradients(self, name: str, network: str, kernel: str) -> Variant:
        """Loss and gradients of one tile over and over, without an optimiser."""
        changes = ours.NETWORKS[network]
        hidden, dims = changes["hidden"], (2, changes["gene_dim"])
        bounds = (-1.0, 3.0) if changes.get("output") == "bounded" else None
        samples, genes = self.sizes.tile
        u, v = torch.randn(samples, dims[0]), torch.randn(genes, dims[1])
        values, widths = torch.rand(samples, genes), (sum(dims), *hidden, 1)
        layers = [(torch.randn(b, a) / a**0.5, torch.zeros(b)) for a, b in pairwise(widths)]
        function, activation = KERNELS[kernel].loss_and_gradients, changes.get("activation", "relu")

        # The reference is shared out by torch, the compiled kernel by threads of our own.
        threads = torch.get_num_threads()

        def step() -> int:
            with workers(threads) if kernel == "cpu" else nullcontext():
                function(u, v, layers, activation, values, bounds)
            return values.numel()

        return Variant(name, self.tile, "concat", self.rate(stepping(step)), hidden)

    def rate(self, timed: Callable[[int], tuple[float, float]]) -> Rate:
        """Return what measures it in about the seconds we have."""
        return Rate(timed, self.sizes.seconds)


def table_of(variants: list[Variant], rounds: pd.DataFrame) -> pd.DataFrame:
    """Return medians, ratios of medians to what was published, and shares of the roofline."""
    medians = rounds.median()
    records = []
    for variant in variants:
        rate = medians[variant.name]
        record = {"implementation": variant.name, "decoder": variant.decoder}
        record |= {"matrix": variant.matrix}
        if variant.name == ROOFLINE:
            record |= {"GF/s": rate / 1e9}
        else:
            record |= {"M entries/s": rate / 1e6, "GF/s": rate * variant.flop / 1e9}
            record |= {
                f"x {short}": rate / medians.get(name, np.nan)
                for short, name in (
                    ("thesis 3 fw", THESIS_3),
                    ("thesis 1 fw", THESIS_1),
                    ("2020", PUBLISHED),
                    ("2020 eager", EAGER),
                )
            }
            record["of roofline"] = rate * variant.flop / medians.get(ROOFLINE, np.nan)
        records.append(record)
    return pd.DataFrame(records)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("speed", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(TINY if options.tiny else Sizes(), Path(folder))
        variants = [
            make(name)
            for name, make in bench.makers()
            if any(word in name for word in options.only)
        ]
        rounds = report.alternate({v.name: v.measure for v in variants}, options.rounds)
    report.publish(
        options,
        table_of(variants, rounds),
        f"whole steps, 2-dimensional samples, medians of {options.rounds} alternating rounds, "
        "ratios of medians",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
