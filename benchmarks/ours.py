"""Training with fe_anndata, as the measurements need it: real steps, known held-out cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData

import fe_anndata as fe
from fe_anndata._access.inputs import canonical_names
from fe_anndata.training.holdout import CellSet, draw

SEED = 0
NEVER = 10**9
"""Patience that no run outlasts: every run does all of its steps."""
JOINT: dict[str, Any] = {
    "decoder": "inner",
    "batch": "full",
    "optimizer": "adam",
    "gene_step": "gradient",
}
"""Each step the exact gradient of everything over the whole matrix."""


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


def held_out(X: Any, share: float | str) -> CellSet:
    """Return the cells that :func:`train` holds out with ``validation=share``."""
    names = canonical_names(AnnData(X), np.ones(X.shape[1], dtype=bool))
    return draw(X, share, "cells", SEED, names).cells


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


def stepper(X: Any, **changes: Any) -> Callable[[int], tuple[float, float]]:
    """Return a function that does so many whole steps: the cells they see, their seconds."""

    def timed(n: int) -> tuple[float, float]:
        first, last = steps(X, n, n, **changes)
        return last["epoch"] * X.shape[0] * X.shape[1], last["seconds"] - first["seconds"]

    return timed


def first_at(history: list[dict[str, Any]], target: float) -> dict[str, Any] | None:
    """Return the first evaluation whose held-out loss is at or below the target."""
    return next((record for record in history if record["validation_loss"] <= target), None)
