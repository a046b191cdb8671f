"""What a training needs of the matrix beside its entries: means, bounds, products."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ..._core import processes
from ...kernels.entry_set import EntrySet
from ...kernels.products import Block, Products
from ...kernels.target import Target
from ...matrix.audit import audit
from ...matrix.rows import InMemory
from ...matrix.values import without_missing
from ...training.holdout import Holdout, hidden_entries
from ...training.problem import Problem

BLOCK = 1024
"""Rows that are dense at a time."""


@dataclass(frozen=True)
class Sums:
    """Sums over the samples that count, those of all processes.

    Attributes
    ----------
    values, number
        Of the observed values of each gene, and how many they are, float64 (n_vars,).
    squares
        Of the squares of all observed values.
    """

    values: np.ndarray
    number: np.ndarray
    squares: float

    @classmethod
    def of(cls, problem: Problem, holdout: Holdout) -> Sums:
        """Take from the audit what samples held out whole add to it; these are read for that."""
        found = problem.audit
        if not processes.agree(not holdout.counted.all()):
            return cls(found.sums, found.observed, found.squares)
        out = audit(InMemory(problem.rows.take(np.flatnonzero(~holdout.counted))))
        return cls(
            found.sums - out.sums, found.observed - out.observed, found.squares - out.squares
        )


def target_of(
    problem: Problem,
    holdout: Holdout,
    sums: Sums,
    centre: Tensor,
    *,
    standardise: bool,
    kept: bool = True,
) -> Target:
    """Return the whole matrix around `centre`, on its device.

    If it is in memory, and `kept`, it is kept in the form that products need.
    """
    device, shape = centre.device, problem.rows.shape
    unseen = holdout.entries
    if problem.audit.n_missing:
        unseen = hidden_entries(problem.rows, holdout.entries)
    return Target.of(
        _products(problem, device, kept),
        (torch.from_numpy(sums.values).to(device), sums.squares),
        EntrySet.of(unseen.rows, unseen.cols, unseen.values, shape, device),
        torch.from_numpy(holdout.counted[:, None].astype(np.float32)).to(device),
        centre,
        standardise,
    )


def _products(problem: Problem, device: torch.device, kept: bool) -> Products:
    rows = problem.rows
    alone = len(rows.parts()) == 1

    def blocks() -> Iterator[tuple[slice, Block]]:
        return (
            (part, Block(without_missing(values), device, alone=alone))
            for part, values in rows.blocks()
        )

    if rows.whole is None or not kept:
        return Products(blocks, rows.shape)
    whole = list(blocks())
    return Products(lambda: whole, rows.shape)


def gene_means(sums: Sums, holdout: Holdout) -> np.ndarray:
    """Return the mean of the observed training entries of each gene, float32; 0 where none is."""
    total, number = sums.values, sums.number
    if not processes.agree(not holdout.counted.all()):
        held_out, n_vars = holdout.entries, len(total)
        of_held_out = torch.from_numpy(
            np.bincount(held_out.cols, held_out.values, minlength=n_vars),
        )
        number_of = torch.from_numpy(np.bincount(held_out.cols, minlength=n_vars))
        processes.add(of_held_out, number_of)
        total, number = total - of_held_out.numpy(), number - number_of.numpy()
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
