"""Hidden counts of new cells, foretold by the gene mean, PCA, FE and Exceiver.

A fifth of the genes of each new cell is hidden, the same for all methods, and judged by the
cross-entropy of how its hidden counts are shared out among the hidden genes, in nats per count. PCA
and FE foretell log profiles. Their rates are mixed with the gene mean; how much of it, the ridge of
PCA, and whether the rates of each gene are scaled to its mean in the training ("calibrated"), is
chosen for the least loss on a tenth of the training cells, by models of the other nine tenths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe
from benchmarks.exceiver_cells import TOTAL, Fitted, log_profiles
from fe_anndata._access.reference import reference_of

HIDDEN = 0.2
OF_MEAN = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
RIDGES = (0.3, 1.0, 3.0, 10.0)
"""In units of the ridge that is the prior of probabilistic PCA."""


@dataclass(frozen=True)
class Asked:
    """New cells of which genes are hidden.

    Attributes
    ----------
    counts
        Of the cells, (n, m).
    hidden
        Genes that are hidden of each, bool (n, m).
    logs
        Log profiles of what is visible, by totals that allow for what is not; NaN where hidden.
    """

    counts: np.ndarray
    hidden: np.ndarray
    logs: np.ndarray

    def loss(self, rates: np.ndarray) -> float:
        """Return the nats per hidden count of rates of all genes, up to a factor of each cell."""
        asked = np.where(self.hidden, rates, 0).astype(np.float64)
        shares = asked / asked.sum(1, keepdims=True)
        counts = np.where(self.hidden, self.counts, 0)
        there = counts > 0
        return float(-(counts[there] * np.log(shares[there])).sum() / counts.sum())


def asked_of(of: Fitted) -> Asked:
    """Hide genes of the new cells of a split."""
    counts = of.split.new.X.toarray()
    hidden = np.random.default_rng(of.split.seed).random(counts.shape) < HIDDEN
    visible = np.where(hidden, 0, counts)
    seen = (~hidden) @ of.share
    logs = log_profiles(visible, visible.sum(1) / seen)
    logs[hidden] = np.nan
    return Asked(counts, hidden, logs)


def scores(of: Fitted, asked: Asked, ridge: float) -> np.ndarray:
    """Return scores of PCA from what is visible."""
    pca = of.pca
    L = pca.components_.T
    prior = np.diag(ridge * pca.noise_variance_ / pca.explained_variance_)
    found = np.empty((len(asked.logs), L.shape[1]))
    for i, (row, hidden) in enumerate(zip(asked.logs, asked.hidden, strict=True)):
        seen = L[~hidden]
        found[i] = np.linalg.solve(seen.T @ seen + prior, seen.T @ (row - pca.mean_)[~hidden])
    return found


def shares_of(logs: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return the shares that log profiles stand for; of genes without one, that in the mean."""
    rates = np.expm1(np.maximum(logs, 0)) / TOTAL
    return np.where(np.isnan(rates), mean, rates)


def by_pca(of: Fitted, asked: Asked, ridge: float) -> np.ndarray:
    """Return log profiles that PCA foretells."""
    return np.asarray(of.pca.inverse_transform(scores(of, asked, ridge)), np.float32)


def pca_itself(of: Fitted) -> np.ndarray:
    """Return the log profiles of the training cells as PCA has them."""
    whole = of.pca.transform(of.logs(of.split.train))
    return np.asarray(of.pca.inverse_transform(whole), np.float32)


def by_fe(of: Fitted, asked: Asked, _: float) -> np.ndarray:
    """Return log profiles that FE foretells."""
    new = AnnData(asked.logs.copy(), var=of.split.new.var[[]])
    fe.tl.transform(new, of.fe, progress=False)
    fe.tl.reconstruct(new, "foretold", reference=of.fe)
    return np.asarray(new.layers["foretold"])


def fe_itself(of: Fitted) -> np.ndarray:
    """Return the log profiles of the training cells as FE has them."""
    result = fe.tl.reconstruct(of.fe, "foretold", copy=True)
    assert result is not None
    return np.asarray(result.layers["foretold"])


Foretell = Callable[[Fitted, Asked, float], np.ndarray]
RIVALS: dict[str, tuple[Foretell, Callable[[Fitted], np.ndarray], tuple[float, ...]]] = {
    "PCA": (by_pca, pca_itself, RIDGES),
    "FE": (by_fe, fe_itself, (0.0,)),
}
"""By name: what it foretells of hidden genes, and of the training cells; its ridges."""


def factors_of(of: Fitted, itself: np.ndarray) -> np.ndarray:
    """Return by what the rates of each gene miss its mean in the training."""
    foretold = shares_of(itself, of.share).mean(0)
    counts = of.split.train.X
    true = sparse.diags(1 / np.maximum(counts.sum(1).A1, 1)) @ counts
    return np.asarray((true.mean(0).A1 + 1e-8) / (foretold + 1e-8))


def chosen(
    of: Fitted, asked: Asked, foretell: Foretell, factors: np.ndarray, ridges: tuple[float, ...]
) -> tuple[float, float]:
    """Return the share of the mean and the ridge with the least loss."""
    losses = {}
    for ridge in ridges:
        rates = shares_of(foretell(of, asked, ridge), of.share) * factors
        for part in OF_MEAN:
            losses[part, ridge] = asked.loss((1 - part) * rates + part * of.share)
    return min(losses, key=lambda key: losses[key])


def losses(of: Fitted) -> dict[str, float]:
    """Return nats per hidden count, by method."""
    asked, inner = asked_of(of), of.inner()
    trial = asked_of(inner)
    found = {"gene mean": asked.loss(np.broadcast_to(of.share, asked.counts.shape))}
    for name, (foretell, itself, ridges) in RIVALS.items():
        of_trial, of_all = factors_of(inner, itself(inner)), factors_of(of, itself(of))
        one = np.ones_like(of.share)
        for way, on_trial, on_all in (("", one, one), (", calibrated", of_trial, of_all)):
            part, ridge = chosen(inner, trial, foretell, on_trial, ridges)
            rates = shares_of(foretell(of, asked, ridge), of.share) * on_all
            found[name + way] = asked.loss((1 - part) * rates + part * of.share)
            print(f"  {of.split.name}, {name}{way}: {part:g} of the mean, ridge {ridge:g}: "
                  f"{found[name + way]:.4f}", flush=True)  # fmt: skip
    found["Exceiver"] = asked.loss(by_exceiver(of, asked))
    return found


def by_exceiver(of: Fitted, asked: Asked) -> np.ndarray:
    """Return the shares that Exceiver foretells; hidden genes are missing, and so never seen."""
    counts = np.where(asked.hidden, np.nan, asked.counts).astype(np.float32)
    new = AnnData(counts, var=of.split.new.var[[]])
    fe.tl.transform(new, of.ours, key="exceiver", progress=False)
    reference = reference_of(of.ours, "exceiver")
    at = of.split.new.var_names.get_indexer(reference.genes)
    foretold = reference.model.decode(new.obsm["X_exceiver"], np.arange(len(at)))
    rates = np.broadcast_to(of.share, counts.shape).copy()
    rates[:, at] = foretold / foretold.sum(1, keepdims=True)
    nowhere = np.isnan(rates).any(1)
    rates[nowhere] = of.share
    return rates
