from __future__ import annotations

import socket

import numpy as np
import pytest
import scanpy as sc
from scipy import sparse

import fe_anndata as fe


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args, **keywords):
        raise AssertionError("asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_pbmc_are_the_log_normalised_cells_of_scanpy():
    adata = fe.datasets.pbmc68k_reduced()
    bundled = sc.datasets.pbmc68k_reduced()
    assert adata.shape == (700, 765)
    assert adata.raw is None
    assert sparse.issparse(adata.X)
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert adata.obs_names.equals(bundled.obs_names)
    assert adata.var_names.equals(bundled.var_names)
    expected = bundled.raw.to_adata()[:, bundled.var_names].X.toarray()
    np.testing.assert_array_equal(adata.X.toarray(), expected)
    assert adata.X.min() >= 0  # not the z-scores
    assert adata.X.max() < 20
    assert adata.obs["bulk_labels"].nunique() == 10
    assert {"X_pca", "X_umap"} <= set(adata.obsm)
    assert {"CD79A", "LYZ"} <= set(adata.var_names)


def test_pbmc_are_new_each_time():
    first = fe.datasets.pbmc68k_reduced()
    first.X.data[:] = 0
    first.obs["bulk_labels"] = "x"
    again = fe.datasets.pbmc68k_reduced()
    assert again.X.data.max() > 0
    assert again.obs["bulk_labels"].nunique() == 10


def test_pbmc_can_be_written(tmp_path):
    fe.io.write_h5ad(fe.datasets.pbmc68k_reduced(), tmp_path / "a.h5ad")


def test_simulated():
    adata = fe.datasets.simulated(60, 40, 7)
    assert adata.shape == (60, 40)
    assert adata.X.dtype == adata.layers["truth"].dtype == np.float32
    assert adata.X.min() == 0
    assert adata.X.flags.c_contiguous
    assert adata.obs_names.is_unique
    assert adata.var_names.is_unique
    assert adata.obs["group"].nunique() == 7
    assert np.ptp(adata.obs["group"].value_counts()) <= 1  # as equal as can be
    assert adata.obsm["factors"].shape == (60, 8)
    assert adata.varm["programmes"].shape == (40, 16)


def test_simulated_noise_and_groups():
    adata = fe.datasets.simulated(400, 200, 5)
    seen = (adata.X > 0) & (adata.layers["truth"] > 2)  # where clipping plays no part
    noise = (adata.X - adata.layers["truth"])[seen]
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert abs(noise.mean()) < 0.01
    factors = (
        adata.to_df().assign(group=adata.obs["group"].to_numpy()).groupby("group", observed=True)
    )
    between = factors.mean().var().sum()
    within = factors.var().mean().sum()
    assert between > 0.5 * within  # groups can be seen


def test_simulated_is_of_low_rank_up_to_clipping():
    adata = fe.datasets.simulated(300, 200, 5)
    unclipped = (adata.layers["truth"] > 0).all(axis=0)
    assert unclipped.sum() > 20
    truth = adata.layers["truth"][:, unclipped]
    values = np.linalg.svd(truth - truth.mean(axis=0), compute_uv=False)
    assert values[16] < 1e-4 * values[0]  # 16 programmes
    assert values[8] > 1e-2 * values[0]  # of more than 8 factors: they are nonlinear


def test_simulated_by_seed():
    def draw(rng):
        return fe.datasets.simulated(20, 10, 2, rng=rng).X.tobytes()

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)
    generator = np.random.default_rng(0)
    assert draw(generator) != draw(generator)  # it moves on
    assert draw(np.random.default_rng(5)) == draw(np.random.default_rng(5))


@pytest.mark.parametrize(
    ("error", "match", "arguments"),
    [
        (ValueError, "n_obs", {"n_obs": 0}),
        (ValueError, "n_vars", {"n_vars": 0}),
        (ValueError, "n_groups", {"n_groups": 0}),
        (ValueError, "30 groups.*not 20", {"n_obs": 20, "n_groups": 30}),
        (TypeError, "rng", {"rng": "0"}),
    ],
)
def test_simulated_refuses(error, match, arguments):
    with pytest.raises(error, match=match):
        fe.datasets.simulated(**{"n_obs": 40, "n_vars": 10, "n_groups": 2, **arguments})
