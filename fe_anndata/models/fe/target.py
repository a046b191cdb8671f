"""What a training needs of the matrix beside its entries: means, bounds, products."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ...kernels.entry_set import EntrySet
from ...kernels.products import Block, Products
from ...kernels.target import Target
from ...matrix.audit import Audit, audit
from ...matrix.rows import InMemory
from ...matrix.values import without_missing
from ...training.holdout import Holdout, hidden_entries
from ...training.problem import Problem

BLOCK = 1024
"""Rows that are dense at a time."""


def target_of(problem: Problem, holdout: Holdout, centre: Tensor, *, standardise: bool) -> Target:
    """Return the whole matrix around `centre`, on its device."""
    device, shape = centre.device, problem.rows.shape
    unseen = holdout.entries
    if problem.audit.n_missing:
        unseen = hidden_entries(problem.rows, holdout.entries)
    sums, squares = _moments(problem, holdout)
    return Target.of(
        _products(problem, device),
        (torch.from_numpy(sums).to(device), squares),
        EntrySet.of(unseen.rows, unseen.cols, unseen.values, shape, device),
        torch.from_numpy(holdout.counted[:, None].astype(np.float32)).to(device),
        centre,
        standardise,
    )


def _products(problem: Problem, device: torch.device) -> Products:
    rows = problem.rows

    def blocks() -> Iterator[tuple[slice, Block]]:
        return ((part, Block(without_missing(values), device)) for part, values in rows.blocks())

    if rows.whole is None:
        return Products(blocks, rows.shape)
    kept = list(blocks())
    return Products(lambda: kept, rows.shape)


def _moments(problem: Problem, holdout: Holdout) -> tuple[np.ndarray, float]:
    """Return the sum of each column over the samples that count, and that of all squares."""
    found = problem.audit
    if holdout.counted.all():
        return found.sums, found.squares
    out = _audit_of_uncounted(problem, holdout)
    return found.sums - out.sums, found.squares - out.squares


def _audit_of_uncounted(problem: Problem, holdout: Holdout) -> Audit:
    return audit(InMemory(problem.rows.take(np.flatnonzero(~holdout.counted))))


def gene_means(problem: Problem, holdout: Holdout) -> np.ndarray:
    """Return the mean of the observed training entries of each gene, float32; 0 where none is."""
    found = problem.audit
    if not holdout.counted.all():
        out = _audit_of_uncounted(problem, holdout)
        total, number = found.sums - out.sums, found.observed - out.observed
    else:
        held_out, n_vars = holdout.entries, problem.rows.shape[1]
        total = found.sums - np.bincount(held_out.cols, held_out.values, minlength=n_vars)
        number = found.observed - np.bincount(held_out.cols, minlength=n_vars)
    return np.where(number > 0, total / np.maximum(number, 1), 0.0).astype(np.float32)


def bounds(problem: Problem, holdout: Holdout) -> tuple[float, float]:
    """Return least and greatest observed training value, by blocks of rows."""
    least, greatest = math.inf, -math.inf
    held_out = holdout.entries
    for part, values in problem.rows.blocks(BLOCK):
        block = values.toarray() if sparse.issparse(values) else values.copy()
        inside = (held_out.rows >= part.start) & (held_out.rows < part.stop)
        block[held_out.rows[inside] - part.start, held_out.cols[inside]] = np.nan
        block = block[holdout.counted[part]]
        if len(block):
            least = float(np.fmin(least, np.fmin.reduce(block, axis=None)))
            greatest = float(np.fmax(greatest, np.fmax.reduce(block, axis=None)))
    return least, greatest
