"""Exact similarities, the largest of them, and ranks.

All vectors are compared in float32, which is fast. Those whose place that leaves open are compared
again in float64, each in the same way wherever it stands, so that genes with the same vector are
tied to the last bit; ties come in the order of the genes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

METRICS = ("cosine", "euclidean", "dot")

SPARE = 8
"""How many more than asked for are compared again."""

_EPSILON = float(np.finfo(np.float32).eps)

BLOCK_BYTES = 1 << 28
"""How much memory a block of all pairs may take."""


@dataclass(frozen=True)
class Comparison:
    """Vectors, and one way to compare them.

    Parameters
    ----------
    vectors
        Float32 (n_genes, gene_dim), all finite.
    norms
        Their lengths, float32 (n_genes,).
    metric
        One of `METRICS`. Zero vectors have no cosine.
    unit
        For the cosine, vectors of length 1, or 0; otherwise `vectors` again.
    """

    vectors: np.ndarray
    norms: np.ndarray
    metric: str
    unit: np.ndarray

    def best(self, query: np.ndarray, n: int, left_out: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the `n` best genes for a vector and their similarities; fewer if there are not.

        Parameters
        ----------
        query
            (gene_dim,); not zero for the cosine.
        n
            At least 1.
        left_out
            Genes that are no answers, int.
        """
        rough = self._rough(query)
        rough[left_out] = -np.inf
        return self._best(rough, query, n)

    def compare(self, query: np.ndarray, gene: int, left_out: int) -> tuple[float, int, int, int]:
        """Return how similar a gene is to a vector, and how many are closer, tied and farther.

        The gene itself and `left_out` are not counted.
        """
        rough = self._rough(query)
        rivals = np.isfinite(rough)
        rivals[[gene, left_out]] = False
        apart = rough - rough[gene]
        wide = 2 * self._slack(query)
        open_ = np.flatnonzero(rivals & (np.abs(apart) <= wide))
        here = float(exact(self.vectors[[gene]], query, self.metric)[0])
        there = exact(self.vectors[open_], query, self.metric)
        closer = int(np.count_nonzero(rivals & (apart > wide)) + np.count_nonzero(there > here))
        tied = int(np.count_nonzero(there == here))
        return here, closer, tied, int(np.count_nonzero(rivals)) - closer - tied

    def all_pairs(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the `n` best other genes for each, int64 (n_genes, n), and float32 similarities.

        `n` must be below the number of genes; for the cosine no vector may be zero.
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
        return indices, similarities

    def _block(
        self, block: np.ndarray, n: int, k: int, rough: torch.Tensor
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what `all_pairs` does for the genes of a block; `rough` is written to."""
        with torch.no_grad():
            table = torch.from_numpy(self.unit)
            torch.mm(table[block[0] : block[-1] + 1], table.T, out=rough)
            if self.metric == "euclidean":
                squares = torch.from_numpy(self.norms) ** 2
                rough.mul_(2).sub_(squares).sub_(squares[block][:, None])
            rough[np.arange(len(block)), block] = -torch.inf
            values, found = rough.topk(k, dim=1)
        # In the order of the genes first, so that a stable sort leaves ties in it.
        at = np.sort(found.numpy(), axis=1)
        scores = exact(self.vectors[at], self.vectors[block][:, None], self.metric)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :n]
        at, scores = np.take_along_axis(at, order, 1), np.take_along_axis(scores, order, 1)
        if k < len(self.vectors) - 1:
            slack = self._slack_of(self.norms[block])
            gap = (values[:, n - 1] - values[:, -1]).numpy()
            for i in np.flatnonzero(gap <= 2 * slack):  # what is not among the k may be as near
                query = self.vectors[block[i]]
                at[i], scores[i] = self._best(rough[i].numpy(), query, n)
        return at, scores

    def _rough(self, query: np.ndarray) -> np.ndarray:
        """Return float32 similarities to a vector; minus the square of a Euclidean distance."""
        scores: np.ndarray
        if self.metric == "cosine":
            scores = self.unit @ (query / np.linalg.norm(query)).astype(np.float32)
            scores[self._undirected] = -np.inf
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
        at = np.flatnonzero(rough >= lowest - 2 * self._slack(query))
        at = at[np.isfinite(rough[at])]
        scores = exact(self.vectors[at], query, self.metric)
        order = np.argsort(-scores, kind="stable")[:n]
        return at[order], scores[order]

    def _slack(self, query: np.ndarray) -> float:
        return float(self._slack_of(np.atleast_1d(np.linalg.norm(query)))[0])

    def _slack_of(self, lengths: np.ndarray) -> np.ndarray:
        """Return by how much float32 similarities to vectors of such lengths may be wrong."""
        longest = float(self.norms.max())
        scales = {
            "cosine": np.ones_like(lengths),
            "dot": longest * lengths,
            "euclidean": (longest + lengths) ** 2,
        }
        slack: np.ndarray = (2 * (self.vectors.shape[1] + 8) * _EPSILON) * scales[self.metric]
        return slack

    @cached_property
    def _undirected(self) -> np.ndarray:
        return np.flatnonzero(self.norms == 0)


def exact(vectors: np.ndarray, query: np.ndarray, metric: str) -> np.ndarray:
    """Return similarities, float64: cosine, dot product, or minus the Euclidean distance.

    Products are added up by NumPy, not BLAS, whose order of summing depends on the row. Cosines
    are rounded to 12 digits, so that vectors of different lengths but one direction are tied.
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
