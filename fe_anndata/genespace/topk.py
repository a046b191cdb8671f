"""Exact similarities, the largest of them, and ranks.

All vectors are compared in float32, which is fast. Where rounding leaves the order open, they are
compared again in float64, in a way that does not depend on their position, so that genes with the
same vector tie to the last bit. Ties come in the order of the genes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

METRICS = ("cosine", "euclidean", "dot")

SPARE = 8
"""How many more genes than asked for are compared again."""

_EPSILON = float(np.finfo(np.float32).eps)

BLOCK_BYTES = 1 << 28
"""How much memory a block of all pairs may take, in bytes."""


@dataclass(frozen=True)
class Comparison:
    """Vectors and a metric to compare them by.

    Parameters
    ----------
    vectors
        Float32 (n_genes, gene_dim), all finite.
    norms
        Their lengths, float32 (n_genes,).
    metric
        One of `METRICS`. Zero vectors have no cosine.
    unit
        For the cosine, the vectors at length 1 (zero vectors stay zero); otherwise `vectors`.
    """

    vectors: np.ndarray
    norms: np.ndarray
    metric: str
    unit: np.ndarray

    def best(self, query: np.ndarray, n: int, left_out: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the `n` genes most similar to a vector and their similarities, best first.

        There are fewer if the space holds fewer.

        Parameters
        ----------
        query
            (gene_dim,); not zero for the cosine.
        n
            At least 1.
        left_out
            Positions of genes that are not answers, int.
        """
        rough = self._rough(query)
        rough[left_out] = -np.inf
        return self._best(rough, query, n)

    def compare(self, query: np.ndarray, gene: int, left_out: int) -> tuple[float, int, int, int]:
        """Return the similarity of a gene to a vector, and how many are closer, tied and farther.

        The gene itself and `left_out` are not counted.
        """
        rough = self._rough(query)
        rivals = np.isfinite(rough)
        rivals[[gene, left_out]] = False
        lead = rough - rough[gene]
        margin = 2 * self._slack(query)
        undecided = np.flatnonzero(rivals & (np.abs(lead) <= margin))
        value = float(exact(self.vectors[[gene]], query, self.metric)[0])
        values = exact(self.vectors[undecided], query, self.metric)
        closer = int(np.count_nonzero(rivals & (lead > margin)) + np.count_nonzero(values > value))
        tied = int(np.count_nonzero(values == value))
        return value, closer, tied, int(np.count_nonzero(rivals)) - closer - tied

    def all_pairs(
        self, n: int, advance: Callable[[int], object] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the `n` most similar other genes of each gene, int64 (n_genes, n), best first.

        Their similarities, float32 (n_genes, n), are returned too. `n` must be less than the
        number of genes; for the cosine no vector may be zero. `advance` is told of genes done.
        """
        size, dim = self.vectors.shape
        k = min(n + SPARE, size - 1)
        rows = max(1, BLOCK_BYTES // (8 * size + 40 * k * dim))
        indices = np.empty((size, n), dtype=np.int64)
        similarities = np.empty((size, n), dtype=np.float32)
        buffer = torch.empty(min(rows, size), size)  # a new one per block takes a third longer
        for first in range(0, size, rows):
            block = np.arange(first, min(first + rows, size))
            rough = buffer[: len(block)]
            indices[block], similarities[block] = self._block(block, n, k, rough)
            if advance is not None:
                advance(len(block))
        return indices, similarities

    def _block(
        self, block: np.ndarray, n: int, k: int, rough: torch.Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """Do the work of `all_pairs` for the genes of a block; `rough` is overwritten."""
        with torch.no_grad():
            table = torch.from_numpy(self.unit)
            torch.mm(table[block[0] : block[-1] + 1], table.T, out=rough)
            if self.metric == "euclidean":
                squares = torch.from_numpy(self.norms) ** 2
                rough.mul_(2).sub_(squares).sub_(squares[block][:, None])
            rough[np.arange(len(block)), block] = -torch.inf
            values, found = rough.topk(k, dim=1)
        # Sorted by gene first, so that the stable sort by score leaves ties in this order.
        best = np.sort(found.numpy(), axis=1)
        scores = exact(self.vectors[best], self.vectors[block][:, None], self.metric)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :n]
        best, scores = np.take_along_axis(best, order, 1), np.take_along_axis(scores, order, 1)
        if k < len(self.vectors) - 1:
            slack = self._slack_of(self.norms[block])
            gap = (values[:, n - 1] - values[:, -1]).numpy()
            for i in np.flatnonzero(gap <= 2 * slack):  # a gene beyond the k may be as similar
                query = self.vectors[block[i]]
                best[i], scores[i] = self._best(rough[i].numpy(), query, n)
        return best, scores

    def _rough(self, query: np.ndarray) -> np.ndarray:
        """Return float32 similarities to a vector; for Euclidean, minus the squared distance."""
        scores: np.ndarray
        if self.metric == "cosine":
            scores = self.unit @ (query / np.linalg.norm(query)).astype(np.float32)
            scores[self._zeros] = -np.inf
            return scores
        scores = self.vectors @ query.astype(np.float32)
        if self.metric == "euclidean":
            scores = 2 * scores - self.norms**2 - np.float32(query @ query)
        return scores

    def _best(self, rough: np.ndarray, query: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
        n = min(n, int(np.count_nonzero(np.isfinite(rough))))
        if n == 0:
            return np.empty(0, dtype=np.int64), np.empty(0)
        lowest = np.partition(rough, len(rough) - n)[len(rough) - n]
        candidates = np.flatnonzero(rough >= lowest - 2 * self._slack(query))
        candidates = candidates[np.isfinite(rough[candidates])]
        scores = exact(self.vectors[candidates], query, self.metric)
        order = np.argsort(-scores, kind="stable")[:n]
        return candidates[order], scores[order]

    def _slack(self, query: np.ndarray) -> float:
        return float(self._slack_of(np.atleast_1d(np.linalg.norm(query)))[0])

    def _slack_of(self, lengths: np.ndarray) -> np.ndarray:
        """Return by how much float32 similarities to vectors of these lengths may be wrong."""
        longest = float(self.norms.max())
        scales = {
            "cosine": np.ones_like(lengths),
            "dot": longest * lengths,
            "euclidean": (longest + lengths) ** 2,
        }
        slack: np.ndarray = (2 * (self.vectors.shape[1] + 8) * _EPSILON) * scales[self.metric]
        return slack

    @cached_property
    def _zeros(self) -> np.ndarray:
        return np.flatnonzero(self.norms == 0)


def exact(vectors: np.ndarray, query: np.ndarray, metric: str) -> np.ndarray:
    """Return similarities, float64: cosine, dot product, or minus the Euclidean distance.

    Products are summed by NumPy, not BLAS, whose order of summing depends on the row. Cosines are
    rounded to 12 digits, so that vectors of one direction tie, whatever their lengths.
    """
    vectors, query = vectors.astype(np.float64), query.astype(np.float64)
    scores: np.ndarray
    if metric == "euclidean":
        scores = -np.sqrt(((vectors - query) ** 2).sum(axis=-1))
        return scores + 0.0  # no minus zero
    scores = (vectors * query).sum(axis=-1)
    if metric == "cosine":
        lengths = np.sqrt((vectors**2).sum(axis=-1)) * np.sqrt((query**2).sum(axis=-1))
        scores = np.round(scores / lengths, 12)
    return scores + 0.0
