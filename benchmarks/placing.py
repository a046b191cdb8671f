"""Placing new samples: seconds, and how near to the best place that long runs find.

A model of 2000 simulated samples is fixed (new ones are placed by least squares), and 1000 others
are placed in two dimensions by `tl.transform`. The loss is the mean squared error per entry, in
units of the variance of the training, of what the decoder itself says. The best loss of a sample is
that of many long runs: damped Gauss-Newton from random training places, and from where `transform`
put it. Adam minimises the same function, from the nearest reconstruction, as the thesis did, in
steps of 0.05 standard deviations of the table; given are its seconds to the mean loss at which
`transform` ends, or to its end if it never gets there.

For the concat decoder, where each of these runs evaluates 10,000 genes a step, the first 20 samples
stand for all, with 8 long runs each; Adam's seconds are scaled from them, of at most 300 steps. It
evaluates sample by sample, as `transform` does: products of 10,000 rows gain nothing from more.

    python -m benchmarks.placing [--decoder inner concat] [--rounds N]
    python -m benchmarks.placing --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

import fe_anndata as fe
from benchmarks import ours, report
from fe_anndata._access.reference import reference_of
from fe_anndata.kernels import placement
from fe_anndata.kernels.placement import Landscape, Prior, Quadratic
from fe_anndata.models.fe.exact_steps import ExactSteps, Profile
from fe_anndata.models.fe.reduced_basis import Reduced
from fe_anndata.models.fe.trained import TrainedFE

LONG_STARTS, LONG_STEPS = 20, 40
LONG_STARTS_OF_CONCAT = 8
ADAM_STEPS, ADAM_RATE = 2000, 0.05
ADAM_STEPS_OF_CONCAT = 300
EVERY = 10
TRAINING = {"inner": {}, "concat": {"hidden": (100, 50, 50), "steps": 600}}
JUDGED = {"inner": 1000, "concat": 20}


class Problem:
    """The loss of new samples as a function of their places, by an exact form of the decoder."""

    adam_steps = ADAM_STEPS

    def __init__(self, learned: TrainedFE, X: np.ndarray) -> None:
        self.view: Reduced = learned.view
        self.table = torch.from_numpy(learned.samples()).double()
        V = self.view.loadings
        self.Y = (torch.from_numpy(X).double() - self.view.centre) / self.view.scale
        self.m = self.Y.shape[1]
        self.profiles = Quadratic((V.T @ V)[None] / self.m, self.Y @ V / self.m)
        self.constant = self.Y.square().mean(1)
        self.flat = Prior(self.table[0], torch.zeros(2, 2, dtype=torch.float64))
        order = torch.randperm(len(self.table), generator=torch.Generator().manual_seed(0))
        self.starts = self.table[order]

    def loss(self, u: torch.Tensor) -> torch.Tensor:
        """Return the loss of the first samples, placed at u (n, 2)."""
        some = self.profiles[: len(u)]
        return some.error(self.view.factors(u)[:, None])[:, 0] + self.constant[: len(u)]

    def best(self, places: torch.Tensor) -> torch.Tensor:
        """Return the least loss of each of the first samples over many long runs."""
        least = self.loss(places)
        for first in range(0, len(places), 100):
            rows = slice(first, first + 100)
            some = self.profiles[rows]
            starts = self.starts[:LONG_STARTS].expand(len(some.h), -1, -1)
            starts = torch.cat([starts, places[rows, None]], 1)
            landscape = Landscape(some, self.view.factors, self.view.with_tangents, self.flat)
            _, error = placement.refine(landscape, starts, LONG_STEPS)
            least[rows] = torch.minimum(least[rows], error + self.constant[rows])
        return least

    def adam(self, number: int, target: float) -> tuple[float, float]:
        """Return the seconds and the mean loss at which Adam is at the target, or ends."""
        started = time.perf_counter()
        profiles = self.profiles[:number]
        nearest = profiles.errors(self.view.factors(self.table)).argmin(1)
        u = self.table[nearest].clone().requires_grad_()
        optimiser = torch.optim.Adam([u], lr=ADAM_RATE * float(self.table.std()))
        mean = float("nan")
        for step in range(1, self.adam_steps + 1):
            for group in optimiser.param_groups:
                rate = ADAM_RATE * float(self.table.std())
                group["lr"] = rate * (1 - step / (self.adam_steps + 1))
            loss = self.loss(u)
            loss.sum().backward()
            optimiser.step()
            optimiser.zero_grad()
            if step % EVERY == 0:
                with torch.no_grad():
                    mean = float(self.loss(u).mean())
                if mean <= target:
                    break
        return time.perf_counter() - started, mean


class ProblemOfConcat(Problem):
    """The same by the network itself, all genes of a sample."""

    adam_steps = ADAM_STEPS_OF_CONCAT

    def __init__(self, learned: TrainedFE, X: np.ndarray) -> None:
        super().__init__(learned, X)
        self.exact = ExactSteps(self.view, torch.arange(self.m), self.view.loadings, self.flat)
        ones, nothing = torch.ones(self.m).double() / self.m, torch.zeros_like(self.profiles.H[0])
        self.seen = ones > 0
        self.targets = [Profile(y, self.seen, ones, nothing) for y in self.Y]

    def loss(self, u: torch.Tensor) -> torch.Tensor:
        """Return the loss of the first samples, placed at u (n, 2)."""
        pairs = zip(u, self.Y[: len(u)], strict=True)
        left = [self.exact.residual(place, y, self.seen) for place, y in pairs]
        return torch.stack([residual.square().mean() for residual in left])

    def best(self, places: torch.Tensor) -> torch.Tensor:
        """Return the least loss of each of the first samples over many long runs."""
        least = self.loss(places)
        for i, target in enumerate(self.targets[: len(places)]):
            for u in (places[i], *self.starts[:LONG_STARTS_OF_CONCAT]):
                residual = self.exact.settle(u, target, LONG_STEPS, 1e-9)[1]
                least[i] = torch.minimum(least[i], residual.square().mean())
        return least


def measure(decoder: str, sizes: tuple[int, int, int], options: argparse.Namespace) -> list[Any]:
    """Return one record per round."""
    trained, new, genes = sizes
    adata = fe.datasets.simulated(trained + new, genes, 10)
    order = np.random.default_rng(0).permutation(adata.n_obs)
    reference, others = adata[order[:trained]].copy(), adata[order[trained:]].copy()
    changes = TRAINING[decoder] | ({"steps": 20} if options.tiny else {})
    fe.tl.train(reference, decoder=decoder, **ours.LEAST_SQUARES, **changes)
    learned = reference_of(reference, "fe").model
    assert isinstance(learned, TrainedFE)
    problem_of = Problem if learned.view.at is None else ProblemOfConcat
    problem = problem_of(learned, np.asarray(others.X))
    judged = min(JUDGED[decoder], new)
    records, best = [], None
    for number in range(options.rounds):
        started = time.perf_counter()
        placed = fe.tl.transform(others, reference, copy=True)
        seconds = time.perf_counter() - started
        assert isinstance(placed, AnnData)
        u = torch.from_numpy(placed.obsm["X_fe"][:judged]).double()
        best = problem.best(u) if best is None else best
        losses = problem.loss(u)
        gaps = losses - best
        adam_seconds, adam_loss = problem.adam(judged, float(losses.mean()))
        adam_seconds *= new / judged
        print(f"  round {number + 1}: {seconds:.2f} s, Adam {adam_seconds:.2f} s", flush=True)
        records.append({
            "decoder": decoder, "dim": 2, "trained": trained, "new samples": new, "genes": genes,
            "transform, s": seconds, "judged": judged, "gap": float(gaps.mean()),
            "near (1e-4)": float((gaps < 1e-4).double().mean()),
            "Adam, s": adam_seconds, "Adam's gap": adam_loss - float(best.mean()),
        })  # fmt: skip
    return records


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("placing", __doc__)
    parser.add_argument("--decoder", nargs="+", choices=TRAINING, default=list(TRAINING))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    fe.settings.progress = False
    sizes = (60, 20, 50) if options.tiny else (2000, 1000, 10_000)
    rounds = pd.DataFrame([r for d in options.decoder for r in measure(d, sizes, options)])
    table = (
        rounds.groupby(["decoder", "trained", "new samples", "genes"], sort=False)
        .median()
        .reset_index()
    )
    table["x Adam"] = table["Adam, s"] / table["transform, s"]
    note = f"new samples in two dimensions, medians of {options.rounds} rounds"
    report.publish(options, table, note, rounds=rounds)


if __name__ == "__main__":
    main()
