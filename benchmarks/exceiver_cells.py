"""Cells that Exceiver is measured on, and what PCA, FE and Exceiver are fitted to of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, train_test_split

import fe_anndata as fe
from benchmarks import cohorts

LABEL = "cell_type"
DIM = 32
TOTAL = 1e4
SMALL: Mapping[str, Any] = {
    "sample_dim": 4, "width": 8, "latents": 3, "heads": 2, "steps": 6, "minibatch_size": 20,
    "evaluate_every": 3,
}  # fmt: skip
"""Options of tiny runs."""


@dataclass(frozen=True)
class Split:
    """Cells to train on, and new ones; counts as float32 CSR.

    Attributes
    ----------
    name
        Of the cohort.
    train, new
        The cells, with the column `LABEL`.
    seed
        Of the split, and of what is trained.
    options
        Of Exceiver.
    tiny
        Whether it is only there to see that all runs.
    """

    name: str
    train: AnnData
    new: AnnData
    seed: int
    options: Mapping[str, Any]
    tiny: bool = False


def simulated(n_obs: int = 160, n_vars: int = 90) -> AnnData:
    """Return counts of three kinds of cells, of four donors."""
    rng = np.random.default_rng(0)
    kind, donor = np.arange(n_obs) % 3, np.arange(n_obs) % 4
    share = np.exp(rng.normal(0, 1, (3, n_vars)))[kind]
    share *= 200 / share.sum(1, keepdims=True)
    X = rng.poisson(share * rng.gamma(5, 0.2, (n_obs, 1))).astype(np.float32)
    obs = {LABEL: kind.astype(str), "donor": donor.astype(str)}
    names = [f"c{i}" for i in range(n_obs)], [f"g{j}" for j in range(n_vars)]
    obs_of, var_of = pd.DataFrame(obs, names[0]), pd.DataFrame(index=names[1])
    return AnnData(sparse.csr_matrix(X), obs_of, var_of)


@cache
def cells(name: str) -> AnnData:
    """Return labelled cells of a cohort."""
    if name == "tiny":
        return simulated()
    adata = fe.io.read_h5ad(cohorts.path_of(name))
    adata.obs_names_make_unique()
    adata = adata[adata.obs[LABEL].notna().to_numpy()].copy()
    adata.X = sparse.csr_matrix(adata.X, dtype=np.float32)
    return adata


def by_donor(adata: AnnData, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all cells but those of a donor, and these; seeds take donors in their order."""
    donors = adata.obs["donor"].astype(str).to_numpy()
    is_new = donors == np.unique(donors)[seed % len(np.unique(donors))]
    return np.flatnonzero(~is_new), np.flatnonzero(is_new)


def at_random(adata: AnnData, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return four fifths of the cells, and the rest."""
    labels = adata.obs[LABEL].astype(str)
    train, new = train_test_split(
        np.arange(adata.n_obs), test_size=0.2, random_state=seed, stratify=labels
    )
    return np.sort(train), np.sort(new)


def by_groups_of_donors(adata: AnnData, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two thirds of the cells and the rest, no donor of which is in both."""
    folds = GroupKFold(3).split(np.zeros(adata.n_obs), groups=adata.obs["donor"].astype(str))
    train, new = list(folds)[seed % 3]
    return train, new


WAYS: Mapping[str, Callable[[AnnData, int], tuple[np.ndarray, np.ndarray]]] = {
    "tiny": by_donor, "pbmc3k": at_random, "kang": by_donor, "baron": by_groups_of_donors,
}  # fmt: skip
"""How new cells are chosen, by cohort; for each donor of kang the other four are trained on."""


@cache
def fitted(name: str, seed: int, steps: int | None) -> Fitted:
    """Return what is fitted to the split of that seed; all parts that ask share it."""
    adata = cells(name)
    train, new = WAYS[name](adata, seed)
    options = dict(SMALL) if name == "tiny" else {} if steps is None else {"steps": steps}
    return Fitted(
        Split(name, adata[train].copy(), adata[new].copy(), seed, options, name == "tiny")
    )


def known(options: argparse.Namespace) -> list[str]:
    """Return the cohorts that are there, and say which are not."""
    if options.tiny:
        return ["tiny"]
    absent = [name for name in options.cohorts if not cohorts.present(name)]
    for name in absent:
        print(f"  {name}: skipped: {cohorts.path_of(name)} is not there")
    return [name for name in options.cohorts if name not in absent]


def log_profiles(X: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return log(1 + 10,000 x / total), float32."""
    return np.log1p(X * (TOTAL / np.maximum(totals, 1))[:, None]).astype(np.float32)


class Fitted:
    """PCA, FE and Exceiver of the training cells of a split, each fitted when it is asked for."""

    def __init__(self, split: Split) -> None:
        self.split = split
        self.dim = 4 if split.tiny else DIM

    @cached_property
    def share(self) -> np.ndarray:
        """The share of each gene in all training counts, never 0."""
        sums = np.asarray(self.split.train.X.sum(0), dtype=np.float64).ravel()
        return (sums + 0.5) / (sums + 0.5).sum()

    def logs(self, adata: AnnData) -> np.ndarray:
        """Return the log profiles of whole cells."""
        X = adata.X.toarray()
        return log_profiles(X, X.sum(1))

    @cached_property
    def pca(self) -> PCA:
        """PCA of log profiles."""
        logs = self.logs(self.split.train)
        return PCA(self.dim, svd_solver="arpack", random_state=self.split.seed).fit(logs)

    @cached_property
    def fe(self) -> AnnData:
        """FE of log profiles."""
        adata = AnnData(self.logs(self.split.train), var=self.split.train.var[[]])
        few = {"steps": 5} if self.split.tiny else {}
        fe.tl.train(adata, sample_dim=self.dim, rng=self.split.seed, progress=False, **few)
        return adata

    @cached_property
    def ours(self) -> AnnData:
        """Exceiver of counts."""
        adata = self.split.train.copy()
        seed, options = self.split.seed, self.split.options
        fe.tl.train(adata, "exceiver", rng=seed, progress=False, **options)
        return adata

    def inner(self) -> Fitted:
        """Return the same of nine tenths of the training cells, the rest being new."""
        n = self.split.train.n_obs
        is_new = np.random.default_rng(self.split.seed).permutation(n) < n // 10
        train, new = self.split.train[~is_new].copy(), self.split.train[is_new].copy()
        of = self.split
        return Fitted(Split(of.name, train, new, of.seed, of.options, of.tiny))

    @cached_property
    def places(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Training and new cells in the coordinates of each method, frozen."""
        train, new = self.split.train, self.split.new
        found = {"PCA": (self.pca.transform(self.logs(train)), self.pca.transform(self.logs(new)))}
        for_fe = AnnData(self.logs(new), var=new.var[[]])
        fe.tl.transform(for_fe, self.fe, progress=False)
        found["FE"] = self.fe.obsm["X_fe"], for_fe.obsm["X_fe"]
        placed = fe.tl.transform(new, self.ours, key="exceiver", progress=False, copy=True)
        found["Exceiver"] = self.ours.obsm["X_exceiver"], placed.obsm["X_exceiver"]
        return found
