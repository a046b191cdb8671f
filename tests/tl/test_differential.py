"""Genes that differ between groups, from a trained model to what Scanpy reads."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scanpy as sc

import fe_anndata as fe
from tests.models.exceiver.conftest import QUICK, cohort

UNS = "rank_genes_groups_exceiver"
N = 12
"""Genes of which a group has three times as many counts."""


def made(n_obs=160):
    """Return counts of groups a, b and c, of which b differs in the first genes."""
    adata = cohort(n_obs, 100, total=600, apart=0.0)
    draw = np.random.default_rng(3)
    group = np.arange(n_obs) % 4
    X = adata.X.toarray()
    X[np.ix_(group == 1, range(N))] += draw.poisson(2 * X[:, :N].mean(), ((group == 1).sum(), N))
    adata.X = X.astype(np.float32)
    adata.obs["group"] = pd.Categorical(np.array(["a", "b", "c", None], dtype=object)[group])
    adata.obs["alone"] = ["a"] + ["b"] * (n_obs - 1)
    adata.obs["one"], adata.obs["number"] = "x", np.arange(n_obs) * 1.0
    return adata


@pytest.fixture(scope="module")
def trained():
    adata = made()
    more = {"steps": 60, "evaluate_every": 30, "learning_rate": 1e-2}
    fe.tl.train(adata, "exceiver", **QUICK | more)
    return adata


def table(adata, group, key=UNS):
    return sc.get.rank_genes_groups_df(adata, group, key=key).set_index("names")


def test_genes_that_differ_are_found(trained, tmp_path):
    assert fe.tl.differential(trained, "group", key="exceiver") is None
    found = table(trained, "b")
    assert list(found.index[:N].sort_values()) == list(trained.var_names[:N])
    assert (found["pvals_adj"][:N] < 1e-4).all()
    assert (found["logfoldchanges"][:N] > 0.5).all()
    assert found["scores"].is_monotonic_decreasing
    assert set(found.index) == set(trained.var_names)
    # Of two groups that are the same nothing differs.
    fe.tl.differential(
        trained, "group", groups=["a"], reference="c", key="exceiver", key_added="ac"
    )
    same = table(trained, "a", "ac")
    assert trained.uns["ac"]["names"].dtype.names == ("a",)
    assert (same["pvals_adj"] > 0.05).all()
    assert trained.uns["ac"]["params"]["reference"] == "c"
    trained.write_h5ad(tmp_path / "a.h5ad")
    back = fe.io.read_h5ad(tmp_path / "a.h5ad")
    pd.testing.assert_frame_equal(table(back, "b"), found)


def test_changes_are_those_of_modelled_mean_shares(trained):
    fe.tl.differential(trained, "group", reference="a", key="exceiver")
    fe.tl.reconstruct(trained, "expected", key="exceiver")
    shares = trained.layers["expected"] / trained.layers["expected"].sum(1, keepdims=True)
    means = [shares[trained.obs["group"] == g].mean(0) for g in ("b", "a")]
    ours = table(trained, "b").loc[trained.var_names, "logfoldchanges"]
    np.testing.assert_allclose(ours, np.log2(means[0] / means[1]), atol=1e-4)


def test_samples_without_a_group_are_left_out(trained):
    fe.tl.differential(trained, "group", key="exceiver")
    some = trained[trained.obs["group"].notna()].copy()
    fe.tl.differential(some, "group", key="exceiver", key_added="again")
    pd.testing.assert_frame_equal(table(some, "b", "again"), table(trained, "b"), rtol=1e-4)


def test_scanpy_draws_it(trained):
    plt.switch_backend("agg")
    fe.tl.differential(trained, "group", key="exceiver")
    sc.pl.rank_genes_groups(trained, key=UNS, show=False)
    some = trained[trained.obs["group"].notna()].copy()
    sc.pl.rank_genes_groups_dotplot(
        some, n_genes=3, key=UNS, values_to_plot="logfoldchanges", dendrogram=False, show=False
    )
    plt.close("all")


def test_a_layer_and_genes_that_were_not_trained():
    adata = made(80)
    adata.layers["counts"] = adata.X.copy()
    adata.X = np.log1p(adata.X)
    few = QUICK | {"steps": 20}
    fe.tl.train(adata, "exceiver", layer="counts", mask_var=np.arange(100) != 4, **few)
    copied = fe.tl.differential(adata, "group", key="exceiver", copy=True)
    assert UNS not in adata.uns
    assert "g004" not in table(copied, "b").index
    assert len(table(copied, "b")) == 99
    assert copied.uns[UNS]["params"]["layer"] == "counts"


REFUSED = {
    "unknown column": (KeyError, "'group'", {"groupby": "gruop"}),
    "numbers": (TypeError, "astype", {"groupby": "number"}),
    "one group": (ValueError, "1 groups; two", {"groupby": "one"}),
    "a group of one sample": (ValueError, "'a' has one sample", {"groupby": "alone"}),
    "a reference of one sample": (ValueError, "'a' has one sample",
                                  {"groupby": "alone", "reference": "a"}),
    "unknown group": (KeyError, "no group 'd'", {"groups": ["a", "d"]}),
    "unknown reference": (KeyError, "no group 'd'", {"reference": "d"}),
    "nothing but the reference": (ValueError, "beside the reference",
                                  {"groups": ["a"], "reference": "a"}),
    "a name for a list": (TypeError, r"such as \['a'\]", {"groups": "a"}),
    "unknown key": (KeyError, "'exceiver'", {"key": "exceivr"}),
    "a bad name": (ValueError, "key_added", {"key_added": "a/b"}),
}  # fmt: skip


@pytest.mark.parametrize(("error", "said", "given"), REFUSED.values(), ids=REFUSED)
def test_refused(error, said, given, trained):
    adata = trained.copy()
    before = set(adata.uns)
    with pytest.raises(error, match=said):
        fe.tl.differential(adata, **{"groupby": "group", "key": "exceiver", **given})
    assert set(adata.uns) == before


def test_a_model_of_another_family(trained):
    adata = trained.copy()
    adata.X = np.log1p(adata.X)
    fe.tl.train(adata, steps=5, progress=False)
    with pytest.raises(ValueError, match=r"'fe' is not one of counts.*'exceiver'"):
        fe.tl.differential(adata, "group")


@pytest.mark.parametrize("change", [np.log1p, np.negative, lambda X: np.where(X == 3, np.nan, X)])
def test_counts_that_were_changed_since(change, trained):
    adata = trained.copy()
    adata.X = change(adata.X)
    with pytest.raises(ValueError, match=r"changed since the training.*layer='counts'"):
        fe.tl.differential(adata, "group", key="exceiver")


def test_blocks_of_samples_change_nothing(trained, monkeypatch):
    fe.tl.differential(trained, "group", key="exceiver")
    whole = table(trained, "b")
    monkeypatch.setattr("fe_anndata.models.exceiver.trained.ROWS", 7)
    fe.tl.differential(trained, "group", key="exceiver")
    pd.testing.assert_frame_equal(table(trained, "b"), whole, rtol=1e-4)


def test_a_model_is_not_lost(trained):
    with pytest.raises(ValueError, match="holds a trained model"):
        fe.tl.differential(trained, "group", key="exceiver", key_added="exceiver")
    assert "params" in trained.uns["exceiver"]


def test_counts_that_were_changed(trained):
    more = trained.copy()
    more.X = more.X * 3
    shuffled = trained.copy()
    shuffled.X = shuffled.X[::-1]
    for changed in (more, shuffled):
        with pytest.raises(ValueError, match="changed since"):
            fe.tl.differential(changed, "group", key="exceiver")
    fe.tl.differential(trained[::-1].copy(), "group", key="exceiver")


def test_a_group_that_is_named_by_a_number(trained):
    with pytest.raises(KeyError, match="no group 1 in"):
        fe.tl.differential(trained, "group", groups=[1], key="exceiver")
    with pytest.raises(TypeError, match="groups must be a list"):
        fe.tl.differential(trained, "group", groups=1, key="exceiver")


def test_a_training_from_a_path_tells_where_its_counts_are(tmp_path):
    counts = made(40)
    counts.write_h5ad(tmp_path / "counts.h5ad")
    with pytest.raises(KeyError, match=r"fe\.tl\.train\(adata, 'exceiver'\) first"):
        fe.tl.differential(counts, "group", key="exceiver")
    of_path = fe.tl.train(tmp_path / "counts.h5ad", "exceiver", **QUICK)
    with pytest.raises(ValueError, match="without the matrix"):
        fe.tl.differential(of_path, "group", key="exceiver")
    of_path.X = fe.io.read_h5ad(tmp_path / "counts.h5ad").X
    fe.tl.differential(of_path, "group", key="exceiver")
    assert UNS in of_path.uns
