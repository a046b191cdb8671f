"""Minibatches of tiles: what they read, what they hide, and that they train by any kernel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.matrix.entries import Entries
from fe_anndata.matrix.values import tile
from fe_anndata.models.fe.minibatches import HeldOut
from tests.helpers import choose, fit


def test_a_tile_of_csr_is_that_of_the_array():
    X = sparse.random(30, 20, 0.3, format="csr", dtype=np.float32, random_state=0)
    rows, cols = np.array([29, 0, 3, 4]), np.array([7, 0, 19])
    assert np.array_equal(tile(X, rows, cols), X.toarray()[np.ix_(rows, cols)])


def test_held_out_entries_are_hidden_in_a_tile():
    rng = np.random.default_rng(0)
    held = rng.random((30, 20)) < 0.2
    held[:5] = False
    rows, cols = np.nonzero(held)
    held_out = HeldOut(Entries(rows, cols, np.zeros(len(rows), np.float32)), held.shape)
    some, genes = rng.permutation(30)[:12], rng.permutation(20)[:9]
    values = np.zeros((12, 9), np.float32)
    held_out.hide(values, some, genes)
    assert np.array_equal(np.isnan(values), held[np.ix_(some, genes)])
    all_rows, all_cols = np.divmod(np.arange(600), 20)
    assert np.array_equal(held_out.among(all_rows, all_cols), held.ravel())


@pytest.mark.parametrize("output", ["linear", "bounded"])
@pytest.mark.parametrize("by", ["entries", "samples"])
def test_kernels_train_alike(output, by):
    X = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    X[3, 4:9] = np.nan
    options = choose(
        decoder="concat", output=output, minibatch_size=(20, 25), hidden=(16, 8),
        gene_dim=6, validation=0.1, validation_by=by, steps=3,
    )  # fmt: skip
    one, other = (fit(X, options, kernel=k).trained.module for k in ("cpu", "reference"))
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], rtol=1e-2, atol=1e-2)


def test_a_minibatch_without_an_entry_to_train_on_is_skipped(X):
    """Whole tiles may be missing, or held out when they are small."""
    holes = X.copy()
    holes[:20] = np.where(np.arange(90) < 60, np.nan, holes[:20])
    options = choose(
        decoder="concat", minibatch_size=(1, 1), validation=0.3, steps=200,
        evaluate_every=50, sample_start="random", gene_start="random",
    )  # fmt: skip
    fitted = fit(holes, options)
    assert fitted.history[-1]["step"] == 200
    assert np.isfinite(fitted.history[-1]["train_loss"])
