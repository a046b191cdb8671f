"""Genes that set groups apart, from a trained model to a table."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

import fe_anndata as fe
from benchmarks import cohorts
from tests.arrays import ARRAY_TYPES
from tests.models.exceiver.conftest import QUICK
from tests.models.exceiver.conftest import cohort as counts_of
from tests.models.generain.conftest import QUICK as FEW
from tests.models.generain.conftest import cohort as lists_of

N = 5
"""Genes that are higher in group b."""
COLUMNS = ["group", "names", "scores", "difference_predicted", "difference_observed", "auc",
           "noise"]  # fmt: skip


def made(n_obs=90, missing=False):
    """Return log expression of groups a, b and c, of which b differs in the first genes."""
    draw = np.random.default_rng(3)
    group = np.arange(n_obs) % 4
    X = 3 + draw.normal(size=(n_obs, 2)) @ draw.normal(size=(2, 40)) + draw.normal(size=40)
    X += 0.5 * draw.normal(size=X.shape)
    X[np.ix_(group == 1, range(N))] += 3
    X[np.ix_(group == 1, [N])] -= 3
    if missing:
        X[draw.random(X.shape) < 0.1] = np.nan
    adata = fe.datasets.simulated(n_obs, 40, 3)
    adata.X = X.astype(np.float32)
    adata.obs["group"] = pd.Categorical(np.array(["a", "b", "c", None], dtype=object)[group])
    adata.obs["one"], adata.obs["number"] = "x", np.arange(n_obs) * 1.0
    return adata


@pytest.fixture(scope="module")
def trained():
    adata = made(missing=True)
    fe.tl.train(adata, steps=60, sample_dim=4, mask_var=np.arange(40) != 20, progress=False)
    return adata


def of(table, group):
    return table[table["group"] == group].set_index("names")


def test_genes_that_differ_are_first_and_last(trained):
    table = fe.tl.markers(trained, "group")
    assert list(table) == COLUMNS
    assert list(table["group"].unique()) == ["a", "b", "c"]
    assert (table["group"].value_counts() == 39).all()
    assert trained.var_names[20] not in set(table["names"])
    found = of(table, "b")
    assert set(found.index[:N]) == set(trained.var_names[:N])
    assert found.index[-1] == trained.var_names[N]
    assert found["scores"].is_monotonic_decreasing
    assert (found["scores"][:N] > 1).all()
    assert found["scores"].iloc[-1] < -1


@pytest.mark.parametrize("reference", ["rest", "c"])
def test_columns_are_what_they_say(trained, reference):
    table = fe.tl.markers(trained, "group", reference=reference)
    copied = fe.tl.reconstruct(trained, "expected", copy=True)
    group = trained.obs["group"]
    has_one = group.notna().to_numpy()
    this = (group == "b").to_numpy()
    others = has_one & ~this if reference == "rest" else (group == "c").to_numpy()
    found = of(table, "b")
    for gene in trained.var_names[[0, N, 30]]:
        x, p = (values[:, trained.var_names.get_loc(gene)].astype(float)
                for values in (trained.X, copied.layers["expected"]))  # fmt: skip
        known = np.isfinite(x)
        row = found.loc[gene]
        assert row["difference_predicted"] == pytest.approx(p[this].mean() - p[others].mean())
        observed = x[this & known].mean() - x[others & known].mean()
        assert row["difference_observed"] == pytest.approx(observed)
        a, b = x[this & known], x[others & known]
        area = mannwhitneyu(a, b).statistic / (len(a) * len(b))
        assert row["auc"] == pytest.approx(area)
        noise = np.sqrt(((x - p)[has_one & known] ** 2).mean())
        assert row["noise"] == pytest.approx(noise, rel=1e-5)
        score = np.sqrt(abs(row["difference_predicted"] / noise * (2 * area - 1)))
        assert abs(row["scores"]) in (0, pytest.approx(score, rel=1e-5))


def test_so_many_genes_and_groups(trained):
    every = fe.tl.markers(trained, "group")
    few = fe.tl.markers(trained, "group", groups=["c", "b"], n_genes=3)
    expected = pd.concat([every[every["group"] == g][:3] for g in ("c", "b")], ignore_index=True)
    pd.testing.assert_frame_equal(few, expected)


def test_some_of_the_samples(trained):
    some = trained[trained.obs["group"].notna()][::-1].copy()
    table = fe.tl.markers(some, "group")
    pd.testing.assert_frame_equal(table, fe.tl.markers(trained, "group"), rtol=1e-5)


def test_blocks_change_nothing(trained, monkeypatch):
    whole = fe.tl.markers(trained, "group", reference="a")
    module = importlib.import_module("fe_anndata.tl.markers")  # the verb has its name
    monkeypatch.setattr(module, "VALUES", 300)
    found = fe.tl.markers(trained, "group", reference="a")
    pd.testing.assert_frame_equal(found, whole, rtol=1e-4, atol=1e-6)


def test_a_layer(trained):
    adata = trained.copy()
    adata.layers["other"] = np.nan_to_num(adata.X) + 1
    ours = of(fe.tl.markers(adata, "group", layer="other"), "b")
    theirs = of(fe.tl.markers(adata, "group"), "b").loc[ours.index]
    np.testing.assert_array_equal(ours["difference_predicted"], theirs["difference_predicted"])
    assert (ours["auc"] != theirs["auc"]).any()
    adata.layers["other"][0, 0] = np.inf
    with pytest.raises(ValueError, match=r"layers\['other'\] holds infinite values"):
        fe.tl.markers(adata, "group", layer="other")
    with pytest.raises(KeyError, match="'other'"):
        fe.tl.markers(adata, "group", layer="othr")


@pytest.mark.parametrize("kind", ["csr", "csc", "view", "float64", "backed csr", "dask dense"])
def test_every_kind_of_matrix(kind, tmp_path):
    adata = made()
    adata.X = np.maximum(np.rint(adata.X), 0).astype(np.float32)
    del adata.layers["truth"]
    fe.tl.train(adata, steps=20, sample_dim=4, progress=False)
    expected = fe.tl.markers(adata, "group")
    other = ARRAY_TYPES[kind].convert(adata, tmp_path)
    pd.testing.assert_frame_equal(fe.tl.markers(other, "group"), expected, rtol=1e-5)


def test_counts_are_taken_per_total():
    adata = counts_of(80, 60, apart=1.5)
    adata.obs["kind"] = adata.obs["kind"].astype("category")
    deep = np.where(adata.obs["kind"] == "1", 4, 1)[:, None]
    adata.X = adata.X.multiply(deep).tocsr().astype(np.float32)
    fe.tl.train(adata, "exceiver", **QUICK)
    found = of(fe.tl.markers(adata, "kind", key="exceiver"), "1").loc[adata.var_names]
    # Samples of group 1 are four times as deep, in which no gene may be higher for that.
    total = fe.tl.reconstruct(adata, "e", key="exceiver", copy=True).layers["e"].sum(1)[0]
    X = adata.X.toarray()
    X *= total / X.sum(1, keepdims=True)
    this = (adata.obs["kind"] == "1").to_numpy()
    expected = X[this].mean(0) - X[~this].mean(0)
    np.testing.assert_allclose(found["difference_observed"], expected, rtol=1e-3, atol=1e-3)
    area = [mannwhitneyu(x[this], x[~this]).statistic / (this.sum() * (~this).sum()) for x in X.T]
    np.testing.assert_allclose(found["auc"], area, atol=0.02)  # rounding breaks ties


def test_a_family_that_does_not_decode():
    adata = lists_of()
    fe.tl.train(adata, "generain", **FEW)
    with pytest.raises(ValueError, match="does not predict expression"):
        fe.tl.markers(adata, "kind", key="generain")


def test_a_group_that_is_called_rest():
    adata = made()
    fe.tl.train(adata, steps=20, progress=False)
    adata.obs["group"] = adata.obs["group"].cat.rename_categories({"a": "rest"})
    with pytest.warns(UserWarning, match="has a group 'rest'.*rename it"):
        table = fe.tl.markers(adata, "group")
    assert list(table["group"].unique()) == ["rest", "b", "c"]
    renamed = adata.obs["group"].astype(object).replace("rest", "others")
    adata.obs["group"] = renamed
    expected = fe.tl.markers(adata, "group", groups=["others", "b", "c"])
    pd.testing.assert_frame_equal(table.drop(columns="group"), expected.drop(columns="group"))


REFUSED = {
    "unknown column": (KeyError, "'group'", {"groupby": "gruop"}),
    "numbers": (TypeError, "astype", {"groupby": "number"}),
    "one group": (ValueError, "1 groups; two", {"groupby": "one"}),
    "unknown group": (KeyError, "no group 'd'", {"groups": ["a", "d"]}),
    "unknown reference": (KeyError, "no group 'd'", {"reference": "d"}),
    "nothing but the reference": (ValueError, "beside the reference",
                                  {"groups": ["a"], "reference": "a"}),
    "a name for a list": (TypeError, r"such as \['a'\]", {"groups": "a"}),
    "unknown key": (KeyError, "'fe'", {"key": "ef"}),
    "no gene": (ValueError, "n_genes must be at least 1", {"n_genes": 0}),
    "half a gene": (TypeError, "n_genes must be a whole number", {"n_genes": 2.5}),
}  # fmt: skip


@pytest.mark.parametrize(("error", "said", "given"), REFUSED.values(), ids=REFUSED)
def test_refused(error, said, given, trained):
    with pytest.raises(error, match=said):
        fe.tl.markers(trained, **{"groupby": "group", **given})


def test_values_that_were_changed_since(trained):
    changed = trained.copy()
    changed.X = changed.X * 2
    with pytest.raises(ValueError, match="changed since"):
        fe.tl.markers(changed, "group")


@pytest.mark.data
def test_known_markers_of_blood_cells():
    if not cohorts.present("pbmc3k"):
        pytest.skip("PBMC 3k is absent; name the folder of the cohorts in FE_ANNDATA_DATA")
    from benchmarks.new_samples import normalised

    adata = normalised(cohorts.load("pbmc3k")[::2])
    fe.tl.train(adata, sample_dim=8, progress=False)
    table = fe.tl.markers(adata, "cell_type", n_genes=12)
    known = {"B": "CD79A", "CD14+ Mono": "S100A8", "NK": "GNLY", "Platelet": "PF4",
             "FCGR3A+ Mono": "FCGR3A", "CD8 T": "CCL5"}  # fmt: skip
    for group, gene in known.items():
        assert gene in of(table, group).index
