"""Training with fe_anndata as the measurements need it, by its public verbs and options alone.

Nothing here or in what it imports may know the insides of the package: `benchmarks.calls --against`
runs it with other checkouts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

import fe_anndata as fe
from benchmarks.published import THESIS_DIMS, THESIS_LAYERS, TROFIMOV_DIMS, TROFIMOV_LAYERS

SEED = 0
NEVER = 10**9
"""Patience that no run outlasts: every run does all of its steps."""
JOINT: dict[str, Any] = {
    "decoder": "inner",
    "minibatch": "full",
    "optimizer": "adam",
    "gene_step": "gradient",
}
"""Each step the exact gradient of everything over the whole matrix."""
CONCAT: dict[str, Any] = {"decoder": "concat", "minibatch": "tiles", "sample_dim": 2}
NETWORKS: dict[str, dict[str, Any]] = {
    "concat": {**CONCAT, "hidden": THESIS_LAYERS, "gene_dim": THESIS_DIMS[1]},
    "2020 network": {
        **CONCAT,
        "hidden": TROFIMOV_LAYERS,
        "gene_dim": TROFIMOV_DIMS[1],
        "activation": "tanh",
        "output": "bounded",
    },
}
"""The concat decoder with the networks of the two publications."""
LEAST_SQUARES: dict[str, Any] = {"noise_model": "equal"}
"""New samples are placed where the squared error is least."""
ABLATIONS: dict[str, dict[str, Any]] = {
    "no neighbours": {"neighbor_weight": 0.0},
    "samples not placed": {"place_samples": False},
    "no noise": {"sample_noise": 0.0},
    "no Fourier features": {"fourier": 0},
    "no weight decay": {"weight_decay": 0.0},
    "gradient steps": {"gene_step": "gradient"},
    "random start": {"sample_start": "random"},
}
"""Each option alone changed from the default; the first is always shown beside it."""


@dataclass(frozen=True)
class Run:
    """What a training leaves: one record per evaluation, and the sample table."""

    history: list[dict[str, Any]]
    samples: np.ndarray


def train(X: Any, **changes: Any) -> Run:
    """Train the default recipe with these changes."""
    adata = AnnData(X)
    fe.tl.train(adata, rng=SEED, progress=False, **changes)
    return Run(fe.get.history(adata).to_dict("records"), np.asarray(adata.obsm["X_fe"]))


def loss_of(adata: AnnData, key: str = "fe") -> float:
    """Return the held-out loss of what was written, per entry."""
    return float(adata.uns[key]["params"]["validation_loss"])


def train_from_disk(path: Path, **changes: Any) -> AnnData:
    """Train from a file by blocks of rows; return the results, without the matrix."""
    return fe.tl.train(path, rng=SEED, progress=False, **changes)


@contextmanager
def kernel(name: str) -> Iterator[None]:
    """Compute with this kernel."""
    before = fe.settings.kernel
    fe.settings.kernel = name
    try:
        yield
    finally:
        fe.settings.kernel = before


def steps(
    X: Any, evaluate_every: int, n: int, kernel_name: str = "auto", **changes: Any
) -> list[dict[str, Any]]:
    """Do `n` whole steps, holding nothing out; return the history.

    Seconds between its records are those of the steps and of the copy of the state that every
    evaluation keeps; what comes before the first step is in its first record.
    """
    start = {"sample_start": "random", "gene_start": "random", "validation": 0.0}
    every = {"evaluate_every": evaluate_every, "steps": n, "patience": NEVER}
    with kernel(kernel_name):
        return train(X, **start, **every, **changes).history


def stepper(X: Any, tile: tuple[int, int] | None = None, **changes: Any) -> Callable[[int], Any]:
    """Return a function that does so many whole steps: the entries they see, their seconds."""
    if tile is not None:
        changes = {**changes, "minibatch_size": tile}

    def timed(n: int) -> tuple[float, float]:
        first, last = steps(X, n, n, **changes)
        return last["epoch"] * X.shape[0] * X.shape[1], last["seconds"] - first["seconds"]

    return timed


def durations(X: Any, n: int, **changes: Any) -> np.ndarray:
    """Return the seconds of each of `n` steps, but for a constant factor."""
    history = steps(X, 1, n, **changes)[1:]
    return np.array([1 / record["entries_per_second"] for record in history])


def first_at(history: list[dict[str, Any]], target: float) -> dict[str, Any] | None:
    """Return the first evaluation whose held-out loss is at or below the target."""
    return next((record for record in history if record["validation_loss"] <= target), None)
