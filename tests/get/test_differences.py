"""Which method to use: differences by fold, corrected errors, and a sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe


@pytest.fixture
def table():
    """Two deals of three folds; b is surely behind a, and c is about as good."""
    draw = np.random.default_rng(0)
    rows = []
    for deal in range(2):
        for fold in range(3):
            level = draw.normal(0.8, 0.1)  # common to all methods, so that pairing matters
            for method, ahead in (("a", 0.0), ("b", -0.05), ("c", 0.001)):
                rows.append(
                    {"method": method, "decoder": "", "dim": 2, "deal": deal, "fold": fold,
                     "classifier": "knn", "n_train": 80, "n_test": 40,
                     "accuracy_new": level + ahead + draw.normal(0, 0.005),
                     "seconds_fit": 1.0 - 10 * ahead + 0.01 * fold}
                )  # fmt: skip
    return pd.DataFrame(rows)


def paired(table, other, metric="accuracy_new"):
    of = [table.loc[table["method"] == name, metric].to_numpy() for name in ("a", other)]
    return of[0] - of[1]


def test_numbers_by_hand(table):
    found = fe.get.differences(table)
    assert found["against"].tolist() == ["b", "c"]
    for row in found.itertuples():
        of = paired(table, row.against)
        assert row.difference == pytest.approx(of.mean())
        assert row.standard_error == pytest.approx(np.sqrt((1 / 6 + 0.5) * of.var(ddof=1)))
        assert (row.won, row.n) == ((of > 0).sum(), 6)
    assert found["standard_error"].max() < 0.02  # that of the levels, unpaired, is five times this


def test_the_sentence_says_which_to_use(table):
    sure, close = fe.get.differences(table, "a")["sentence"]
    assert sure.startswith("use a: ahead of b by 0.0")
    assert close.startswith("use either: a and c are within two standard errors")
    assert fe.get.differences(table, "b")["sentence"][0].startswith("use a: ahead of b")
    fast = fe.get.differences(table, "b", metric="seconds_fit")
    assert fast["sentence"][0].startswith("use a: ahead of b")  # less is better
    assert fast["won"][0] == 0


def test_a_difference_of_nothing_is_within():
    rows = [
        {"method": m, "dim": 2, "fold": f, "classifier": "knn", "n_train": 8, "n_test": 4,
         "accuracy_new": 1.0}
        for m in "ab" for f in range(3)
    ]  # fmt: skip
    assert fe.get.differences(pd.DataFrame(rows))["sentence"][0].startswith("use either")


def test_seeds_of_a_fold_are_averaged_and_count_once(table):
    other = table.assign(seed=1, accuracy_new=table["accuracy_new"] + 0.02)
    both = pd.concat([table.assign(seed=0), other])
    found = fe.get.differences(both)
    pd.testing.assert_frame_equal(found, fe.get.differences(table))
    with pytest.raises(ValueError, match="twice"):
        fe.get.differences(pd.concat([table, table]))


def test_folds_that_one_method_lacks_are_left_out(table):
    few = table.drop(index=table.index[table["method"] == "c"][1:])
    found = fe.get.differences(few)
    assert found["n"].tolist() == [6, 1]
    assert np.isnan(found["standard_error"][1])
    assert "too few folds" in found["sentence"][1]


def test_each_dimension_and_classifier_has_its_own(table):
    both = pd.concat([table, table.assign(dim=8), table.assign(classifier="logistic")])
    found = fe.get.differences(both)
    assert len(found) == 6
    assert found.groupby("against")["difference"].nunique().tolist() == [1, 1]


def test_of_evaluate():
    adata = fe.datasets.simulated(90, 40, 3)
    quick = {"dims": [2], "methods": ["pca", "fe"], "classifiers": ["knn"], "folds": 3}
    one = fe.tl.evaluate(adata, "group", train={"steps": 10}, progress=False, **quick)
    both = fe.tl.evaluate(adata, "group", train={"steps": 10}, deals=2, progress=False, **quick)
    first = both[both["deal"] == 0].reset_index(drop=True)
    seconds = ["seconds_fit", "seconds_new"]
    pd.testing.assert_frame_equal(first.drop(columns=seconds), one.drop(columns=seconds))
    assert both.groupby(["method", "deal"])["fold"].unique().map(list).tolist() == [[0, 1, 2]] * 4
    assert (both.groupby(["method", "deal"])["n_test"].sum() == 90).all()
    assert fe.get.differences(both)["n"].tolist() == [6]
    drawn = fe.pl.evaluate(both, metric="r2_new", show=False)
    assert len(drawn.lines[0].get_xdata()) == 6  # the folds of both deals


@pytest.mark.parametrize(
    ("change", "method", "metric", "error", "words"),
    [
        (lambda t: t, "d", "accuracy_new", KeyError, "'d'"),
        (lambda t: t, "a", "acuracy_new", KeyError, "'accuracy_new'"),
        (lambda t: t[t["method"] == "a"], "a", "accuracy_new", ValueError, "no method but 'a'"),
        (lambda t: t[:0], None, "accuracy_new", ValueError, "no rows"),
        (lambda t: t.to_numpy(), None, "accuracy_new", TypeError, "fe.tl.evaluate"),
    ],
)
def test_errors(table, change, method, metric, error, words):
    with pytest.raises(error, match=words):
        fe.get.differences(change(table), method, metric=metric)
