"""A trained model: what it predicts, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models import family
from fe_anndata.models.fe import trained as module
from tests.helpers import choose, fit

RUNS = {
    "inner": {"steps": 15},
    "networks on both sides": {"steps": 15, "gene_hidden": (6,), "hidden": (8,)},
    "concat": {"decoder": "concat", "hidden": (8, 4), "steps": 8},
    "bounded": {"decoder": "concat", "hidden": (8, 4), "output": "bounded", "steps": 8},
    "dot": {"decoder": "dot", "sample_dim": 5, "epochs": 2},
}


@pytest.fixture(scope="module", params=RUNS)
def trained(request, X):
    return fit(X, choose(**RUNS[request.param])).trained


@torch.no_grad()
def test_predictions_are_those_of_the_module(trained, monkeypatch):
    samples, genes = np.array([5, 0, 59]), np.array([80, 3, 3])
    expected = trained.module.tile(torch.from_numpy(samples), torch.from_numpy(genes)).numpy()
    u = trained.samples()[samples]
    np.testing.assert_array_equal(trained.decode(u, genes), expected)
    monkeypatch.setattr(module, "ENTRIES_AT_A_TIME", 4)
    np.testing.assert_allclose(trained.decode(u, genes), expected, rtol=1e-5, atol=1e-5)
    pairs = trained.decode_pairs(samples, genes)
    np.testing.assert_allclose(pairs, np.diag(expected), rtol=1e-5, atol=1e-5)
    assert pairs.dtype == trained.decode(u, genes).dtype == np.float32
    assert trained.can_decode


def test_nowhere_is_not_decoded(trained):
    u = trained.samples()[:3].copy()
    u[1, 0] = np.nan
    decoded = trained.decode(u, np.arange(4))
    assert np.isnan(decoded).any(axis=1).tolist() == [False, True, False]
    assert np.isnan(decoded[1]).all()


def test_many_pairs_are_decoded_in_parts(trained):
    rng = np.random.default_rng(0)
    samples, genes = rng.integers(60, size=70_000), rng.integers(90, size=70_000)
    whole = trained.decode(trained.samples(), np.arange(90))
    found = trained.decode_pairs(samples, genes)
    np.testing.assert_allclose(found, whole[samples, genes], rtol=1e-4, atol=1e-4)


def test_tables_are_those_of_the_module(trained):
    assert trained.samples().dtype == trained.genes().dtype == np.float32
    assert trained.samples().shape == (60, trained.options.sample_dim)
    assert trained.genes().shape == (90, trained.options.gene_dim)
    np.testing.assert_array_equal(trained.samples(), trained.module.samples.numpy())


def test_the_unit_of_the_matrix(trained, X):
    """New samples in another unit are told by it."""
    centre, scale = trained.unit()
    assert centre.shape == (90,)
    if trained.options.center:
        held = np.abs(centre - X.mean(0)).max()
        assert held < 0.5  # but for the entries held out
        assert scale == pytest.approx((X - X.mean(0)).std(), rel=0.1)


def test_arrays_are_all_there_is_to_load(trained):
    arrays = trained.arrays()
    assert set(arrays) == {"imputing", "model", "noise", "preprocessing"}
    assert not {"samples", "genes"} & set(arrays["model"])
    back = family("fe").load(trained.options, trained.samples(), trained.genes(), arrays)
    u, genes = trained.samples(), np.arange(90)
    np.testing.assert_array_equal(back.decode(u, genes), trained.decode(u, genes))
    assert back.residuals.spacing == trained.residuals.spacing
    assert back.residuals.prior == trained.residuals.prior
    assert arrays["preprocessing"]["centered"] == trained.options.center


def test_every_option_has_the_value_that_was_used(trained):
    left = {n for n, v in trained.options.chosen().items() if v == "auto"}
    assert left <= {"validation", "evaluate_every"}


def test_missing_genes_take_no_part(trained, X):
    """Placed by half of the genes, whatever the others hold, or if they are not there at all."""
    known = np.arange(0, 90, 2)
    place = trained.placing(np.arange(90))
    holes = X[:12].copy()
    holes[:, 1::2] = np.nan
    by_holes, by_half = place(holes), trained.placing(known)(X[:12, ::2].copy())
    assert by_holes.n_genes.tolist() == by_half.n_genes.tolist() == [45] * 12
    spread = trained.samples().std()
    np.testing.assert_allclose(by_holes.u, by_half.u, atol=0.02 * spread)
    nothing = place(np.full((2, 90), np.nan, np.float32))
    assert np.isnan(nothing.u).all()
    assert nothing.n_genes.tolist() == [0, 0]


def test_samples_of_the_training_are_placed_where_they_are(X):
    trained = fit(X, choose(steps=45, validation=0)).trained
    placed = trained.placing(np.arange(90))(X.copy())
    apart = np.abs(placed.u - trained.samples()) / trained.samples().std()
    assert apart.max() < 0.1
    assert np.median(apart) < 0.01
    residual = X - trained.decode(placed.u, np.arange(90))
    around = X - X.mean(0)
    expected = 1 - (residual**2).sum(1) / (around**2).sum(1)
    np.testing.assert_allclose(placed.facts["r2"], expected, atol=0.02)
