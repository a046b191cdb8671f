from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from anndata import AnnData
from sklearn.decomposition import PCA

import fe_anndata as fe


def made(n=120, dim=5):
    draw = np.random.default_rng(0)
    centres = np.eye(4, dim) * 8
    vectors = (centres[np.arange(n) % 4] + draw.normal(size=(n, dim))).astype(np.float32)
    vectors[9] = np.nan
    var = pd.DataFrame({"module": np.arange(n) % 4}, index=[f"g{i}" for i in range(n)])
    return AnnData(np.zeros((0, n), dtype=np.float32), var=var, varm={"fe": vectors})


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_graph_is_that_of_scanpy(metric):
    adata = made()
    genes = fe.tl.gene_neighbors(adata, 10, metric=metric)
    expected = fe.get.genes(adata)
    assert genes.obs_names.equals(expected.obs_names)
    assert genes.var_names.equals(expected.var_names)
    np.testing.assert_array_equal(genes.X, expected.X)
    sc.pp.neighbors(expected, 10, use_rep="X", metric=metric, transformer="sklearn")
    for name in ("distances", "connectivities"):
        assert genes.obsp[name].format == "csr"
        np.testing.assert_allclose(
            genes.obsp[name].toarray(), expected.obsp[name].toarray(), atol=2e-3
        )
    assert (genes.obsp["distances"].getnnz(axis=1) == 9).all()
    assert genes.uns["neighbors"] == expected.uns["neighbors"]


def test_the_graph_of_whitened_vectors(tmp_path):
    adata = made()
    adata.varm["fe"] *= [1, 1, 1, 1, 1e-3]
    genes = fe.tl.gene_neighbors(adata, 10, metric="whitened")
    np.testing.assert_array_equal(genes.X, fe.get.genes(adata).X)
    white = fe.get.genes(adata)
    white.X = PCA(whiten=True).fit_transform(white.X.astype(float))
    sc.pp.neighbors(white, 10, use_rep="X", metric="cosine", transformer="sklearn")
    found, expected = (of.obsp["distances"].toarray() for of in (genes, white))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    plain = fe.tl.gene_neighbors(adata, 10).obsp["distances"]
    assert abs(plain - genes.obsp["distances"]).max() > 0.1
    sc.tl.umap(genes)  # it reads the metric
    genes.write_h5ad(tmp_path / "genes.h5ad")


def test_scanpy_works_on_it_in_place(tmp_path):
    adata = made()
    genes = fe.tl.gene_neighbors(adata)
    sc.tl.leiden(genes, flavor="igraph", n_iterations=2, directed=False)
    sc.tl.umap(genes)
    found = pd.crosstab(genes.obs["leiden"], genes.obs["module"])
    assert ((found > 0).sum(axis=1) == 1).all()  # no module mixes two of the four
    assert genes.obsm["X_umap"].shape == (119, 2)
    genes.write_h5ad(tmp_path / "genes.h5ad")
    assert list(adata.uns) == []


def test_genes_with_the_same_vector():
    adata = made()
    adata.varm["fe"][13] = adata.varm["fe"][17]
    distances = fe.tl.gene_neighbors(adata).obsp["distances"]
    assert (distances.getnnz(axis=1) == 14).all()  # a distance of 0 is a neighbour
    assert distances[12].indices[0] == 16
    assert distances[12].data[0] == 0


def test_bad_input():
    adata = made()
    for n in (1, 120):
        with pytest.raises(ValueError, match="from 2 to the number of genes, 119"):
            fe.tl.gene_neighbors(adata, n)
    with pytest.raises(ValueError, match="'cosine', 'euclidean', 'whitened', not 'dot'"):
        fe.tl.gene_neighbors(adata, metric="dot")
    with pytest.raises(KeyError, match="no gene embedding"):
        fe.tl.gene_neighbors(adata, key="no")
    adata.varm["fe"][4] = 0
    with pytest.raises(ValueError, match="are zero: 'g4'"):
        fe.tl.gene_neighbors(adata)
