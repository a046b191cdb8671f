from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
import torch

import fe_anndata as fe


@pytest.fixture(scope="module")
def trained():
    adata = fe.datasets.simulated(40, 30, 4)
    adata.var["some"] = np.arange(30) >= 4
    fe.tl.train(adata, steps=20, sample_dim=3, mask_var="some", progress=False)
    fe.tl.train(adata, steps=5, key_added="dot", decoder="dot", progress=False)
    return adata


def test_sample_embedding(trained):
    table = fe.get.sample_embedding(trained)
    assert table.columns.tolist() == ["FE1", "FE2", "FE3"]
    assert table.index.equals(trained.obs_names)
    assert (table.dtypes == np.float32).all()
    np.testing.assert_array_equal(table, trained.obsm["X_fe"])


def test_gene_embedding(trained):
    table = fe.get.gene_embedding(trained)
    assert table.index.equals(trained.var_names)
    assert (table.dtypes == np.float32).all()
    np.testing.assert_array_equal(table, trained.varm["fe"])
    assert table.isna().all(axis=1).tolist() == [True] * 4 + [False] * 26


def test_genes(trained):
    genes = fe.get.genes(trained)
    assert genes.obs_names.equals(trained.var_names[4:])
    np.testing.assert_array_equal(genes.X, trained.varm["fe"][4:])
    pd.testing.assert_frame_equal(genes.obs, trained.var[4:])
    genes.obs["mean"] = 0.0
    assert (trained.var["mean"] > 0).all()


def test_genes_and_samples_go_into_scanpy(trained):
    genes, adata = fe.get.genes(trained), trained.copy()
    sc.pp.neighbors(genes, n_neighbors=5, use_rep="X")
    assert genes.obsp["connectivities"].shape == (26, 26)
    sc.pp.neighbors(adata, n_neighbors=5, use_rep="X_fe")
    assert adata.obsp["connectivities"].shape == (40, 40)


def test_history(trained):
    history = fe.get.history(trained)
    assert history.columns.tolist() == [
        "step",
        "epoch",
        "seconds",
        "train_loss",
        "validation_loss",
        "entries_per_second",
    ]
    assert history["step"].tolist() == [0, 15, 20]
    assert history["seconds"].is_monotonic_increasing
    assert history["validation_loss"].iloc[-1] < history["validation_loss"].iloc[0]
    assert np.isnan(history["train_loss"].iloc[0])  # no step was made yet
    assert (history["entries_per_second"].iloc[1:] > 0).all()


def test_losses_are_in_the_units_of_the_matrix():
    plain, scaled = (fe.datasets.simulated(40, 30, 4) for _ in range(2))
    scaled.X = scaled.X * np.float32(16)
    for adata in (plain, scaled):
        fe.tl.train(adata, steps=10, progress=False)
    for loss in ("train_loss", "validation_loss"):
        ratio = fe.get.history(scaled)[loss] / fe.get.history(plain)[loss]
        np.testing.assert_allclose(ratio.dropna(), 256, rtol=1e-4)


def test_model_predicts_what_reconstruct_writes(trained):
    model = fe.get.model(trained)
    assert isinstance(model, torch.nn.Module)
    assert (len(model.samples), len(model.genes)) == (40, 26)
    np.testing.assert_array_equal(model.gene_vectors(), trained.varm["fe"][4:])
    written = fe.tl.reconstruct(trained, copy=True).layers["fe"][:, 4:]
    with torch.no_grad():
        predicted = model.tile(torch.arange(40), torch.arange(26)).numpy()
        pairs = model.entries(torch.arange(26), torch.arange(26)).numpy()
    np.testing.assert_allclose(predicted, written, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(pairs, np.diagonal(written), rtol=1e-5, atol=1e-5)


def test_model_of_some_samples(trained):
    few = trained[[5, 2]].copy()
    np.testing.assert_array_equal(fe.get.model(few).sample_vectors(), trained.obsm["X_fe"][[5, 2]])


def test_another_key(trained):
    assert fe.get.sample_embedding(trained, key="dot").columns[0] == "DOT1"
    assert fe.get.gene_embedding(trained, key="dot").shape == (30, 51)
    assert fe.get.genes(trained, key="dot").shape == (30, 51)
    assert fe.get.model(trained, key="dot").architecture["decoder"] == "dot"
    assert fe.get.history(trained, key="dot")["step"].iloc[-1] == 5


OF_RESULTS = [getattr(fe.get, name) for name in fe.get.__all__ if name != "differences"]


@pytest.mark.parametrize("function", OF_RESULTS)
def test_unknown_key(trained, function):
    needs = {fe.get.token_probabilities: {"sample": "a"}, fe.get.path: {"stops": ["a", "b"]}}
    more = needs.get(function, {})
    with pytest.raises(KeyError, match=r"'(X_)?dott'.*'(X_)?dot'"):
        function(trained, key="dott", **more)
