"""What is expected of the hidden entries of a sample, given those that are seen.

The coordinates of a sample say what the decoder predicts. What the seen genes differ from that
says more, for genes have errors in common: under the noise of :mod:`fe_anndata.kernels.noise` the
hidden entries are expected to be ``V_h (phi(u) + C V_o' S_o^-1 (y_o - V_o phi(u)))``, by what is
stored with the model; no training matrix is needed. The second part is multiplied by a weight, at
most 1, with which the held-out entries of training samples are predicted best. Where few genes are
seen, u may be the place of any training sample, and the mean over these is taken.

This noise is always that with errors in common, also where samples are placed by least squares.
Then they are moved to where they fit best under it, for many coordinates follow the noise of
profiles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..._core import processes
from ...kernels import placement
from ...kernels.noise import Noise
from ...kernels.placement import Landscape, Prior, Quadratic
from ...kernels.target import Target
from ...matrix.entries import Entries
from .reduced_basis import Reduced

ROWS = 128
"""Samples that are completed at a time."""
TOGETHER = 8
"""Samples that show the same genes are completed by themselves if they are so many."""
STEPS = 4
"""By which samples are moved from where they were placed by another noise."""
MOST_POSITIONS = 2048
"""Training samples that a sample may be like; of more, an evenly spaced choice."""
TRIED_ON = 512
"""Training samples whose held-out entries decide."""
PRIOR = 4.0
"""Weight of the prior with which samples are moved. Held-out entries of samples that shaped the
decoder cannot choose it: they ask for 16 or 64, with which new samples are predicted worse."""


@dataclass(frozen=True)
class Completion:
    """How hidden entries follow from seen ones.

    Attributes
    ----------
    noise
        In standardised units.
    weight
        Of what is expected of the errors.
    prior
        Weight of the prior with which samples are moved; 0 if they stay where they are.
    """

    noise: Noise
    weight: float = 1.0
    prior: float = 0.0


class Completing:
    """A decoder and a completion, ready for profiles.

    Parameters
    ----------
    view
        The decoder, in float64.
    table
        Places of the training samples, (n, d).
    completion
        Of the model.
    """

    def __init__(self, view: Reduced, table: Tensor, completion: Completion) -> None:
        dtype = view.loadings.dtype
        self.view, self.completion = view, completion
        noise = completion.noise
        self.noise = Noise(noise.genes.to(dtype), noise.factors.to(dtype))
        self.prior = Prior.of(table.double(), completion.prior).to(dtype)
        self.others = view.factors(table[:: -(-len(table) // MOST_POSITIONS)].to(dtype))

    def __call__(self, u: Tensor, scores: Tensor, gram: Tensor) -> tuple[Tensor, Tensor]:
        """Return places (n, d) and by what factors are expected to differ from theirs, (n, k).

        Where a training sample lies, a new one may lie as well, and few genes do not tell which of
        them it is like. So the mean is taken over their places and its own, each as likely as it
        makes the genes seen.

        Parameters
        ----------
        u
            Where samples were placed, (n, d).
        scores, gram
            ``V' y / D`` and ``V' V / D`` of the genes seen, as for :meth:`Noise.quadratic`.
        """
        profiles = self.noise.quadratic(scores, gram)
        if self.completion.prior:
            u = self._moved(u, profiles)
        own = self.view.factors(u)
        errors = torch.cat([profiles.errors(self.others), profiles.error(own[:, None])], 1)
        likely = torch.softmax(-errors / 2, 1)
        P = likely[:, :-1] @ self.others + likely[:, -1:] * own
        return u, P - own + self.completion.weight * self.noise.expected(scores, gram, P)

    def _moved(self, u: Tensor, profiles: Quadratic) -> Tensor:
        view = self.view
        landscape = Landscape(profiles, view.factors, view.with_tangents, self.prior)
        return placement.refine(landscape, u[:, None], STEPS)[0]

    @torch.no_grad()
    def of_profiles(
        self, u: np.ndarray, X: np.ndarray, genes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return places, and what is to be added to what is decoded there, float32 (n, m).

        Samples with the same genes seen are completed together. Those without any stay as they are.

        Parameters
        ----------
        u
            Where samples were placed, (n, d).
        X
            Their values, in the units of the matrix, (n, m), NaN where hidden.
        genes
            Which of the genes of the model the columns are.
        """
        places, added = np.array(u, np.float32), np.zeros(X.shape, np.float32)
        hidden, V = ~np.isfinite(X), self.view.loadings[torch.from_numpy(genes)]
        noise, centre = (of[torch.from_numpy(genes)] for of in (self.noise.genes, self.view.centre))
        able = np.flatnonzero(np.isfinite(u).all(1) & ~hidden.all(1))
        weighted = V / noise[:, None]
        for rows, gram in _alike(able, hidden, V, weighted):
            seen = torch.from_numpy(~hidden[rows])
            Y = (torch.from_numpy(X[rows]).double() - centre) / self.view.scale
            Y = Y.where(seen, 0.0)
            at, differ = self(torch.from_numpy(places[rows]).double(), Y @ weighted, gram)
            places[rows] = at.float().numpy()
            added[rows] = (self.view.scale * (differ @ V.T)).float().numpy()
        return places, added


def _alike(
    rows: np.ndarray, hidden: np.ndarray, V: Tensor, weighted: Tensor
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Yield a few rows at a time with ``V' V / D`` of the genes that they show.

    It is one, (1, k, k), for rows that show the same genes, and (n, k, k) for those that do so with
    few others.
    """
    if not len(rows):
        return
    _, of, number = np.unique(
        np.packbits(hidden[rows], 1), axis=0, return_inverse=True, return_counts=True
    )
    of = of.reshape(-1)
    for one in np.flatnonzero(number >= TOGETHER):
        alike = rows[of == one]
        gram = _gram(hidden[alike[0]], V, weighted)[None]
        for first in range(0, len(alike), ROWS):
            yield alike[first : first + ROWS], gram
    others = rows[number[of] < TOGETHER]
    for first in range(0, len(others), ROWS):
        part = others[first : first + ROWS]
        yield part, torch.stack([_gram(hidden[row], V, weighted) for row in part])


def _gram(hidden: np.ndarray, V: Tensor, weighted: Tensor) -> Tensor:
    seen = torch.from_numpy(np.flatnonzero(~hidden))
    return V[seen].T @ weighted[seen]


@dataclass(frozen=True)
class Left:
    """What is known of the training samples, to choose a completion by.

    Attributes
    ----------
    table
        Their places, (n, d).
    scores
        ``V' y / D`` of each, (n, k), without what is known of batches, with what `before` predicts
        for hidden entries.
    before
        Factors that hidden entries were filled by, (n, k).
    """

    table: Tensor
    scores: Tensor
    before: Tensor


@torch.no_grad()
def completion_of(
    view: Reduced,
    noise: Noise,
    left: Left,
    target: Target,
    held_out: Entries | None,
    effects: tuple[Tensor, Tensor],
    moved: bool,
) -> Completion:
    """Return the completion with which held-out entries of some training samples are best.

    Parameters
    ----------
    view
        The decoder.
    noise
        With errors in common.
    left
        The training samples.
    target
        The matrix around the centre of `view`.
    held_out
        Entries that shaped nothing, if there are any. Without them the weight is 1.
    effects
        Covariates of the samples, (n, q), and their effects, (m, q).
    moved
        Whether samples are moved by the noise, or stay.
    """
    first = Completion(noise, prior=PRIOR if moved else 0.0)
    if held_out is None:
        return first
    completing = Completing(view, processes.gathered(left.table), first)
    of_own = _told(completing, left, target, held_out, effects)
    inner, squares = processes.total(*of_own)
    return replace(first, weight=min(max(inner / squares, 0.0), 1.0)) if squares > 0 else first


def _told(
    completing: Completing,
    left: Left,
    target: Target,
    held_out: Entries,
    effects: tuple[Tensor, Tensor],
) -> tuple[float, float]:
    """Return how errors of held-out entries go with what is expected of them.

    Over entries of some samples of this process: the sum of products, and of squares expected.
    """
    place, device = processes.place(len(left.table)), left.table.device
    (n,) = processes.total(len(left.table))
    used = (held_out.rows + place.start) % math.ceil(n / TRIED_ON) == 0
    samples, which = np.unique(held_out.rows[used], return_inverse=True)
    if not len(samples):
        return 0.0, 0.0
    view, noise = completing.view, completing.completion.noise
    chosen, rows = (torch.from_numpy(of).to(device) for of in (samples, which))
    columns = torch.from_numpy(held_out.cols[used].astype(np.int64)).to(device)
    covariates, of_genes = effects
    values = torch.from_numpy(held_out.values[used]).to(device)
    values = (values - view.centre[columns]) / view.scale
    values = values - (covariates[chosen][rows] * of_genes[columns]).sum(1)
    V = view.loadings[columns]
    parts = [
        completing(left.table[few].to(V.dtype), *_without_hidden(view, noise, left, target, few))
        for few in torch.split(chosen, ROWS)
    ]
    u, differ = (torch.cat(of_parts) for of_parts in zip(*parts, strict=True))
    error = (values - (view.factors(u)[rows] * V).sum(1)).double()
    expected = (differ[rows].double() * V.double()).sum(1)
    return float(expected @ error), float(expected.square().sum())


def _without_hidden(
    view: Reduced, noise: Noise, left: Left, target: Target, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """Return scores and Gram matrices of the entries that some samples show, (n, k, k)."""
    V = view.loadings
    weighted = V / noise.genes.to(V.dtype)[:, None]
    gram = (V.T @ weighted).repeat(len(chosen), 1, 1)
    scores = left.scores[chosen].to(V.dtype)
    starts = torch.searchsorted(target.hidden.rows, torch.stack([chosen, chosen + 1]))
    columns = target.hidden.columns
    for i, (begin, end) in enumerate(starts.T.tolist()):
        genes = columns[begin:end]
        lost = V[genes].T @ weighted[genes]
        gram[i] -= lost
        scores[i] -= left.before[chosen[i]].to(V.dtype) @ lost
    return scores, gram
