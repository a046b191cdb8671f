"""Batches of tiles: what they read, what they hide, and that they train by any kernel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fe_anndata.training.in_batches import HeldOut
from fe_anndata.training.names import Names
from scipy import sparse

from fe_anndata.kernels.pair_mlp import cpu, reference
from fe_anndata.matrix.values import tile
from fe_anndata.training import fit, resolve
from fe_anndata.training.holdout import CellSet


def test_a_tile_of_csr_is_that_of_the_array():
    X = sparse.random(30, 20, 0.3, format="csr", dtype=np.float32, random_state=0)
    rows, cols = np.array([29, 0, 3, 4]), np.array([7, 0, 19])
    assert np.array_equal(tile(X, rows, cols), X.toarray()[np.ix_(rows, cols)])


def test_held_out_cells_are_hidden_in_a_tile():
    rng = np.random.default_rng(0)
    held = rng.random((30, 20)) < 0.2
    held[:5] = False
    rows, cols = np.nonzero(held)
    held_out = HeldOut(CellSet(rows, cols, np.zeros(len(rows), np.float32)), held.shape)
    some, genes = rng.permutation(30)[:12], rng.permutation(20)[:9]
    values = np.zeros((12, 9), np.float32)
    held_out.hide(values, some, genes)
    assert np.array_equal(np.isnan(values), held[np.ix_(some, genes)])
    all_rows, all_cols = np.divmod(np.arange(600), 20)
    assert np.array_equal(held_out.among(all_rows, all_cols), held.ravel())


@pytest.mark.parametrize("output", ["linear", "bounded"])
@pytest.mark.parametrize("by", ["cells", "samples"])
def test_kernels_train_alike(output, by):
    X = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
    X[3, 4:9] = np.nan
    config = resolve(
        "default", decoder="concat", output=output, batch_size=(20, 25), hidden=(16, 8),
        gene_dim=6, validation=0.1, validation_by=by, steps=3,
    )  # fmt: skip
    names = Names(np.arange(40), np.arange(50))
    one, other = (
        fit(X, config, seed=0, names=names, kernel=kernel.loss_and_gradients).model
        for kernel in (cpu, reference)
    )
    for name, value in one.state_dict().items():
        torch.testing.assert_close(value, other.state_dict()[name], rtol=1e-2, atol=1e-2)
