"""Placing new samples: seconds, and how near to the best place that long runs find.

A model of 2000 simulated samples is fixed (``noise="equal"``, so that the loss is least squares),
and 1000 others are placed in two dimensions by `tl.transform`. The best loss of each sample is that
of many long runs: damped Gauss-Newton from 20 random training places, 40 steps each, and from where
`transform` put it. Adam minimises the same function, from the nearest reconstruction, as the thesis
did, in steps of 0.05 standard deviations of the table; given are its seconds to the mean loss at
which `transform` ends, or to its end if it never gets there. Losses are mean squared errors per
cell in units of the variance of the training.

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
from benchmarks import report
from fe_anndata._access.reference import Reference, reference_of
from fe_anndata.kernels import placement
from fe_anndata.kernels.placement import Landscape, Prior, Quadratic
from fe_anndata.models.factored import Factored

LONG_STARTS, LONG_STEPS = 20, 40
ADAM_STEPS, ADAM_RATE = 2000, 0.05
EVERY = 10
TRAINING = {"inner": {}, "concat": {"hidden": (100, 50, 50), "steps": 600}}


class Problem:
    """The loss of new samples as a function of their places."""

    def __init__(self, learned: Reference, X: np.ndarray) -> None:
        self.view: Factored = learned.view
        self.table = learned.table.double()
        V = self.view.loadings
        Y = (torch.from_numpy(X).double() - self.view.centre) / self.view.scale
        self.m = Y.shape[1]
        self.profiles = Quadratic((V.T @ V)[None] / self.m, Y @ V / self.m)
        self.constant = Y.square().mean(1)

    def loss(self, u: torch.Tensor) -> torch.Tensor:
        """Return the loss of each sample, in the form that the search sees."""
        return self.profiles.error(self.view.factors(u)[:, None])[:, 0] + self.constant

    def best(self, places: torch.Tensor) -> torch.Tensor:
        """Return the least loss of each sample over many long runs."""
        flat = Prior(self.table[0], torch.zeros(2, 2, dtype=torch.float64))
        order = torch.randperm(len(self.table), generator=torch.Generator().manual_seed(0))
        least = self.loss(places)
        for first in range(0, len(places), 100):
            rows = slice(first, first + 100)
            some = self.profiles[rows]
            starts = self.table[order[:LONG_STARTS]].expand(len(some.h), -1, -1)
            starts = torch.cat([starts, places[rows, None]], 1)
            landscape = Landscape(some, self.view.factors, self.view.with_tangents, flat)
            _, error = placement.refine(landscape, starts, LONG_STEPS)
            least[rows] = torch.minimum(least[rows], error + self.constant[rows])
        return least

    def adam(self, target: float) -> tuple[float, float]:
        """Return the seconds and the mean loss at which Adam is at the target, or ends."""
        started = time.perf_counter()
        nearest = self.profiles.errors(self.view.factors(self.table)).argmin(1)
        u = self.table[nearest].clone().requires_grad_()
        optimiser = torch.optim.Adam([u], lr=ADAM_RATE * float(self.table.std()))
        mean = float("nan")
        for step in range(1, ADAM_STEPS + 1):
            for group in optimiser.param_groups:
                group["lr"] = ADAM_RATE * float(self.table.std()) * (1 - step / (ADAM_STEPS + 1))
            loss = self.loss(u)
            loss.sum().backward()
            optimiser.step()
            optimiser.zero_grad()
            if step % EVERY == 0:
                mean = float(self.loss(u.detach()).mean())
                if mean <= target:
                    break
        return time.perf_counter() - started, mean


def measure(decoder: str, sizes: tuple[int, int, int], options: argparse.Namespace) -> list[Any]:
    """Return one record per round."""
    trained, new, genes = sizes
    adata = fe.datasets.simulated(trained + new, genes, 10)
    order = np.random.default_rng(0).permutation(adata.n_obs)
    reference, others = adata[order[:trained]].copy(), adata[order[trained:]].copy()
    changes = TRAINING[decoder] | ({"steps": 20} if options.tiny else {})
    fe.tl.train(reference, decoder=decoder, noise="equal", **changes)
    problem = Problem(reference_of(reference, "fe"), np.asarray(others.X))
    records, best = [], None
    for number in range(options.rounds):
        started = time.perf_counter()
        placed = fe.tl.transform(others, reference, copy=True)
        seconds = time.perf_counter() - started
        assert isinstance(placed, AnnData)
        u = torch.from_numpy(placed.obsm["X_fe"]).double()
        best = problem.best(u) if best is None else best
        ours = float(problem.loss(u).mean())
        adam_seconds, adam_loss = problem.adam(ours)
        print(f"  round {number + 1}: {seconds:.2f} s, Adam {adam_seconds:.2f} s", flush=True)
        records.append({
            "decoder": decoder, "new samples": new, "genes": genes, "transform, s": seconds,
            "gap": ours - float(best.mean()),
            "near (1e-4)": float((problem.loss(u) - best < 1e-4).double().mean()),
            "Adam, s": adam_seconds, "Adam's gap": adam_loss - float(best.mean()),
        })  # fmt: skip
    return records


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", nargs="+", choices=TRAINING, default=list(TRAINING))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    options = parser.parse_args(arguments)
    fe.settings.progress = False
    sizes = (60, 20, 50) if options.tiny else (2000, 1000, 10_000)
    rounds = pd.DataFrame([r for d in options.decoder for r in measure(d, sizes, options)])
    table = rounds.groupby(["decoder", "new samples", "genes"], sort=False).median().reset_index()
    table["x Adam"] = table["Adam, s"] / table["transform, s"]
    report.publish(
        "placing", table, f"new samples in two dimensions, medians of {options.rounds} rounds",
        rounds=rounds, options=vars(options),
    )  # fmt: skip


if __name__ == "__main__":
    main()
