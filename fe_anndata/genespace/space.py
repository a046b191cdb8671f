"""Exact look-ups in a space of gene vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from .._core.errors import near, require_choice

METRICS = ("cosine", "euclidean", "dot")


class Similarity(NamedTuple):
    """How alike two genes are, and how they rank among each other's neighbours.

    Attributes
    ----------
    similarity
        Cosine or dot product, or minus the Euclidean distance.
    rank_of_b, rank_of_a
        1 if `b` is the gene most similar to `a`, and the other way round; the gene itself is no
        rival, and ties share the better rank.
    n_genes
        The number of genes ranked, itself excluded.
    """

    similarity: float
    rank_of_b: int
    rank_of_a: int
    n_genes: int


@dataclass(frozen=True)
class GeneSpace:
    """Named gene vectors.

    Parameters
    ----------
    names
        Unique gene names.
    vectors
        Float32 (n_genes, gene_dim), all finite.
    """

    names: pd.Index
    vectors: np.ndarray

    def positions(self, genes: Sequence[str]) -> np.ndarray:
        """Return where `genes` are.

        Raises
        ------
        KeyError
            If one is unknown; near names are given. Case matters.
        ValueError
            If there is none.
        """
        if len(genes) == 0:
            raise ValueError("no gene was given.")
        unknown = [gene for gene in genes if gene not in self.names]
        if unknown:
            hints = "; ".join(f"{gene!r}: {near(str(gene), self.names)}" for gene in unknown[:3])
            raise KeyError(f"{len(unknown)} of {len(genes)} genes are not in the space. {hints}")
        return np.asarray(self.names.get_indexer(pd.Index(genes)))

    def similar(self, genes: Sequence[str], n: int, metric: str = "cosine") -> pd.DataFrame:
        """Return the `n` genes most similar to `genes`, which are themselves left out.

        Several genes are pooled to the mean of their vectors, each first brought to unit length
        for the cosine, so that none counts more for being long.
        """
        require_choice(metric, METRICS, "metric")
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}.")
        query = self.positions(genes)
        vectors = _unit(self.vectors[query]) if metric == "cosine" else self.vectors[query]
        scores = self._scores(vectors.mean(axis=0), metric)
        scores[query] = -np.inf
        n = min(n, len(scores) - len(np.unique(query)))
        # A stable order, so that ties come in the order of the genes.
        best = np.argsort(-scores, kind="stable")[:n]
        return pd.DataFrame(
            {
                "gene": self.names[best].to_numpy(),
                "similarity": scores[best],
                "rank": np.arange(1, len(best) + 1),
            }
        )

    def similarity(self, a: str, b: str, metric: str = "cosine") -> Similarity:
        """Return how alike two different genes are, with both ranks."""
        require_choice(metric, METRICS, "metric")
        i, j = self.positions([a, b])
        if i == j:
            raise ValueError(f"give two different genes, not {a!r} twice.")
        from_a, from_b = (self._scores(self.vectors[k], metric) for k in (i, j))
        return Similarity(
            similarity=float(from_a[j]),
            rank_of_b=_rank(from_a, j, itself=i),
            rank_of_a=_rank(from_b, i, itself=j),
            n_genes=len(self.names) - 1,
        )

    def _scores(self, vector: np.ndarray, metric: str) -> np.ndarray:
        if metric == "cosine":
            scores: np.ndarray = _unit(self.vectors) @ _unit(vector[None])[0]
        elif metric == "dot":
            scores = self.vectors @ vector
        else:
            scores = -np.linalg.norm(self.vectors - vector, axis=1)
        return scores


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: np.ndarray = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def _rank(scores: np.ndarray, of: int, itself: int) -> int:
    closer = scores > scores[of]
    return 1 + int(np.count_nonzero(closer)) - int(closer[itself])
