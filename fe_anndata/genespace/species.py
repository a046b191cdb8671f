"""How well orthologs are found, on pairs held out and on pairs used, never in one number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .align import METHODS, Map, align, guess
from .retrieval import ranks

LOW, HIGH = 40, 60
"""A similarity is called low up to the first percentile and high from the second."""


@dataclass(frozen=True)
class Recipe:
    """How two species are brought into one space.

    Attributes
    ----------
    method
        ``"cca"`` or ``"procrustes"``, see :func:`align`.
    supervised
        Whether orthologs are used at all; if not, genes with similar surroundings are paired.
    refine
        How many times the pairs that the maps find join the pairs the maps were found from.
    k
        Number of neighbours of CSLS; 0 ranks by cosines.
    """

    method: str = METHODS[0]
    supervised: bool = True
    refine: int = 0
    k: int = 10

    def maps(
        self, a: np.ndarray, b: np.ndarray, pairs: np.ndarray, rng: np.random.Generator
    ) -> tuple[Map, Map]:
        """Return the maps of two species; without supervision `pairs` are not used."""
        # Mutual neighbours need CSLS, even if the ranks are those of cosines.
        k = self.k or Recipe.k
        start = None if self.supervised else guess(a, b, k=k, rng=rng)
        known = pairs if self.supervised else pairs[:0]
        return align(a, b, known, method=self.method, refine=self.refine, k=k, start=start)


def score(
    a: np.ndarray,
    b: np.ndarray,
    pairs: np.ndarray,
    recipe: Recipe,
    *,
    folds: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Map, Map]]:
    """Return how well partners are found, per pair and in summary, and the maps of all pairs.

    With supervision each pair is scored twice: held out, by maps from the folds it is not in; and
    used, by the maps from all pairs, as has been published. The candidates are all genes of the
    other species. As a control, the maps of one fold are also found from shuffled pairs, and
    score the pairs that are held out in this fold.

    Parameters
    ----------
    a, b
        Vectors of the two species, (n_a, dim_a) and (n_b, dim_b).
    pairs
        Rows of `a` and of `b` that belong together, int (n, 2); no row twice.
    recipe
        How the spaces are brought together.
    folds
        Number of folds of the pairs.
    rng
        Draws the folds, the shuffled partners and the genes of the unsupervised start.
    """
    fold = rng.permutation(np.arange(len(pairs)) % folds)
    of_all = recipe.maps(a, b, pairs, rng)
    fitted = _scores(a, b, pairs, of_all, recipe.k).assign(pair=np.arange(len(pairs)), fold=fold)
    sizes = (len(a), len(b))
    if not recipe.supervised:
        found = fitted.assign(held_out=True)
        return found, _summary(found, "none", sizes), of_all
    by_fold = []
    for i in range(folds):
        out, used = np.flatnonzero(fold == i), np.flatnonzero(fold != i)
        maps = recipe.maps(a, b, pairs[used], rng)
        by_fold.append(_scores(a, b, pairs[out], maps, recipe.k).assign(pair=out, fold=i))
    shuffled = np.column_stack([pairs[used, 0], pairs[rng.permutation(used), 1]])
    control = _scores(a, b, pairs[out], recipe.maps(a, b, shuffled, rng), recipe.k)
    held_out = pd.concat(by_fold).sort_values("pair").assign(held_out=True)
    found = pd.concat([held_out, fitted.assign(held_out=False)], ignore_index=True)
    tables = [_summary(found, "orthologs", sizes)]
    tables.append(_summary(control.assign(held_out=True), "shuffled orthologs", sizes))
    return found, pd.concat(tables, ignore_index=True), of_all


def classes(rank: np.ndarray, identity: np.ndarray) -> pd.DataFrame:
    """Return ``rna`` and ``dna`` of each pair (high, low or between) and ``class``, which is both.

    RNA similarity is high up to the 40th percentile of the ranks and low from the 60th. DNA
    similarity is low up to the 40th percentile of the identities and high from the 60th. A pair
    that is between in either, or has no identity, has no class (None).
    """
    rna = _levels(-rank.astype(np.float64))
    dna = _levels(identity.astype(np.float64))
    joined = [
        f"{r} RNA, {d} DNA" if {r, d} <= {"high", "low"} else None
        for r, d in zip(rna, dna, strict=True)
    ]
    return pd.DataFrame({"rna": rna, "dna": dna, "class": pd.Series(joined, dtype=object)})


def _levels(values: np.ndarray) -> np.ndarray:
    levels = np.full(len(values), "between", dtype=object)
    known = np.isfinite(values)
    levels[~known] = None
    if known.any():
        low, high = np.percentile(values[known], [LOW, HIGH])
        # If most values are equal, both percentiles are this value: it is neither low nor high.
        levels[known & (values <= low) & (values < high)] = "low"
        levels[known & (values >= high) & (values > low)] = "high"
    return levels


def _scores(
    a: np.ndarray, b: np.ndarray, pairs: np.ndarray, maps: tuple[Map, Map], k: int
) -> pd.DataFrame:
    """Return the cosine of each pair, and the rank of either gene seen from the other."""
    moved_a, moved_b = maps[0](a), maps[1](b)
    cosine = np.einsum("ij,ij->i", moved_a[pairs[:, 0]], moved_b[pairs[:, 1]])
    rank = ranks(moved_a, moved_b, pairs, k)
    rank_back = ranks(moved_b, moved_a, pairs[:, ::-1], k)
    return pd.DataFrame({"similarity": cosine, "rank": rank, "rank_back": rank_back})


def _summary(found: pd.DataFrame, training: str, sizes: tuple[int, int]) -> pd.DataFrame:
    rows = []
    for held_out, pairs in found.groupby("held_out", sort=False):
        sides = [("human to mouse", "rank", sizes[1]), ("mouse to human", "rank_back", sizes[0])]
        for direction, column, candidates in sides:
            rows.append(
                {
                    "training": training,
                    "pairs": "held out" if held_out else "used for training",
                    "direction": direction,
                    "top_1": float((pairs[column] <= 1).mean()),
                    "top_10": float((pairs[column] <= 10).mean()),
                    "median_rank": float(pairs[column].median()),
                    "n_pairs": len(pairs),
                    "n_candidates": candidates,
                }
            )
    return pd.DataFrame(rows)
