"""What Scanpy reads of ours has the form that Scanpy writes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import fe_anndata as fe


@pytest.fixture(autouse=True)
def _no_figure_is_left_open(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def results():
    """Return samples with every result, and the genes as samples."""
    adata = fe.datasets.simulated(90, 40, 3)
    adata.obs["group"] = adata.obs["group"].astype("category")
    fe.tl.train(adata, steps=20, progress=False)
    new = fe.datasets.simulated(90, 40, 3)
    new.obs["group"] = new.obs["group"].astype("category")
    fe.tl.transform(new, adata, progress=False)
    for of in (adata, new):
        fe.tl.embedding_density(of)
        fe.tl.embedding_density(of, groupby="group")
    fe.tl.gene_modules(adata, n_neighbors=8)
    return adata, new, fe.tl.gene_neighbors(adata, 8)


@pytest.fixture(params=["trained", "new"])
def adata(results, request):
    return results[request.param == "new"].copy()


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("group", ["fe_density", "fe_density_group"])
def test_density(adata, group, stored, tmp_path):
    if stored:
        adata.write_h5ad(tmp_path / "a.h5ad")
        adata = sc.read_h5ad(tmp_path / "a.h5ad")
    drawn = np.ravel(sc.pl.embedding_density(adata, basis="fe", key=group, show=False))
    assert len(drawn) == (1 if group == "fe_density" else adata.obs["group"].nunique())
    theirs = adata.copy()
    sc.tl.embedding_density(theirs, "fe", groupby=None if group == "fe_density" else "group")
    ours = adata.uns[f"{group}_params"]
    assert ours["covariate"] == theirs.uns[f"{group}_params"]["covariate"]
    assert list(ours["components"]) == theirs.uns[f"{group}_params"]["components"]


def test_density_of_other_components(adata):
    adata.obsm["X_wide"] = np.column_stack([adata.obsm["X_fe"], np.arange(adata.n_obs)])
    fe.tl.embedding_density(adata, "wide", dimensions=(2, 0))
    ax = sc.pl.embedding_density(adata, basis="wide", key="wide_density", show=False)
    np.testing.assert_array_equal(
        np.sort(np.asarray(ax.collections[0].get_offsets())[:, 0]), np.arange(adata.n_obs)
    )


def test_colours_of_ours(adata):
    fe.pl.embedding(adata, ["group"], show=False)
    ours = list(adata.uns["group_colors"])
    ax = sc.pl.embedding(adata, "fe", color="group", show=False)
    assert list(adata.uns["group_colors"]) == ours
    assert len(ax.get_legend().get_texts()) == len(ours)


def test_neighbours_communities_and_tables(results):
    adata = results[1].copy()
    sc.pp.neighbors(adata, n_neighbors=8, use_rep="X_fe")
    sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False)
    fe.pl.embedding(adata, "leiden", show=False)
    sc.pl.embedding(adata, "fe", color=["leiden", "fe_density"], show=False)
    sc.tl.rank_genes_groups(adata, "group")
    assert len(sc.get.rank_genes_groups_df(adata, "group 1")) == adata.n_vars
    sc.tl.dendrogram(adata, "group", use_rep="X_fe")
    table = sc.get.obs_df(adata, ["group", "fe_density"], [("X_fe", 0), ("X_fe", 1)])
    np.testing.assert_array_equal(table["X_fe-1"], adata.obsm["X_fe"][:, 1])


def test_what_a_new_sample_has(results):
    _, new, _ = results
    sc.pl.embedding(new, "fe", color=["fe_r2", "fe_n_genes", "fe_outlier"], show=False)
    assert "fe_r2" in sc.get.obs_df(new, ["fe_r2"])


def test_genes_as_samples(results):
    adata, _, genes = results
    sc.tl.leiden(genes, flavor="igraph", n_iterations=2, directed=False)
    genes.obsm["X_plane"] = genes.X[:, :2]
    sc.pl.embedding(genes, "plane", color=["leiden", "fe_module"], show=False)
    assert isinstance(genes.obs["fe_module"].dtype, pd.CategoricalDtype)
    assert len(sc.get.var_df(adata, ["fe_module"])) == adata.n_vars
    sc.pp.neighbors(fe.get.genes(adata), n_neighbors=8, use_rep="X")
