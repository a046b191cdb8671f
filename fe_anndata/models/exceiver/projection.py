"""Principal components of log profiles, and where a sample lies of which some genes are hidden.

The log profile of a sample is log(1 + 10,000 x / total). Of hidden genes neither the counts nor
their part of the total are known: the total is that of the visible genes, divided by their share of
the mean profile, and a coordinate is divided by the visible share of its component.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from sklearn.decomposition import PCA
from torch import Tensor

from .counts import Counts

TOTAL = 1e4
LEAST = 0.05
"""Visible share of a component below which a coordinate grows no further."""


@dataclass(frozen=True)
class Seen:
    """What is visible of some samples, or of all alike.

    Attributes
    ----------
    share
        Of the mean profile, (n,).
    mean, components
        The mean log profile on each component, and the visible share of it, (n, k).
    """

    share: np.ndarray
    mean: np.ndarray
    components: np.ndarray


@dataclass(frozen=True)
class Projection:
    """Components of log profiles; genes in the order of their numbers.

    Attributes
    ----------
    loadings
        Orthonormal, float32 (m, k).
    mean
        Of the log profiles, float32 (m,).
    share
        Of each gene in all counts, float32 (m,).
    scale
        What coordinates are multiplied with.
    """

    loadings: np.ndarray
    mean: np.ndarray
    share: np.ndarray
    scale: float

    @cached_property
    def _of_genes(self) -> Tensor:
        parts = self.mean[:, None] * self.loadings, self.loadings**2, self.share[:, None]
        return torch.from_numpy(np.hstack(parts))

    def seen(self, visible: np.ndarray) -> Seen:
        """Return what is visible, bool (n, m)."""
        k = self.loadings.shape[1]
        found = (torch.from_numpy(visible).float() @ self._of_genes).numpy()
        return Seen(found[:, -1], found[:, :k], found[:, k:-1])

    def of(self, counts: Counts, seen: Seen) -> np.ndarray:
        """Return coordinates of visible counts, float32 (n, k)."""
        totals = counts.totals / np.maximum(seen.share, 1e-9)
        logs = log_profiles(counts, np.maximum(totals, 1.0), len(self.mean))
        found = (logs @ self.loadings - seen.mean) / np.maximum(seen.components, LEAST)
        return np.asarray(found * self.scale, np.float32)


def log_profiles(counts: Counts, totals: np.ndarray, n_genes: int) -> sparse.csr_matrix:
    """Return log profiles of samples with these totals, float32 CSR."""
    values = np.log1p(TOTAL * counts.counts / totals[counts.sample]).astype(np.float32)
    return sparse.csr_matrix((values, counts.genes, counts.starts), shape=(len(counts), n_genes))


def components(counts: Counts, n_genes: int, k: int) -> tuple[np.ndarray, ...]:
    """Return loadings (m, k), standard deviations (k,) and mean (m,) of log profiles.

    There are as many as `k`, or as the samples allow.
    """
    logs = log_profiles(counts, np.maximum(counts.totals, 1.0), n_genes)
    k = min(k, *(n - 1 for n in logs.shape))
    found = PCA(k, svd_solver="arpack", random_state=0).fit(logs)
    loadings = found.components_.T
    loadings = loadings * np.where((loadings**3).sum(0) < 0, -1, 1)
    return (
        np.ascontiguousarray(loadings, np.float32),
        np.sqrt(found.explained_variance_).astype(np.float32),
        np.asarray(found.mean_, np.float32),
    )
