"""Survival out of sample: nothing of a test sample reaches what is fitted."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from lifelines.utils import concordance_index

import fe_anndata as fe
from fe_anndata.tl import _methods

QUICK = {"bases": ["pca"], "dims": [2], "folds": 3, "ridge": 0.1, "resamples": 50,
         "progress": False}  # fmt: skip


def followed_cohort(n=120):
    """Return samples whose first factor decides when they die."""
    made = fe.datasets.simulated(n, 40, 3)
    draw = np.random.default_rng(0)
    days = 100 * draw.exponential(np.exp(-1.5 * made.obsm["factors"][:, 0]))
    followed = draw.uniform(50, 300, n)
    made.obs["days"] = np.ceil(np.minimum(days, followed))
    made.obs["died"] = (days < followed).astype(int)
    made.obs["age"] = draw.normal(60, 10, n)
    made.obs["patient"] = [f"p{i // 2}" for i in range(n)]
    return made


@pytest.fixture
def adata():
    return followed_cohort()


def survival(adata, **keywords):
    return fe.tl.survival(adata, "days", "died", **{**QUICK, **keywords})


# the tables


def test_a_row_per_basis_dimension_and_kind_of_pairs(adata):
    bases = ["age", "pca", "pca + age", ["group", "age"]]
    found = survival(adata, bases=bases, dims=[4, 2], within="group", baseline="age")
    rows = [("age", 0), ("pca", 4), ("pca", 2), ("pca+age", 4), ("pca+age", 2), ("group+age", 0)]
    expected = [(*row, kind) for row in rows for kind in ("all", "within group")]
    table = found.table
    assert list(table[["basis", "dim", "pairs"]].itertuples(index=False, name=None)) == expected
    assert (table["n"] == 120).all()
    assert (table["events"] == adata.obs["died"].sum()).all()
    assert (table["low"] <= table["c_index"]).all()
    assert (table["c_index"] <= table["high"]).all()
    assert (table["ridge"] == 0.1).all()
    by_kind = table.groupby("pairs")["n_pairs"].unique()
    assert by_kind["all"][0] > 2 * by_kind["within group"][0] > 0
    columns = ["basis", "dim", "sample", "fold", "within", "time", "event", "risk"]
    assert list(found.risks) == columns
    assert len(found.risks) == len(rows) * 120
    of_pca = found.risks[(found.risks["basis"] == "pca") & (found.risks["dim"] == 4)]
    assert of_pca["sample"].tolist() == adata.obs_names.tolist()
    assert of_pca["time"].tolist() == adata.obs["days"].tolist()
    assert of_pca["within"].tolist() == adata.obs["group"].tolist()


def test_the_c_index_is_that_of_the_risks(adata):
    found = survival(adata)
    assert found.table["c_index"][0] > 0.65
    concordant = pairs = 0
    for _, rows in found.risks.groupby("fold"):
        events = rows["event"].to_numpy()
        value = concordance_index(rows["time"], -rows["risk"], events)
        times = rows["time"].to_numpy()
        earlier = (times[:, None] < times) | ((times[:, None] == times) & ~events)
        n = (earlier & events[:, None]).sum()
        concordant, pairs = concordant + value * n, pairs + n
    assert found.table["c_index"][0] == pytest.approx(concordant / pairs, abs=1e-6)
    assert found.table["n_pairs"][0] == pairs


def test_differences_are_paired(adata):
    found = survival(adata, bases=["pca", "age", "pca+age"], baseline="age", resamples=500).table
    assert found["difference"].isna().tolist() == [False, True, False]
    pca = found.iloc[0]
    assert pca["difference"] == pytest.approx(pca["c_index"] - found["c_index"][1])
    assert pca["difference_low"] < pca["difference"] < pca["difference_high"]
    # A basis that adds nothing but noise: paired intervals are narrower than those of its c-index.
    both = survival(adata, bases=["pca", "pca+age"], baseline="pca", resamples=500).table.iloc[1]
    assert both["difference_high"] - both["difference_low"] < 0.7 * (both["high"] - both["low"])
    assert survival(adata).table["difference"].isna().all()


def test_a_baseline_of_the_same_dimension(adata):
    found = survival(adata, bases=["pca", "pca+age"], dims=[2, 5], baseline="pca").table
    c = found.set_index(["basis", "dim"])["c_index"]
    for dim in (2, 5):
        difference = found.set_index(["basis", "dim"])["difference"]["pca+age", dim]
        assert difference == pytest.approx(c["pca+age", dim] - c["pca", dim])


def test_a_column_says_nothing_within_itself(adata):
    found = survival(adata, bases=["group"], within="group").table
    assert found["c_index"][1] == 0.5
    assert found["c_index"][0] != 0.5


def test_without_any_relation(adata):
    order = np.random.default_rng(4).permutation(adata.n_obs)
    adata.obs[["days", "died"]] = adata.obs[["days", "died"]].to_numpy()[order]
    found = survival(adata, bases=["pca", "age"], folds=5).table
    assert ((found["c_index"] - 0.5).abs() < 0.1).all()


# nothing leaks


def test_methods_see_training_samples_alone(adata, monkeypatch):
    seen = []

    def spy(train, dim, seed):
        seen.append((list(train.obs_names), list(train.obs)))
        return lambda given: np.asarray(given.X)[:, :dim]

    monkeypatch.setitem(_methods.OTHERS, "pca", spy)
    found = survival(adata, groups="patient").risks
    assert len(seen) == 3
    for fold, (names, columns) in enumerate(seen):
        assert columns == []
        assert set(names) == set(found.loc[found["fold"] != fold, "sample"])
    assert len(set(zip(adata.obs["patient"], found["fold"], strict=True))) == 60


def test_an_embedding_is_fitted_once_for_all_bases(adata, monkeypatch):
    calls = []
    pca = _methods.OTHERS["pca"]
    monkeypatch.setitem(_methods.OTHERS, "pca", lambda *given: calls.append(1) or pca(*given))
    survival(adata, bases=["pca", "pca+age", "pca+group", "age"])
    assert len(calls) == 3


@pytest.mark.parametrize("basis", ["pca", "age+group"])
def test_the_outcome_of_a_test_sample_does_not_reach_its_risk(adata, basis):
    before = survival(adata, bases=[basis]).risks
    test = before["fold"] == 0
    changed = adata.copy()
    # Events stay where they are, and so do the folds.
    changed.obs.loc[test.to_numpy(), "days"] = adata.obs.loc[test.to_numpy(), "days"].to_numpy()[
        ::-1
    ]
    after = survival(changed, bases=[basis]).risks
    np.testing.assert_array_equal(before["fold"], after["fold"])
    np.testing.assert_array_equal(before.loc[test, "risk"], after.loc[test, "risk"])
    assert (before.loc[~test, "risk"] != after.loc[~test, "risk"]).all()


def test_the_profile_of_a_test_sample_does_not_reach_another_risk(adata):
    before = survival(adata).risks
    test = (before["fold"] == 1).to_numpy()
    changed, row = adata.copy(), int(np.flatnonzero(test)[0])
    changed.X[row] += 3
    after = survival(changed).risks
    same = before["risk"].to_numpy() == after["risk"].to_numpy()
    assert not same[row]
    test[row] = False
    assert same[test].all()


def test_models_place_new_samples(adata):
    found = survival(adata, bases=["fe"], folds=2, train={"steps": 20})
    assert found.table["c_index"][0] > 0.6
    again = survival(adata, bases=["fe"], folds=2, train={"fe": {"steps": 20}})
    pd.testing.assert_frame_equal(found.risks, again.risks)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_the_ridge_is_chosen_inside_the_training_fold(adata, monkeypatch):
    found = survival(adata, ridge=[0.001, 0.1, 30])
    assert found.table["ridge"][0] < 30
    adata.obs["days"] = np.random.default_rng(3).permutation(adata.obs["days"])
    assert survival(adata, dims=[30], ridge=[0.001, 0.1, 30]).table["ridge"][0] == 30


# samples and columns


def test_samples_that_lack_something_are_left_out_of_all(adata):
    few = adata.copy()
    few.obs.loc[few.obs_names[:4], "days"] = np.nan
    few.obs.loc[few.obs_names[4:6], "age"] = np.nan
    with pytest.warns(UserWarning, match="6 of 120 .* 'days' of 4, 'age' of 2"):
        found = survival(few, bases=["pca", "age"])
    assert (found.table["n"] == 114).all()
    whole = survival(adata[6:].copy(), bases=["pca", "age"])
    pd.testing.assert_frame_equal(found.risks, whole.risks)


def test_a_category_that_is_new_in_a_fold(adata):
    adata.obs["rare"] = np.where(np.arange(120) < 1, "one", "other")
    assert np.isfinite(survival(adata, bases=["rare+age"]).risks["risk"]).all()


def test_sparse_layers_and_chosen_genes(adata):
    from scipy import sparse

    dense = survival(adata)
    adata.layers["log"], adata.X = sparse.csr_matrix(adata.X), np.zeros_like(adata.X)
    given = survival(adata, layer="log")
    np.testing.assert_allclose(given.risks["risk"], dense.risks["risk"], atol=1e-4)
    few = survival(adata, layer="log", n_top_genes=10)
    assert not np.allclose(few.risks["risk"], dense.risks["risk"], atol=1e-3)


def test_the_seed_decides_and_nothing_is_written(adata):
    before = adata.copy()
    one, two, other = (survival(adata, rng=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.risks, two.risks)
    assert not one.risks["fold"].equals(other.risks["fold"])
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert set(adata.uns) == set(before.uns)


# what is refused


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"bases": []}, ValueError, "bases is empty"),
        ({"bases": ["aeg"]}, KeyError, "did you mean 'age'"),
        ({"bases": ["pca+aeg"]}, KeyError, "did you mean 'age'"),
        ({"bases": ["factors"]}, KeyError, "fitted to all samples"),
        ({"bases": ["days"]}, ValueError, "'days' holds what is to be predicted"),
        ({"bases": ["pca", "age+died"]}, ValueError, "'age.died' holds what is to be predicted"),
        ({"bases": ["pca", "pca"]}, ValueError, "'pca' is there twice"),
        ({"bases": [3]}, TypeError, "a name, or a list of names"),
        ({"baseline": "age"}, ValueError, "baseline must be one of 'pca'"),
        ({"within": "grp"}, KeyError, "did you mean 'group'"),
        ({"within": "age"}, TypeError, "numbers, not groups"),
        ({"within": "alone"}, ValueError, "no two samples"),
        ({"groups": "patnt"}, KeyError, "did you mean 'patient'"),
        ({"dims": [50]}, ValueError, "too many"),
        ({"folds": 1}, ValueError, "folds must be"),
        ({"folds": 70}, ValueError, "too few for 70 folds"),
        ({"ridge": 0}, ValueError, "ridge must be a positive"),
        ({"ridge": np.inf}, ValueError, "ridge must be a positive"),
        ({"ridge": []}, ValueError, "ridge must be a positive"),
        ({"ridge": "small"}, ValueError, "ridge must be a positive"),
        ({"resamples": 1}, ValueError, "resamples must be"),
        ({"train": {"sample_dim": 3}, "bases": ["fe"]}, ValueError, "decided by tl.survival"),
    ],
    ids=str,
)
def test_arguments_that_are_wrong(adata, keywords, error, words):
    adata.obs["alone"] = [f"s{i}" for i in range(120)]
    with pytest.raises(error, match=words):
        survival(adata, **keywords)


def test_too_few_events(adata):
    adata.obs["died"] = (np.arange(120) == 5).astype(int)
    with pytest.raises(ValueError, match=r"1 events .* no pair .* folds than 3"):
        survival(adata)


def test_lifelines_is_not_installed(adata, monkeypatch):
    monkeypatch.setitem(sys.modules, "lifelines", None)
    with pytest.raises(ImportError, match=r"pip install .fe-anndata\[survival\]"):
        survival(adata)
