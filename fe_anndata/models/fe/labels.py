"""Classes or numbers of samples beside their expression: a head that reads them off phi(u).

While a model is trained, the cross-entropy of a head, or for numbers its squared error in units of
their variance, pulls phi and the samples. In the end the
samples lie where their profiles alone would place them, as new ones do, and the head that is kept
is fitted to them there. Some labels take no part in either, and tell how far it is to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core.log import logger
from ..._core.random import generator
from ...training.problem import Labels, Problem
from .. import classes

PENALTIES = np.logspace(-2, 4, 13)
"""Of the ridge regression of numbers on standardised factors."""
HELD_OUT, MOST_HELD_OUT = 0.05, 500
"""Share of the labels that are held out, and how many at most."""


class Head(nn.Module):
    """What tells k classes apart by so many factors of a sample."""

    def __init__(self, k: int, n_factors: int) -> None:
        super().__init__()
        self.label_weight = nn.Parameter(torch.zeros(k, n_factors))
        self.label_bias = nn.Parameter(torch.zeros(k))

    @property
    def of_labels(self) -> tuple[nn.Parameter, nn.Parameter]:
        """Weights (k, n_factors) and a number for each class."""
        return self.label_weight, self.label_bias


def held_out(problem: Problem, labels: Labels, counted: np.ndarray) -> np.ndarray:
    """Return which samples' labels are held out, bool (n_obs,).

    They are those of samples held out whole, if there are any.
    """
    if not counted.all():
        return ~counted
    ranks = problem.ranks.samples
    known = np.flatnonzero(labels.codes[problem.ranks.rows] != classes.NO_LABEL)
    n = min(int(HELD_OUT * len(known)), MOST_HELD_OUT)
    drawn = np.zeros(len(ranks), dtype=bool)
    drawn[generator(problem.seed, "held-out labels").permutation(known)[:n]] = True
    found: np.ndarray = drawn[ranks]
    return found


def standardised(labels: Labels, known: np.ndarray) -> np.ndarray:
    """Return numbers as z-scores by those of some samples, float32 (n_obs,), 0 where missing."""
    assert labels.numbers is not None
    of = labels.numbers[known & np.isfinite(labels.numbers)]
    spread = max(float(of.std()), 1e-12) if len(of) else 1.0
    z = (labels.numbers - (of.mean() if len(of) else 0.0)) / spread
    found: np.ndarray = np.nan_to_num(z).astype(np.float32)
    return found


@dataclass(frozen=True)
class Naming:
    """The second term of the loss: the mean loss of the labels that are trained on.

    Attributes
    ----------
    head
        Which learns with all else.
    labels
        Of all samples.
    held_out
        Whose labels take no part, bool (n_obs,).
    codes
        The class of each sample, -1 for those that take no part.
    weight
        Of the term.
    numbers
        What is to be predicted instead of classes, standardised, if anything.
    """

    head: Head
    labels: Labels
    held_out: np.ndarray
    codes: Tensor
    weight: float
    numbers: Tensor | None = None

    @classmethod
    def of(
        cls, problem: Problem, counted: np.ndarray, weight: float, n_factors: int
    ) -> Naming | None:
        """Return the term of a problem; None if it has no labels.

        Raises
        ------
        ValueError
            If the samples that are trained on are of fewer than two classes.
        """
        labels = problem.labels
        if labels is None:
            return None
        apart = held_out(problem, labels, counted)
        device = problem.compute.device
        codes = torch.from_numpy(np.where(apart, classes.NO_LABEL, labels.codes)).to(device)
        if labels.numbers is not None:
            numbers = torch.from_numpy(standardised(labels, ~apart)).to(device)
            return cls(Head(1, n_factors).to(device), labels, apart, codes, weight, numbers)
        classes.require_classes(labels, ~apart)
        head = Head(len(labels.classes), n_factors).to(device)
        return cls(head, labels, apart, codes, weight)

    @torch.no_grad()
    def gradients(self, P: Tensor, rows: slice) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of P, the factors of some samples, and of both parts of the head."""
        weight, bias = self.head.of_labels
        known = (self.codes[rows] != classes.NO_LABEL).nonzero()[:, 0]
        slopes = torch.addmm(bias, P[known], weight.T)
        if self.numbers is None:
            slopes = slopes.softmax(1)
            slopes[torch.arange(len(known)), self.codes[rows][known]] -= 1
        else:
            slopes = 2 * (slopes - self.numbers[rows][known][:, None])
        slopes *= self.weight / max(int((self.codes != classes.NO_LABEL).sum()), 1)
        of_factors = torch.zeros_like(P)
        of_factors[known] = slopes @ weight
        return of_factors, slopes.T @ P[known], slopes.sum(0)

    def concluded(self, factors: np.ndarray) -> Named:
        """Return the head of samples where they lie in the end, by their factors (n, k)."""
        if self.labels.numbers is not None:
            return _regressed(self.labels.numbers, factors, self.held_out)
        head, known = Head(len(self.labels.classes), factors.shape[1]), ~self.held_out
        classes.fit(head, factors[known], self.labels.codes[known])
        sides = np.flatnonzero(known), np.flatnonzero(self.held_out)
        facts = classes.judged(self.labels, classes.scores(head, factors), *sides)
        return Named(head.requires_grad_(False), facts)


def _regressed(numbers: np.ndarray, factors: np.ndarray, apart: np.ndarray) -> Named:
    """Return the ridge regression of numbers on factors; those held out tell its R2."""
    from sklearn.linear_model import RidgeCV

    known = np.isfinite(numbers)
    mean, spread = factors[~apart].mean(0), np.maximum(factors[~apart].std(0), 1e-9)
    X = ((factors - mean) / spread).astype(np.float64)
    found = RidgeCV(PENALTIES).fit(X[known & ~apart], numbers[known & ~apart])
    weight = found.coef_ / spread
    head = Head(1, factors.shape[1])
    with torch.no_grad():
        head.label_weight.copy_(torch.from_numpy(weight)[None])
        head.label_bias.fill_(float(found.intercept_ - weight @ mean))
    facts: dict[str, Any] = {"numbers": True}
    told = known & apart
    if told.sum() >= classes.FEW:
        facts["r2_held_out"] = float(found.score(X[told], numbers[told]))
        facts["n_held_out"] = int(told.sum())
        logger.info("R2 of %d held-out labels: %.3f", told.sum(), facts["r2_held_out"])
    return Named(head.requires_grad_(False), facts)


@dataclass(frozen=True)
class Named:
    """What a trained model knows of classes or numbers.

    Attributes
    ----------
    head
        On phi(u).
    facts
        Names of the classes, and how well they are told apart.
    """

    head: Head
    facts: Mapping[str, Any]

    def arrays(self) -> dict[str, Any]:
        """Return all of it by name."""
        weight, bias = (part.detach().numpy() for part in self.head.of_labels)
        return {"weight": weight, "bias": bias, **self.facts}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none for numbers."""
        found = np.asarray(self.facts.get("classes", ()), dtype=object)
        return tuple(map(str, np.atleast_1d(found)))

    def numbers(self, factors: np.ndarray) -> np.ndarray:
        """Return the number of each sample, float32 (n,)."""
        return classes.scores(self.head, factors)[:, 0]

    def probabilities(self, factors: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float32 (n, k)."""
        cooled = classes.temperature({"labels": self.facts})
        return classes.probabilities(self.head, factors.astype(np.float32), cooled)

    @classmethod
    def loaded(cls, stored: Mapping[str, Any] | None) -> Named | None:
        """Return what :meth:`arrays` gave away; None if there are no classes."""
        if stored is None:
            return None
        parts = [torch.from_numpy(np.array(stored[n], np.float32)) for n in ("weight", "bias")]
        head = Head(*parts[0].shape)
        with torch.no_grad():
            for own, value in zip(head.of_labels, parts, strict=True):
                own.copy_(value)
        facts = {name: value for name, value in stored.items() if name not in ("weight", "bias")}
        return cls(head.requires_grad_(False), facts)
