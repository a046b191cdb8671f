"""Normal scores: what the ranks of values of a gene would be in a normal distribution.

Ranks are those of Binning-By-Gene (:mod:`.bins`); equal values share the middle of theirs, also the
zeros. Scores are centred and brought to unit variance gene by gene. Of a CSR matrix only stored
values change: they become what they are above the score of a zero, which the centre knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtri

from .bins import UNKNOWN, Blocks, Panel, apply, fit_panel, survey

Floats = NDArray[np.float64]
FLAT = 1e-6
"""A gene whose scores have a smaller standard deviation does not vary."""


@dataclass(frozen=True)
class NormalScores:
    """What makes scores of the values of some genes.

    Attributes
    ----------
    panel
        What ranks are taken among.
    zeros
        The share of zeros among the known values of a gene, where zero is the least value, (m,).
    mean
        Mean of its known scores above that of a zero, (m,).
    scale
        What they are multiplied with, (m,).
    """

    panel: Panel
    zeros: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, blocks: Blocks, observed: Floats, least: float) -> NormalScores:
        """Return what makes scores of a matrix.

        It is passed over three times, or more often if it is large.

        Parameters
        ----------
        blocks
            The matrix.
        observed
            Number of the known values of each gene, (m,).
        least
            The least of all values.
        """
        # Where there are values below it, a zero is one like others, also one that is not stored.
        found = survey(blocks, len(observed), 0.0 if least >= 0 else -np.inf)
        panel, known = fit_panel(blocks, found), np.maximum(observed, 1)
        zeros = np.where(observed > 0, 1 - found.expressed / known, 0.0)
        plain = cls(panel, zeros, np.zeros(len(observed)), np.ones(len(observed)))
        total, squares = np.zeros(len(observed)), np.zeros(len(observed))
        for _, block in blocks():
            scores = plain.above_zero(block)
            total += np.asarray(scores.sum(0, dtype=np.float64)).ravel()
            scores = scores.power(2) if sparse.issparse(scores) else np.square(scores)
            squares += np.asarray(scores.sum(0, dtype=np.float64)).ravel()
        mean = total / known  # what is missing is 0 as yet
        deviation = np.sqrt(np.maximum(squares / known - mean**2, 0))
        scale = np.where(deviation > FLAT, 1 / np.maximum(deviation, FLAT), 0.0)
        return replace(plain, mean=mean, scale=scale)

    @property
    def centre(self) -> NDArray[np.float32]:
        """The mean of what :meth:`above_zero` returns of a gene, (m,)."""
        found: NDArray[np.float32] = (self.mean * self.scale).astype(np.float32)
        return found

    def above_zero(self, block: Any) -> Any:
        """Return scaled scores above that of a zero, float32; the mean where a value is missing."""
        bins = apply(self.panel, block)
        if not sparse.issparse(bins):
            return self._scores(bins, slice(None))
        scores = self._scores(bins.data, bins.indices)
        return sparse.csr_matrix((scores, bins.indices, bins.indptr), bins.shape)

    def _scores(self, bins: NDArray[np.uint16], genes: Any) -> NDArray[np.float32]:
        points = np.maximum(self.panel.points, 1)[genes]
        zeros, mean = self.zeros[genes], self.mean[genes].astype(np.float32)
        # The middle of a rank: from half a point to all but half a one.
        place = ((bins - 0.5) / (self.panel.n_bins - 1) * (points - 1) + 0.5) / points
        found = ndtri(zeros + (1 - zeros) * place).astype(np.float32)
        found -= np.where(zeros > 0, ndtri(zeros / 2), 0).astype(np.float32)
        found = np.where(bins == 0, np.float32(0), found)
        found = np.where(bins == UNKNOWN, mean, found)
        found *= self.scale[genes].astype(np.float32)
        return found
