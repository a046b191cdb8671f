"""Seconds until the published recipes' own final held-out loss is reached, in two dimensions.

5 % of the entries are held out, the same for all and trained on by none; the loss is their mean
squared error in the units of the matrix. Each published recipe runs once in full, which gives its
loss and its embedding. Its seconds are its number of steps at the rate measured in the alternating
rounds: with one forward and with three for the thesis; in eager torch without the loader, and as
published, for 2020. Set-up is left out. Ours run to the first step found at or below that loss, and
once more to their own end; their seconds, in every round, are those of the whole call, with its
start and its evaluations. kNN is the accuracy of 15 neighbours in the embedding at that time,
cross-validated over samples; the embedding itself is fitted to all of them.

The ratio to 2020 is large because that recipe hardly leaves the plateau of the gene means in so
few epochs, and ours start past it: it says nothing without the ratio to the thesis recipe.

Some 20 minutes on two cores, most of them the thesis recipe's.

    python -m benchmarks.time_to_quality [--rounds N] [--only WORD ...] [--thesis-epochs ...]
    python -m benchmarks.time_to_quality --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

import fe_anndata as fe
from benchmarks import cohorts, insides, ours, report
from benchmarks.pace import Rate, iterating, stepping
from benchmarks.published import PairDataset, Thesis, Trofimov, Unrolled, as_published

SHARE = 0.05
NEIGHBOURS = 15
TRIAL = 10
"""Steps from which the rest is estimated."""
SHARPNESS = 16
"""Into how many parts the steps between two evaluations are cut to find when ours are there."""
DECODERS = ("inner", "concat")
END = "its end"
RATES = {
    "thesis": ("thesis, 1 forward", "thesis, 3 forwards"),
    "2020": ("2020 eager", "2020 as published"),
}


@dataclass(frozen=True)
class Data:
    """A matrix, the groups of its samples, and how long the thesis recipe runs on it."""

    X: np.ndarray
    labels: np.ndarray
    thesis_epochs: float


@dataclass(frozen=True)
class Finished:
    """A published recipe after its run: what there is to reach."""

    name: str
    epochs: float
    entries: int
    loss: float
    knn: float


def data(options: argparse.Namespace) -> dict[str, Callable[[], Data]]:
    """Return what is measured, by name."""
    on_simulated, on_tcga = options.thesis_epochs

    def simulated(*sizes: int) -> Data:
        adata = fe.datasets.simulated(*sizes)
        return Data(adata.X, adata.obs["group"].to_numpy(), on_simulated)

    def tcga() -> Data:
        adata = cohorts.load("tcga")
        return Data(np.asarray(adata.X), adata.obs["cancer_type"].to_numpy(), on_tcga)

    if options.tiny:
        return {"tiny": lambda: simulated(80, 100, 3)}
    found = {"tcga": tcga} if cohorts.present("tcga") else {}
    return {"simulated": lambda: simulated(1000, 10_000, 20), **found}


def knn(table: np.ndarray, labels: np.ndarray) -> float:
    """Return the cross-validated accuracy of the neighbours in a fitted embedding."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float(cross_val_score(KNeighborsClassifier(NEIGHBOURS), table, labels, cv=folds).mean())


def training_entries(X: np.ndarray, held_out: insides.Entries) -> Unrolled:
    """Return all entries but those held out."""
    visible = X.copy()
    visible[held_out.rows, held_out.cols] = np.nan
    return Unrolled.of(visible)


def finish(
    name: str,
    recipe: Thesis | Trofimov,
    epochs: float,
    held_out: insides.Entries,
    labels: np.ndarray,
) -> Finished:
    """Run a published recipe to its end."""
    steps, run = recipe.steps_of(epochs), stepping(recipe.step)
    trial = min(TRIAL, steps)
    _, taken = run(trial)
    print(f"  {name}: {steps} steps once in full, ", end="")
    report.expect((steps - trial) * taken / trial)
    run(steps - trial)
    loss = recipe.network.loss(held_out.rows, held_out.cols, held_out.values)
    entries = steps * recipe.batch
    return Finished(name, epochs, entries, loss, knn(recipe.network.sample_vectors(), labels))


@dataclass(frozen=True)
class Reached:
    """Ours after so many steps; `step` is None if the loss was never reached."""

    step: int | None
    loss: float
    knn: float


def ended(run: ours.Run, labels: np.ndarray) -> Reached:
    """Return how a run ended."""
    losses = [record["validation_loss"] for record in run.history]
    return Reached(run.history[-1]["step"], min(losses), knn(run.samples, labels))


def reach(
    X: np.ndarray, labels: np.ndarray, target: float, changes: dict[str, Any], whole: ours.Run
) -> Reached:
    """Return when ours are first at or below the target: between two evaluations, by halving.

    A run does not depend on the number of steps it is given, but for ending there.
    """
    at = ours.first_at(whole.history, target)
    if at is None:
        return Reached(None, np.nan, np.nan)
    before = max((r["step"] for r in whole.history if r["step"] < at["step"]), default=0)
    # A run of no steps there is not: at least one.
    step = max(1, at["step"])
    best, gap = None, max(1, (step - before) // SHARPNESS)
    while best is None or step - before > gap:
        middle = step if best is None else (before + step) // 2
        run = ours.train(X, **{**changes, "epochs": None, "steps": middle})
        found = ended(run, labels)
        if best is None or found.loss <= target:
            best, step = found, middle
        else:
            before = middle
    return best


def whole_call(X: np.ndarray, changes: dict[str, Any]) -> Callable[[], float]:
    """Return a function that times a whole training."""
    return lambda: report.seconds(lambda: ours.train(X, **changes))


def measure(
    name: str, of: Data, options: argparse.Namespace, folder: Path
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Return one record per published recipe and decoder, and the single rounds."""
    print(f"{name}: {of.X.shape[0]} x {of.X.shape[1]}", flush=True)
    held_out = insides.held_out(of.X, SHARE)
    entries = training_entries(of.X, held_out)
    thesis, trofimov = Thesis(entries), Trofimov(entries)
    finished = [
        finish("thesis", thesis, of.thesis_epochs, held_out, of.labels),
        finish("2020", trofimov, options.epochs_2020, held_out, of.labels),
    ]
    dataset = PairDataset(entries)
    rates = {
        "thesis, 1 forward": stepping(thesis.step),
        "thesis, 3 forwards": stepping(Thesis(entries, forwards=3).step),
        "2020 eager": stepping(trofimov.step),
        "2020 as published": iterating(lambda: as_published(trofimov, dataset, folder)),
    }
    variants: dict[str, Callable[[], float]] = {
        label: Rate(timed, options.slice_seconds) for label, timed in rates.items()
    }
    common = {"validation": SHARE, "sample_dim": 2}
    # Concat may not see the matrix more often than the thesis recipe does.
    changes = {
        "inner": {**common, "decoder": "inner"},
        "concat": {**common, "decoder": "concat", "epochs": of.thesis_epochs},
    }
    reached = {}
    for decoder in DECODERS:
        whole = ours.train(of.X, **changes[decoder])
        for recipe in finished:
            at = reach(of.X, of.labels, recipe.loss, changes[decoder], whole)
            reached[recipe.name, decoder] = at
            if at.step is not None:
                run = {**changes[decoder], "epochs": None, "steps": at.step}
                variants[f"{decoder} to {recipe.name}"] = whole_call(of.X, run)
        reached[END, decoder] = ended(whole, of.labels)
        variants[f"{decoder} to {END}"] = whole_call(of.X, changes[decoder])
    rounds = report.alternate(variants, options.rounds)
    records = table_of(name, of.X.shape, finished, reached, rounds)
    return records, rounds.assign(data=name)


def table_of(
    name: str,
    shape: tuple[int, ...],
    finished: list[Finished],
    reached: dict[tuple[str, str], Reached],
    rounds: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Return the records of one data set."""
    medians, records = rounds.median(), []
    for recipe in finished:
        fast, slow = (recipe.entries / medians[rate] for rate in RATES[recipe.name])
        for decoder in DECODERS:
            for until in (recipe.name, END):
                at = reached[until, decoder]
                mine = medians.get(f"{decoder} to {until}", np.nan)
                records.append({
                    "data": name, "samples": shape[0], "genes": shape[1], "dim": 2,
                    "recipe": f"{recipe.name}, {recipe.epochs:g} epochs",
                    "loss": recipe.loss, "kNN fitted": recipe.knn,
                    "s (1 fw | eager)": fast, "s (3 fw | loader)": slow,
                    "decoder": decoder, "until": END if until == END else "that loss",
                    "step": at.step, "our loss": at.loss, "our kNN fitted": at.knn, "our s": mine,
                    "x (1 fw | eager)": fast / mine, "x (3 fw | loader)": slow / mine,
                })  # fmt: skip
    return records


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("time_to_quality", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of data")
    parser.add_argument(
        "--thesis-epochs", type=float, nargs=2, default=(5, 28), metavar=("SIMULATED", "TCGA")
    )
    parser.add_argument("--epochs-2020", type=float, default=1)
    parser.add_argument("--slice-seconds", type=float, default=2, help="of a recipe in a round")
    options = parser.parse_args(arguments)
    if options.tiny:
        options.slice_seconds = 0.001
    records, rounds = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name, load in data(options).items():
            if any(word in name for word in options.only):
                of_this, measured = measure(name, load(), options, Path(folder))
                records += of_this
                rounds.append(measured)
    report.publish(
        options,
        pd.DataFrame(records),
        f"seconds to the published recipes' final loss on {SHARE:.0%} held-out entries, medians of "
        f"{options.rounds} alternating rounds; published seconds are steps at the measured rate",
        rounds=pd.concat(rounds),
    )


if __name__ == "__main__":
    main()
