"""The hidden counts of new cells as scVI foretells them, where scvi-tools is installed."""

from __future__ import annotations

from importlib import import_module

import numpy as np
from anndata import AnnData
from scipy import sparse

from benchmarks.exceiver_cells import Fitted
from benchmarks.exceiver_counts import asked_of

EPOCHS = 400


def loss(of: Fitted) -> float:
    """Return nats per hidden count; scVI knows no missing counts, and takes hidden ones for 0."""
    scvi = import_module("scvi")
    scvi.settings.seed = of.split.seed
    asked = asked_of(of)
    train = AnnData(of.split.train.X.copy(), var=of.split.train.var[[]])
    visible = sparse.csr_matrix(np.where(asked.hidden, 0, asked.counts), dtype=np.float32)
    scvi.model.SCVI.setup_anndata(train)
    model = scvi.model.SCVI(train, n_latent=10, gene_likelihood="nb")
    model.train(2 if of.split.tiny else EPOCHS)
    new = AnnData(visible, var=of.split.new.var[[]])
    rates = model.get_normalized_expression(new, library_size=1.0, return_numpy=True)
    return asked.loss(np.maximum(rates, 1e-12))
