"""What a training takes from the matrix beside its entries, from training entries alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from fe_anndata.matrix.entries import Entries
from fe_anndata.matrix.rows import InMemory
from fe_anndata.models.fe.target import Sums, bounds, gene_means, target_of
from fe_anndata.training.holdout import Holdout, draw
from tests.helpers import KINDS_OF_ROWS, in_order, problem


@pytest.fixture(params=KINDS_OF_ROWS)
def kind(request, monkeypatch):
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 700)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 700)
    monkeypatch.setattr("fe_anndata.models.fe.target.BLOCK", 7)
    return KINDS_OF_ROWS[request.param]


@pytest.fixture(params=["entries", "samples", "missing and entries", "missing and samples"])
def case(request, kind, X):
    """Return a problem, what is held out, and the training entries, NaN elsewhere."""
    X, by = X.copy(), request.param.split()[-1]
    if "missing" in request.param:
        X[[3, 50, 59], [7, 0, 89]] = np.nan
        X[:, 20] = np.nan
    holdout = draw(InMemory(X), 0.2, by, 0, in_order(X.shape))
    training = X.copy()
    training[holdout.entries.rows, holdout.entries.cols] = np.nan
    training[~holdout.counted] = np.nan
    # Of what is held out the greatest and the least, so that a look at it would show.
    rows, cols = holdout.entries.rows, holdout.entries.cols
    X[rows[0], cols[0]], X[rows[1], cols[1]] = 1e3, -1e3
    holdout = draw(InMemory(X), 0.2, by, 0, in_order(X.shape))
    return problem(kind(X)), holdout, training


def test_means_and_bounds(case):
    given, holdout, training = case
    seen = ~np.isnan(training)
    number = np.maximum(seen.sum(0), 1)
    expected = np.where(seen, training, 0).sum(0, dtype=np.float64) / number
    np.testing.assert_allclose(
        gene_means(Sums.of(given, holdout), holdout), expected, rtol=1e-5, atol=1e-6
    )
    assert bounds(given, holdout) == (np.nanmin(training), np.nanmax(training))


def test_the_whole_matrix_around_its_centre(case):
    given, holdout, training = case
    centre = torch.from_numpy(gene_means(Sums.of(given, holdout), holdout))
    around = training - centre.numpy()
    target = target_of(given, holdout, Sums.of(given, holdout), centre, standardise=True)
    assert target.n_observed == np.count_nonzero(~np.isnan(training))
    assert target.scale == pytest.approx(np.sqrt(np.nanmean(around**2)), rel=1e-4)
    assert target.squares == pytest.approx(target.n_observed, rel=1e-4)
    assert np.array_equal(target.counted[:, 0].numpy() > 0, holdout.counted)
    # Products as if hidden entries were zero, of the samples that count.
    Q = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
    product = target.times(Q, target.nothing())[torch.from_numpy(holdout.counted)]
    expected = np.nan_to_num(around)[holdout.counted] @ Q.numpy() / target.scale
    np.testing.assert_allclose(product, expected, atol=2e-3)
    assert target_of(given, holdout, Sums.of(given, holdout), centre, standardise=False).scale == 1


def test_a_block_of_which_all_is_held_out(X, monkeypatch):
    monkeypatch.setattr("fe_anndata.models.fe.target.BLOCK", 59)
    last = np.full(90, 59), np.arange(90)
    holdout = Holdout(Entries(*last, X[last]), np.ones(60, bool))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bounds(problem(X), holdout)
    assert found == (X[:59].min(), X[:59].max())
