"""Embeddings by others that place new samples, each as a method of `tl.evaluate` has to be.

A method is a function of the training samples, the number of dimensions and a seed; what it returns
gives the coordinates of samples. Matrices are dense, without missing values.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from anndata import AnnData
from sklearn import decomposition
from torch import nn


class Nmf:
    """Non-negative matrix factorisation of what values are above the least of their gene."""

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        self.least = train.X.min(axis=0)
        self.model = decomposition.NMF(dim, init="nndsvda", max_iter=500, random_state=seed)
        self.model.fit(self._above(train))

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return the coefficients of the components."""
        found: np.ndarray = self.model.transform(self._above(adata))
        return found

    def _above(self, adata: AnnData) -> np.ndarray:
        return np.maximum(adata.X - self.least, 0)


HIDDEN, RATE, MINIBATCH, EPOCHS, PATIENCE, SHARE = 128, 1e-3, 64, 200, 10, 0.1
"""Of the autoencoder: the usual ones, chosen once and never by a result."""


class Autoencoder:
    """A network from genes to a layer of 128, the coordinates, and back, on the squared error.

    It learns by Adam until the loss of a tenth of the training samples has not fallen for ten
    epochs, and is then what it was at the least loss. It sees what FE sees: deviations from gene
    means in units of their overall spread.
    """

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        self.mean = train.X.mean(axis=0)
        self.scale = float((train.X - self.mean).std())
        m = train.n_vars
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.encoder = nn.Sequential(nn.Linear(m, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, dim))
            decoder = nn.Sequential(nn.Linear(dim, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, m))
        network = nn.Sequential(self.encoder, decoder)
        rng = np.random.default_rng(seed)
        rows = rng.permutation(train.n_obs)
        X, held_out = self._standardised(train), rows[: max(1, int(SHARE * len(rows)))]
        _learn(network, X, rows[len(held_out) :], held_out, rng)

    @torch.no_grad()
    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return what the encoder makes of samples."""
        found: np.ndarray = self.encoder(self._standardised(adata)).numpy()
        return found

    def _standardised(self, adata: AnnData) -> torch.Tensor:
        return torch.from_numpy(((adata.X - self.mean) / self.scale).astype(np.float32))


def _learn(
    network: nn.Module,
    X: torch.Tensor,
    rows: np.ndarray,
    held_out: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Train a network to return what it is given, by some rows, until others show no gain."""
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    least, best, waited = np.inf, copy.deepcopy(network.state_dict()), 0
    for _ in range(EPOCHS):
        order = torch.from_numpy(rng.permutation(rows))
        for part in torch.split(order, MINIBATCH):
            optimiser.zero_grad()
            (network(X[part]) - X[part]).square().mean().backward()
            optimiser.step()
        with torch.no_grad():
            loss = float((network(X[held_out]) - X[held_out]).square().mean())
        waited += 1
        if loss < least:
            least, best, waited = loss, copy.deepcopy(network.state_dict()), 0
        if waited == PATIENCE:
            break
    network.load_state_dict(best)
