"""The workload of 72 h: 500 epochs of 1000 samples x 60,600 genes, 3.03e10 entries.

The inner decoder does it in full: 500 steps, each the exact gradient over the whole matrix. The
concat decoder and the published recipes are extrapolated from a slice. Then the other question:
how soon the default recipe reaches the held-out loss that the thesis recipe has after some time.

    python -m benchmarks.headline [--thesis-minutes N] [--slice-seconds N]
    python -m benchmarks.headline --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import fe_anndata as fe
from benchmarks import insides, ours, report
from benchmarks.pace import Rate, iterating, stepping
from benchmarks.published import PairDataset, Thesis, Trofimov, Unrolled, as_published
from benchmarks.time_to_quality import training_entries

SHAPE, TINY = (1000, 60_600), (30, 100)
EPOCHS = 500
LOADER_SAMPLES = 100
"""The loader of 2020 gets some samples alone: its memory is many times the matrix."""
EVALUATIONS = 10


def in_full(X: np.ndarray, epochs: int) -> dict[str, Any]:
    """Train with the inner decoder; return the record of the table."""
    every = {"steps": epochs, "evaluate_every": max(1, epochs // EVALUATIONS)}
    started = time.perf_counter()
    history = ours.train(X, **ours.JOINT, **every, patience=ours.NEVER).history
    seconds = time.perf_counter() - started
    assert history[-1]["step"] == epochs
    return record(
        "inner decoder", "inner", X.size * epochs / seconds, seconds, "in full, all of the call",
        history[-1]["validation_loss"],
    )  # fmt: skip


def slices(X: np.ndarray, seconds: float, folder: Path) -> dict[str, Rate]:
    """Return the rate of everything that is extrapolated."""
    entries = Unrolled.of(X)
    few = Unrolled.of(X[:LOADER_SAMPLES])
    loader, dataset = Trofimov(few), PairDataset(few)
    timed: dict[str, Callable[[int], tuple[float, float]]] = {
        "concat decoder, [100, 50, 50]": ours.stepper(X, **ours.NETWORKS["concat"]),
        "concat decoder, 2020 network": ours.stepper(X, **ours.NETWORKS["2020 network"]),
        "thesis style, 3 forwards": stepping(Thesis(entries, forwards=3).step),
        "thesis style, 1 forward": stepping(Thesis(entries).step),
        "2020 in eager torch, no loader": stepping(Trofimov(entries).step),
        "2020 as published": iterating(lambda: as_published(loader, dataset, folder)),
    }
    return {name: Rate(of_this, seconds) for name, of_this in timed.items()}


def extrapolated(X: np.ndarray, epochs: int, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """Return the records of everything that is extrapolated."""
    records = []
    for name, rate in slices(X, seconds, folder).items():
        entries_per_second = rate()
        how = f"extrapolated from {rate.steps} steps, about {seconds:g} s"
        records.append(
            record(
                name,
                "concat",
                entries_per_second,
                X.size * epochs / entries_per_second,
                how,
                np.nan,
            )
        )
        print(records[-1], flush=True)
    return records


def to_thesis_quality(X: np.ndarray, minutes: float) -> list[dict[str, Any]]:
    """Return the loss of the thesis recipe after some time, and when ours is there."""
    held_out = insides.held_out(X, "auto")
    thesis = Thesis(training_entries(X, held_out))
    started, n_entries = time.perf_counter(), 0
    while (seconds := time.perf_counter() - started) < 60 * minutes:
        n_entries += thesis.step()
    target = thesis.network.loss(held_out.rows, held_out.cols, held_out.values)
    how = f"to its loss after {n_entries / X.size:.2f} epochs"
    rate = n_entries / seconds
    records = [record("thesis recipe, 1 forward", "concat", rate, seconds, how, target)]
    at = ours.first_at(ours.train(X, validation="auto").history, target)
    how, loss, taken = f"to the loss after {minutes:g} min of the thesis recipe", np.nan, np.nan
    if at is None:
        how += ": not reached"
    else:
        loss, taken = at["validation_loss"], at["seconds"]
    return [*records, record("default recipe, all of the call", "inner", np.nan, taken, how, loss)]


def record(
    what: str, decoder: str, rate: float, seconds: float, how: str, loss: float
) -> dict[str, Any]:
    return {"what": what, "decoder": decoder, "dim": 2, "M entries/s": rate / 1e6, "how": how,
            "seconds": seconds, "hours": seconds / 3600, "held-out loss": loss}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("headline", __doc__)
    parser.add_argument("--thesis-minutes", type=float, default=60, help="0 to leave it out")
    parser.add_argument("--slice-seconds", type=float, default=20)
    options = parser.parse_args(arguments)
    shape, epochs = (TINY, 5) if options.tiny else (SHAPE, EPOCHS)
    report.expect(180 + 8 * options.slice_seconds + 65 * options.thesis_minutes)
    X = fe.datasets.simulated(*shape).X
    records = [in_full(X, epochs)]
    print(records[-1], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        records += extrapolated(X, epochs, options.slice_seconds, Path(folder))
    if options.thesis_minutes:
        records += to_thesis_quality(X, options.thesis_minutes)
    report.publish(
        options,
        pd.DataFrame(records),
        f"{epochs} epochs of {shape[0]} x {shape[1]}, {shape[0] * shape[1] * epochs:.3g} entries; "
        "the original: 72 h",
    )


if __name__ == "__main__":
    main()
