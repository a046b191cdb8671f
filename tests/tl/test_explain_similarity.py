from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe

KINDS = {"dense": np.asarray, "csr": sparse.csr_matrix, "csc": sparse.csc_matrix}


def made(kind="dense"):
    draw = np.random.default_rng(0)
    X = draw.poisson(2, size=(40, 6)).astype(np.float32)
    X[:, 1] += X[:, 0]
    X[:, 5] = 3
    obs = pd.DataFrame({"group": list("abbc") * 10}, index=[f"s{i}" for i in range(40)])
    return AnnData(
        KINDS[kind](X),
        obs=obs,
        var=pd.DataFrame({"symbol": list("UVWXYZ")}, index=[f"g{i}" for i in range(6)]),
        layers={"twice": KINDS[kind](2 * X), "other": KINDS[kind](X[::-1].copy())},
        varm={"fe": draw.normal(size=(6, 3))},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_samples_add_up_to_pearson(kind):
    adata = made(kind)
    table = fe.tl.explain_similarity(adata, "g0", "g1")
    x, y = made().X[:, :2].T.astype(np.float64)
    r = np.corrcoef(x, y)[0, 1]
    assert table["contribution"].sum() == pytest.approx(r)
    assert table["share"].sum() == pytest.approx(1)
    assert table["share"].is_monotonic_decreasing
    expected = pd.Series(
        (x - x.mean()) * (y - y.mean()) / (40 * x.std() * y.std()), adata.obs_names
    )
    np.testing.assert_allclose(table["contribution"], expected[table.index])
    np.testing.assert_allclose(table["share"], expected[table.index] / r)
    assert table.attrs["correlation"] == pytest.approx(r)
    assert table.attrs["similarity"] == fe.tl.gene_similarity(adata, "g0", "g1").similarity


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_sums_of_their_samples(kind):
    adata = made(kind)
    samples = fe.tl.explain_similarity(adata, "g0", "g1")
    table = fe.tl.explain_similarity(adata, "g0", "g1", groupby="group")
    assert table.index.name == "group"
    of = adata.obs["group"][samples.index]
    grouped = samples.groupby(of.to_numpy())
    assert table["n_samples"].to_dict() == {"a": 10, "b": 20, "c": 10}
    for name, how in {"a": "mean", "b": "mean", "contribution": "sum", "share": "sum"}.items():
        np.testing.assert_allclose(table[name], grouped[name].agg(how)[table.index])
    for group, part in grouped:
        inside = ((part["a"] - part["a"].mean()) * (part["b"] - part["b"].mean())).sum() / 40
        assert table["within"][group] == pytest.approx(inside)


def test_one_group_carries_all():
    # Both genes are up in one group alone: worked by hand, z is 3^0.5 there and -(1/3)^0.5 else.
    X = np.array([[4.0, 8.0], [0, 0], [0, 0], [0, 0]])
    adata = AnnData(X, obs=pd.DataFrame({"g": ["up", "x", "x", "x"]}, index=list("abcd")))
    adata.varm["fe"] = np.eye(2)
    table = fe.tl.explain_similarity(adata, "0", "1", groupby="g")
    np.testing.assert_allclose(table.loc["up", ["a", "b"]].to_numpy(float), [3**0.5, 3**0.5])
    np.testing.assert_allclose(table["share"], [0.75, 0.25])
    np.testing.assert_allclose(table["within"], [0, 0], atol=1e-12)


def test_layers_and_symbols():
    adata = made()
    expected = fe.tl.explain_similarity(adata, "g0", "g1")
    same = fe.tl.explain_similarity(adata, "U", "V", gene_symbols="symbol", layer="twice")
    np.testing.assert_allclose(same["share"], expected["share"])
    other = fe.tl.explain_similarity(adata, "g0", "g1", layer="other")
    assert other.index[0] == adata.obs_names[39 - adata.obs_names.get_loc(expected.index[0])]


def test_missing_values_and_samples_without_a_group():
    adata = made()
    adata.X[3, 0] = adata.X[5, 1] = adata.X[7, 2] = np.nan
    adata.obs["group"] = adata.obs["group"].astype("category")
    adata.obs.loc["s0", "group"] = np.nan
    table = fe.tl.explain_similarity(adata, "g0", "g1")
    assert sorted(set(adata.obs_names) - set(table.index)) == ["s3", "s5"]
    grouped = fe.tl.explain_similarity(adata, "g0", "g1", groupby="group")
    assert grouped["n_samples"].sum() == 38
    assert grouped["share"].sum() == pytest.approx(1)
    assert grouped["n_samples"][grouped.index.isna()].tolist() == [1]


def test_uncorrelated_genes_have_no_shares():
    X = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=np.float32)
    adata = AnnData(X, varm={"fe": np.eye(2)})
    table = fe.tl.explain_similarity(adata, "0", "1")
    assert table["share"].isna().all()
    assert table.attrs["correlation"] == 0


def test_bad_input():
    adata = made()
    with pytest.raises(ValueError, match="'g5' has the same value in all 40"):
        fe.tl.explain_similarity(adata, "g0", "g5")
    with pytest.raises(ValueError, match="different"):
        fe.tl.explain_similarity(adata, "g0", "g0")
    with pytest.raises(KeyError, match="did you mean 'group'"):
        fe.tl.explain_similarity(adata, "g0", "g1", groupby="groups")
    with pytest.raises(KeyError, match="'twice'"):
        fe.tl.explain_similarity(adata, "g0", "g1", layer="twic")
    with pytest.raises(KeyError, match="'g9'"):
        fe.tl.explain_similarity(adata, "g0", "g9")
    with pytest.raises(ValueError, match=r"no sample of adata \(0 in all\)"):
        fe.tl.explain_similarity(adata[:0].copy(), "g0", "g1")
    empty = AnnData(obs=adata.obs, var=adata.var, varm=dict(adata.varm))
    with pytest.raises(ValueError, match=r"adata\.X is empty"):
        fe.tl.explain_similarity(empty, "g0", "g1")
