"""Exact look-ups in a space of gene vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .._core.errors import require_choice
from . import arithmetic
from .names import NameTable
from .numbers import (
    Similarity,
    checked_weights,
    percentile,
    require_direction,
    require_number,
)
from .topk import METRICS as PLAIN
from .topk import Comparison
from .transforms import centred, whitened, without_common

WHITENED = "whitened"
METRICS = (*PLAIN, WHITENED)
"""The last one is the cosine of the whitened vectors."""

LONGEST = 1e18
"""The squared length of a longer vector overflows float32."""

_NOISE = 1e-6
"""A sum of unit vectors that is shorter than this is zero but for rounding."""


@dataclass(frozen=True)
class GeneSpace:
    """Named gene vectors.

    For the cosine a vector of zeros has no direction: such a gene is never an answer, and asking
    about it is an error.

    Parameters
    ----------
    names
        Gene names. A name may repeat; looking it up is then an error.
    vectors
        (n_genes, gene_dim), all finite; kept as float32.
    ids
        Second names of the genes, all different, or None.
    without
        Names of genes that have no vector, for error messages, or None.

    Raises
    ------
    ValueError
        If there are not as many names as vectors, a name is empty or a vector is not finite.
    """

    names: pd.Index
    vectors: np.ndarray
    ids: pd.Index | None = None
    without: pd.Index | None = None

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors)
        if vectors.ndim != 2 or vectors.dtype.kind not in "fiub" or not vectors.shape[1]:
            raise ValueError(
                f"vectors must be an array of numbers (n_genes, gene_dim), not {vectors.dtype} of "
                f"shape {vectors.shape}."
            )
        object.__setattr__(self, "vectors", np.ascontiguousarray(vectors, dtype=np.float32))
        object.__setattr__(self, "names", pd.Index(self.names))
        for names in (self.names, self.ids):
            if names is not None and len(names) != len(vectors):
                raise ValueError(f"{len(names)} names for {len(vectors)} vectors.")
        empty = np.flatnonzero([not isinstance(n, str) or not n.strip() for n in self.names])
        if len(empty):
            raise ValueError(
                f"{len(empty)} gene names are empty or not strings, such as number {empty[0]} "
                "(counted from 0); name these genes or leave them out."
            )
        unusable = np.flatnonzero(~(self.norms < LONGEST))
        if len(unusable):
            raise ValueError(
                f"{len(unusable)} gene vectors hold NaN, infinite or huge values: "
                f"{self._listed(unusable)}; leave these genes out."
            )

    @cached_property
    def norms(self) -> np.ndarray:
        """The lengths of the vectors, float32 (n_genes,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            norms: np.ndarray = np.linalg.norm(self.vectors, axis=1)
        small = np.flatnonzero(norms < 1e-15)  # their squares underflow float32
        norms[small] = np.linalg.norm(self.vectors[small].astype(np.float64), axis=1)
        return norms

    @cached_property
    def unit(self) -> np.ndarray:
        """The vectors at length 1, float32; zero vectors stay zero."""
        # Stored by columns, its product with one vector takes half as long as stored by rows.
        unit = np.array(self.vectors, order="F")
        unit /= np.where(self.norms > 0, self.norms, 1)[:, None]
        return unit

    @cached_property
    def table(self) -> NameTable:
        """The positions of names."""
        return NameTable(self.names, self.ids, self.without)

    def positions(self, genes: Sequence[str]) -> np.ndarray:
        """Return the positions of `genes`, int64; see :class:`.names.NameTable`."""
        return self.table.positions(genes)

    def seen_by(self, metric: str) -> tuple[GeneSpace, str]:
        """Return the space whose vectors a metric compares, and the plain metric it does so by.

        For ``"whitened"`` that is :meth:`whitened` and the cosine, otherwise this space.

        Raises
        ------
        ValueError
            If `metric` is unknown; or if after whitening nothing tells genes apart, as of vectors
            that are all the same or no more than their dimensions and one.
        """
        require_choice(metric, METRICS, "metric")
        return (self._white, "cosine") if metric == WHITENED else (self, metric)

    @cached_property
    def _white(self) -> GeneSpace:
        white = self.whitened()
        n_genes, dim = self.vectors.shape
        if n_genes <= white.vectors.shape[1] + 1:  # the corners of a regular simplex
            raise ValueError(
                f"{n_genes} genes with vectors of {dim} dimensions are all equally similar after "
                f"whitening: metric={WHITENED!r} needs at least {dim + 2} genes; use "
                "metric='cosine'."
            )
        return white

    def similar(
        self,
        genes: Sequence[str],
        n: int,
        metric: str = "cosine",
        weights: Sequence[float] | None = None,
    ) -> pd.DataFrame:
        """Return the `n` genes most similar to `genes`, which are themselves left out.

        Several genes are pooled to the mean of their vectors, weighted if there are `weights`.
        For the cosine each vector is brought to unit length first, so that a long one does not
        count more. There are fewer answers if the space holds fewer.
        """
        space, metric = self.seen_by(metric)
        query = space._queried(genes, metric)
        checked = checked_weights(weights, len(query))
        pooled = np.average(space._summands(query, metric), axis=0, weights=checked)
        if metric == "cosine":
            require_direction(pooled, _NOISE)
        return space.nearest_to(pooled, n, metric, leave_out=query)

    def nearest_to(
        self, vector: np.ndarray, n: int, metric: str = "cosine", leave_out: ArrayLike = ()
    ) -> pd.DataFrame:
        """Return the `n` genes most similar to a vector, ties in the order of the genes.

        Parameters
        ----------
        vector
            (gene_dim,), finite.
        n
            The most answers; there are fewer if the space holds fewer.
        metric
            ``"cosine"``, ``"euclidean"`` or ``"dot"``.
        leave_out
            Positions of genes that are not answers.

        Returns
        -------
        DataFrame
            ``gene``, ``similarity`` (float64; for ``"euclidean"`` minus the distance), ``rank``
            from 1 and, if the space has ids, ``id``.
        """
        require_choice(metric, PLAIN, "metric")
        require_number(n)
        vector = np.asarray(vector, dtype=np.float64)
        if vector.shape != self.vectors.shape[1:] or not np.isfinite(vector).all():
            raise ValueError(
                f"the vector must be {self.vectors.shape[1]} finite numbers, as the genes have, "
                f"not of shape {vector.shape}."
            )
        if metric == "cosine":
            require_direction(vector, 0.0)
        left_out = np.asarray(leave_out, dtype=np.int64)
        best, scores = self._comparison(metric).best(vector, n, left_out)
        table = pd.DataFrame(
            {
                "gene": self.names[best].to_numpy(),
                "similarity": scores,
                "rank": np.arange(1, len(best) + 1),
            }
        )
        return table if self.ids is None else table.assign(id=self.ids[best].to_numpy())

    def arithmetic(self, expression: str, n: int, metric: str = "cosine") -> pd.DataFrame:
        """Return the `n` genes nearest to a sum of genes, such as ``"APOE - APP + BRCA1"``.

        :func:`.arithmetic.parse` says how an expression is written. For the cosine the vectors
        are brought to unit length before they are summed. The genes of the expression are left
        out.
        """
        weights = arithmetic.parse(expression, self.table)
        space, metric = self.seen_by(metric)
        query = space._queried(list(weights), metric)
        total = np.array(list(weights.values())) @ space._summands(query, metric)
        if metric == "cosine":
            require_direction(total, _NOISE)
        return space.nearest_to(total, n, metric, leave_out=query)

    def neighbours(
        self, n: int, metric: str = "cosine", *, advance: Callable[[int], object] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the `n` other genes most similar to each gene, ties in the order of the genes.

        All pairs are compared, in blocks, so that memory is bounded for any number of genes;
        `advance` is told how many genes each block has.

        Returns
        -------
        tuple
            Positions, int64 (n_genes, n), and similarities, float32 (n_genes, n), best first.

        Raises
        ------
        ValueError
            If there are fewer than `n` other genes, or for the cosine a vector is zero.
        """
        space, metric = self.seen_by(metric)
        require_number(n)
        if n > len(self.names) - 1:
            raise ValueError(
                f"{n} neighbours were asked for, but there are only "
                f"{max(len(self.names) - 1, 0)} other genes; ask for fewer."
            )
        space._require_directed(np.arange(len(self.names)), metric)
        return space._comparison(metric).all_pairs(n, advance)

    def similarity(self, a: str, b: str, metric: str = "cosine") -> Similarity:
        """Return how similar two different genes are, with both ranks and percentiles."""
        space, metric = self.seen_by(metric)
        i, j = map(int, space._queried([a, b], metric))
        if i == j:
            raise ValueError(f"give two different genes, not {a!r} twice.")
        comparison = space._comparison(metric)
        value, *of_b = comparison.compare(space.vectors[i], j, left_out=i)
        _, *of_a = comparison.compare(space.vectors[j], i, left_out=j)
        return Similarity(
            similarity=value,
            rank_of_b=1 + of_b[0],
            rank_of_a=1 + of_a[0],
            n_genes=1 + sum(of_b),
            percentile_of_b=percentile(*of_b),
            percentile_of_a=percentile(*of_a),
        )

    def chosen(self, genes: Sequence[str], metric: str = "cosine") -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of genes, each once, and their vectors as they enter sums, float64.

        Raises
        ------
        KeyError, ValueError, TypeError
            As for :meth:`positions`; or if for the cosine a vector is zero.
        """
        space, metric = self.seen_by(metric)
        queried = space._queried(genes, metric).tolist()
        positions = np.array(list(dict.fromkeys(queried)), dtype=np.int64)
        return positions, space._summands(positions, metric)

    def centred(self) -> GeneSpace:
        """Return the space after the mean of all vectors was subtracted."""
        return replace(self, vectors=centred(self.vectors))

    def without_common(self, n_components: int) -> GeneSpace:
        """Return the space centred and without its `n_components` main directions.

        The main directions of the vectors often tell how strongly a gene is expressed, and not
        with which other genes (all-but-the-top, Mu & Viswanath 2018).
        """
        return replace(self, vectors=without_common(self.vectors, n_components))

    def whitened(self) -> GeneSpace:
        """Return the space centred, along its principal directions, each at variance 1.

        Directions without variance are left out.
        """
        return replace(self, vectors=whitened(self.vectors))

    def _queried(self, genes: Sequence[str], metric: str) -> np.ndarray:
        query = self.positions(genes)
        self._require_directed(query, metric)
        return query

    def _summands(self, query: np.ndarray, metric: str) -> np.ndarray:
        """Return vectors of genes as they enter sums, float64: at length 1 for the cosine."""
        vectors: np.ndarray = self.vectors[query].astype(np.float64)
        if metric == "cosine":
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _require_directed(self, query: np.ndarray, metric: str) -> None:
        zero = query[self.norms[query] == 0]
        if metric == "cosine" and len(zero):
            raise ValueError(
                f"the vectors of {len(zero)} genes are zero: {self._listed(zero)}. They have no "
                "direction to compare by cosine; leave them out or use metric='euclidean'."
            )

    def _comparison(self, metric: str) -> Comparison:
        vectors = self.unit if metric == "cosine" else self.vectors
        return Comparison(self.vectors, self.norms, metric, vectors)

    def _listed(self, positions: np.ndarray, shown: int = 5) -> str:
        names = ", ".join(repr(self.names[i]) for i in positions[:shown])
        return f"{names}, ..." if len(positions) > shown else names
