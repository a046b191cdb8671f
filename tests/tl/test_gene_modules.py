"""Modules of genes: planted ones are found, and what is written where."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from sklearn.metrics import adjusted_rand_score

import fe_anndata as fe


@pytest.fixture
def adata():
    rng = np.random.default_rng(0)
    module = np.repeat([0, 1, 2], [60, 40, 30])
    vectors = 3 * np.eye(6)[module] + 0.5 * rng.normal(size=(130, 6))
    vectors[5] = np.nan
    var = pd.DataFrame({"planted": module}, index=[f"g{i}" for i in range(130)])
    return AnnData(np.zeros((0, 130), dtype=np.float32), var=var,
                   varm={"fe": vectors.astype(np.float32)})  # fmt: skip


def test_planted_modules_are_found(adata, tmp_path):
    assert fe.tl.gene_modules(adata, resolution=0.3, n_random=50) is None
    found = adata.var["fe_module"]
    known = found.notna()
    assert list(known.index[~known]) == ["g5"]
    assert adjusted_rand_score(adata.var["planted"][known], found[known]) == 1
    table = adata.uns["fe_modules"]
    assert table["n_genes"].tolist() == [59, 40, 30]
    assert found.value_counts().loc[table["module"]].tolist() == [59, 40, 30]
    assert (table["z"] > 5).all()
    own = adata.varm["fe"][100:].astype(float)
    unit = own / np.linalg.norm(own, axis=1, keepdims=True)
    assert table["coherence"][2] == pytest.approx((unit @ unit.T)[np.triu_indices(30, 1)].mean())
    nearest = np.argsort(-(unit @ unit.sum(axis=0)))[:10] + 100
    assert table["genes"][2] == ", ".join(f"g{i}" for i in nearest)
    fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    back = fe.io.read_h5ad(tmp_path / "a.h5ad")
    pd.testing.assert_series_equal(back.var["fe_module"], found)
    assert back.uns["fe_modules"]["genes"].tolist() == table["genes"].tolist()


def test_the_table_calls_genes_by_their_symbols(adata):
    adata.var["symbol"] = [f"S{i}" for i in range(130)]
    by_id, by_symbol = (
        fe.tl.gene_modules(adata, n_random=20, gene_symbols=symbols, copy=True)
        for symbols in (None, "symbol")
    )
    assert by_symbol.var["fe_module"].equals(by_id.var["fe_module"])
    table, named = by_id.uns["fe_modules"], by_symbol.uns["fe_modules"]
    assert named["genes"].tolist() == [genes.replace("g", "S") for genes in table["genes"]]
    assert named["z"].equals(table["z"])


def test_a_seed_gives_the_same_modules(adata):
    first, again = (fe.tl.gene_modules(adata, rng=1, n_random=20, copy=True) for _ in range(2))
    assert first.var["fe_module"].equals(again.var["fe_module"])
    pd.testing.assert_frame_equal(first.uns["fe_modules"], again.uns["fe_modules"])
    assert "fe_module" not in adata.var


@pytest.mark.parametrize(
    ("keywords", "kind", "message"),
    [
        ({"key": "nothing"}, KeyError, "nothing"),
        ({"n_neighbors": 129}, ValueError, "too many for 129 genes"),
        ({"n_neighbors": 0}, ValueError, "n_neighbors"),
        ({"n_random": 0}, ValueError, "n_random"),
        ({"resolution": 0}, ValueError, "positive"),
        ({"resolution": float("nan")}, ValueError, "positive"),
    ],
)
def test_bad_input_writes_nothing(adata, keywords, kind, message):
    with pytest.raises(kind, match=message):
        fe.tl.gene_modules(adata, **keywords)
    assert list(adata.var) == ["planted"]
    assert list(adata.uns) == []


def test_without_igraph(adata, monkeypatch):
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(ImportError, match=r"needs igraph: pip install \"fe-anndata\[modules\]"):
        fe.tl.gene_modules(adata)


def test_module_0_is_the_largest_whatever_comes_first(adata):
    adata = adata[:, ::-1].copy()
    fe.tl.gene_modules(adata, resolution=0.3, n_random=5)
    assert adata.uns["fe_modules"]["n_genes"].tolist() == [59, 40, 30]
    assert adata.var["fe_module"].cat.categories.tolist() == ["0", "1", "2"]
    assert (adata.var["fe_module"].dropna().astype(int) == adata.var["planted"].drop("g5")).all()


def test_modules_of_one_gene_have_no_coherence(adata):
    fe.tl.gene_modules(adata, resolution=1e4, n_random=5)
    table = adata.uns["fe_modules"]
    assert table["n_genes"].tolist() == [1] * 129
    assert table["coherence"].isna().all()
