"""What a list says without a transformer: the predictions that it has to beat.

``unigram`` knows how often a gene is listed. ``bag`` adds up the vectors of the genes before a
place (or of those that are shown), and says that genes come next which lie in that direction: log
probabilities are a <v, sum / (n + k)> + b log p, and the three constants are chosen on the held-out
lists themselves, in its favour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import optimize
from torch import Tensor

MOST_ROWS = 400
"""Places on which the constants are chosen."""

Place = tuple[np.ndarray, int]
"""Genes that are shown, the first ones of a list, and the gene that is asked for."""


def unigram(counts: np.ndarray) -> Tensor:
    """Return log probabilities of genes that were listed so often."""
    p = counts + 0.5
    return torch.from_numpy(np.log(p / p.sum()).astype(np.float32))


class Bag:
    """Places of lists, and what vectors of genes say of them.

    Parameters
    ----------
    places
        Genes that are known, and the one that is asked for; those that are known are no candidates.
    frequencies
        Log probabilities of :func:`unigram`.
    """

    def __init__(self, places: Sequence[Place], frequencies: Tensor) -> None:
        self.places, self.frequencies = places, frequencies
        self.targets = torch.tensor([target for _, target in places])

    def of_frequencies(self) -> float:
        """Return the cross-entropy of the unigram."""
        nothing = torch.zeros(len(self.frequencies), 1)
        of_places = torch.zeros(len(self.places), 1), torch.ones(len(self.places))
        return self.cross_entropy(nothing, (0.0, 1.0, 1.0), of_places)

    def choose(self, vectors: Tensor) -> tuple[float, float, float]:
        """Return the three constants that suit these vectors best."""
        step = max(1, len(self.places) // MOST_ROWS)
        some = Bag(self.places[::step], self.frequencies)
        sums = some.sums(vectors)
        unit = float(vectors.square().mean())

        def constants(logs: np.ndarray) -> tuple[float, float, float]:
            return float(np.exp(logs[0])) / unit, float(np.exp(logs[1])), float(logs[2])

        def loss(logs: np.ndarray) -> float:
            return some.cross_entropy(vectors, constants(logs), sums)

        starts = [np.array([np.log(a), np.log(k), 0.5]) for a in (0.1, 0.3, 1, 3) for k in (5, 50)]
        found = optimize.minimize(
            loss, min(starts, key=loss), method="Nelder-Mead", options={"maxfev": 60}
        )
        return constants(found.x)

    def sums(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum of the vectors that are known at each place, and how many they are."""
        sums = torch.stack([vectors[torch.from_numpy(known)].sum(0) for known, _ in self.places])
        return sums, torch.tensor([len(known) for known, _ in self.places])

    def cross_entropy(
        self,
        vectors: Tensor,
        constants: tuple[float, float, float],
        of_places: tuple[Tensor, Tensor] | None = None,
    ) -> float:
        """Return the mean cross-entropy of all places."""
        a, k, b = constants
        sums, numbers = self.sums(vectors) if of_places is None else of_places
        total = 0.0
        for first in range(0, len(self.places), 256):
            part = slice(first, first + 256)
            context = a * sums[part] / (numbers[part, None] + k)
            scores = torch.addmm(b * self.frequencies, context, vectors.T)
            total += float(self._loss(scores, part).double().sum())
        return total / len(self.places)

    def _loss(self, scores: Tensor, part: slice) -> Tensor:
        scores = scores.clone()
        for row, (known, _) in zip(scores, self.places[part], strict=True):
            row[torch.from_numpy(known)] = -torch.inf
        own = scores.gather(1, self.targets[part, None])[:, 0]
        return scores.logsumexp(1) - own
