"""Two AnnData matched by gene name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe


def genes(names, vectors, key="fe"):
    X = np.empty((0, len(names)), np.float32)
    return AnnData(X, var=pd.DataFrame(index=list(names)), varm={key: np.float32(vectors)})


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


NAMES = [f"g{i}" for i in range(40)]


def test_genes_are_matched_by_name():
    vectors = normal(40, 4)
    vectors[3] = np.nan
    order = np.random.default_rng(1).permutation(40)
    b = genes([*(NAMES[i] for i in order), "other"], [*vectors[order], np.ones(4)], "k")
    table = fe.tl.compare_gene_spaces(genes(NAMES, vectors), b, key_b="k", k=3)
    np.testing.assert_allclose(table["agreement"], 1, atol=1e-5)
    assert table["n_genes"].tolist() == [39] * 4
    assert table["measure"].tolist() == ["neighbours", "procrustes", "cca", "similarities"]


def test_ids_are_matched_without_versions():
    ids = [f"ENSG{i:011d}" for i in range(40)]
    a = genes([f"{name}.1" for name in ids], normal(40, 4))
    b = genes([f"{name}.2" for name in reversed(ids)], normal(40, 4)[::-1])
    table = fe.tl.compare_gene_spaces(a, b, k=3)
    np.testing.assert_allclose(table["agreement"], 1, atol=1e-5)
    assert table["n_genes"].tolist() == [40] * 4
    twice = genes(["ENSG00000000001.3", "ENSG00000000001.4"], normal(2, 4))
    with pytest.raises(ValueError, match=r"no trained gene in common.*several versions"):
        fe.tl.compare_gene_spaces(a, twice)


def test_two_seeds_agree_better_than_chance():
    adata = fe.datasets.simulated(60, 50, 4)
    for seed, key in enumerate(("fe", "again")):
        fe.tl.train(
            adata, steps=60, gene_dim=4, gene_start="random", rng=seed, key_added=key,
            progress=False,
        )  # fmt: skip
    table = fe.tl.compare_gene_spaces(adata, adata, key_b="again", k=5)
    assert (table["agreement"] > table["chance"]).all()


def test_bad_input():
    a = genes(NAMES, normal(40, 4))
    with pytest.raises(ValueError, match=r"no trained gene in common.*'g0', 'g1'.*'x', 'y'"):
        fe.tl.compare_gene_spaces(a, genes(["x", "y"], normal(2, 4)))
    with pytest.raises(KeyError, match="'k'"):
        fe.tl.compare_gene_spaces(a, a, key_b="k")
    with pytest.raises(TypeError, match="AnnData"):
        fe.tl.compare_gene_spaces(a, "b.h5ad")
    with pytest.raises(ValueError, match="k must be from 1 to 39"):
        fe.tl.compare_gene_spaces(a, a, k=40)
