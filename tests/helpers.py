"""What tests of training share: from a matrix and options to a trained model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from scipy import sparse

from fe_anndata import models, training
from fe_anndata.kernels.device import Compute
from fe_anndata.kernels.entry_set import EntrySet
from fe_anndata.kernels.products import Block, Products
from fe_anndata.kernels.target import Target
from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import ByBlocks, InMemory, Rows
from fe_anndata.models import FE
from fe_anndata.training import Fitted, Problem
from fe_anndata.training.ranks import Ranks
from fe_anndata.training.state import State

CPU = torch.device("cpu")
KINDS_OF_ROWS: dict[str, Callable[[np.ndarray], Rows]] = {
    "array": InMemory,
    "csr": lambda X: InMemory(sparse.csr_matrix(X)),
    "array, by blocks": ByBlocks,
    "csr, by blocks": lambda X: ByBlocks(sparse.csr_matrix(X)),
}
"""What makes rows of an array."""


def of_components(n: int, deviations: tuple[float, ...]) -> np.ndarray:
    """Return `n` samples of 80 genes that are normal in some components, and some noise."""
    draw = np.random.default_rng(0)
    axes = np.linalg.qr(draw.normal(size=(80, len(deviations))))[0]
    scores = draw.normal(size=(n, len(deviations))) * deviations
    X: np.ndarray = scores @ axes.T + 0.2 * draw.normal(size=(n, 80))
    return X.astype(np.float32)


def choose(recipe: str = "default", **changes: Any) -> FE:
    """Return the options of factorized embeddings that a user would get."""
    return models.family("fe").choose(recipe, changes, {})


def in_order(shape: tuple[int, int]) -> Ranks:
    """Return the ranks of names that stand in sorted order."""
    return Ranks(np.arange(shape[0]), np.arange(shape[1]))


def problem(
    X: Any,
    seed: int = 0,
    *,
    ranks: Ranks | None = None,
    starts: Mapping[str, np.ndarray] | None = None,
    kernel: str = "cpu",
) -> Problem:
    """Return what is learned from: a matrix, or rows of one."""
    rows = X if isinstance(X, Rows) else InMemory(X)
    compute = Compute(CPU, "float32", kernel, 1, {})
    ranks = in_order(rows.shape) if ranks is None else ranks
    return Problem(rows, audit(rows), ranks, seed, compute, starts or {})


def fit(
    X: Any,
    options: FE,
    seed: int = 0,
    *,
    ranks: Ranks | None = None,
    starts: Mapping[str, np.ndarray] | None = None,
    kernel: str = "cpu",
    state: State | None = None,
    **more: Any,
) -> Fitted:
    """Train on a matrix, from the start or from a state; `more` is for ``training.fit``."""
    given = problem(X, seed, ranks=ranks, starts=starts, kernel=kernel)
    facts = None if state is None else state.facts
    return training.fit(models.family("fe").task(given, options, facts), state, **more)


def predict(fitted: Fitted) -> np.ndarray:
    """Return what a trained model says of every entry."""
    trained = fitted.trained
    return trained.decode(trained.samples(), np.arange(len(trained.genes())))


def products_of(X: Any, n: int | None = None) -> Products:
    """Return the products of a matrix in memory, in blocks of `n` rows."""
    n = n or max(1, len(X) if isinstance(X, np.ndarray) else X.shape[0])
    kept = [
        (slice(first, min(first + n, X.shape[0])), Block(X[first : first + n], CPU))
        for first in range(0, X.shape[0], n)
    ]
    return Products(lambda: kept, X.shape)


def target_of(
    X: Any,
    hidden: tuple[np.ndarray, np.ndarray] | None,
    offset: torch.Tensor,
    *,
    counted: np.ndarray | None = None,
    standardise: bool = True,
) -> Target:
    """Return a matrix as a target, some entries hidden, given by rows and columns in order."""
    none = np.empty(0, dtype=np.int64)
    rows, cols = (none, none) if hidden is None else hidden
    dense = X if isinstance(X, np.ndarray) else X.toarray()
    counted = np.ones(len(dense), bool) if counted is None else counted
    moments = (
        torch.from_numpy(dense[counted].sum(0, dtype=np.float64)),
        float(np.square(dense[counted], dtype=np.float64).sum()),
    )
    return Target.of(
        products_of(X),
        moments,
        EntrySet.of(rows, cols, dense[rows, cols], dense.shape, CPU),
        torch.from_numpy(counted[:, None].astype(np.float32)),
        offset,
        standardise,
    )


def told(value: object) -> str:
    """Return a value as the id of a test: the same in every process."""
    return re.sub(r" at 0x\w+", "", str(value))
