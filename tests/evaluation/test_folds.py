"""Folds: every sample tested once, classes even, groups whole, and errors that say what to do."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.evaluation import deals_of_folds, folds, outer_folds, split

LABELS = np.repeat(["a", "b", "c"], [40, 25, 10])


def require_all_tested(folds, n):
    np.testing.assert_array_equal(np.sort(np.concatenate([f.test for f in folds])), np.arange(n))
    for fold in folds:
        np.testing.assert_array_equal(np.sort(np.concatenate(fold)), np.arange(n))


def test_every_sample_is_tested_once_and_classes_are_even():
    folds = outer_folds(LABELS, 5)
    require_all_tested(folds, len(LABELS))
    for fold in folds:
        assert np.unique(LABELS[fold.test], return_counts=True)[1].tolist() == [8, 5, 2]


@pytest.mark.parametrize("labels", [LABELS, np.arange(75.0)], ids=["classes", "numbers"])
def test_groups_never_straddle(labels):
    groups = np.array([f"g{i}" for i in np.random.default_rng(0).integers(0, 20, len(labels))])
    folds = outer_folds(labels, 5, groups=groups)
    require_all_tested(folds, len(labels))
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_as_many_groups_as_folds():
    groups = np.repeat(["d1", "d2", "d3", "d4", "d5"], [30, 20, 15, 6, 4])
    labels = np.array(["a", "b"])[np.arange(75) % 2]
    for seed in range(20):
        folds = outer_folds(labels, 5, groups=groups, seed=seed)
        assert sorted(len(f.test) for f in folds) == [4, 6, 15, 20, 30]


def test_seeded():
    def tests(seed):
        return [f.test.tolist() for f in outer_folds(LABELS, 5, seed=seed)]

    assert tests(0) == tests(0)
    assert tests(0) != tests(1)


def test_numbers_are_stratified():
    numbers = np.random.default_rng(0).normal(size=100)
    for fold in outer_folds(numbers, 5):
        # As many of the lowest fifth in each.
        assert (numbers[fold.test] < np.quantile(numbers, 0.2)).sum() == 4


def test_inner_folds_may_lack_a_class():
    require_all_tested(split(np.array(["a"] * 8 + ["b"]), 3), 9)


@pytest.mark.parametrize(
    ("labels", "k", "groups", "words"),
    [
        (np.repeat("a", 20), 5, None, ["one value", "'a'", "another column"]),
        (np.ones(20), 5, None, ["one value"]),
        (np.repeat(["a", "b"], [20, 3]), 5, None, ["'b' (3)", "5 folds", "folds=3"]),
        (LABELS, 1, None, ["at least 2", "1"]),
        (LABELS, 2.5, None, ["2.5"]),
        (LABELS[:6], 5, None, ["6 samples", "5 folds"]),
        (LABELS, 5, np.repeat(["p", "q"], [50, 25]), ["2 groups", "folds=2"]),
        (LABELS, 2, np.repeat("p", 75), ["1 groups", "other groups, or none"]),
        (LABELS, 2, np.repeat(["p", "q", "r"], [30, 30, 15]), ["'c'", "'r'", "Leave out"]),
    ],
    ids=["one class", "one number", "small class", "one fold", "fraction", "few samples",
         "few groups", "one group", "class in one group"],
)  # fmt: skip
def test_errors(labels, k, groups, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        outer_folds(labels, k, groups=groups)
    for word in words:
        assert word in str(error.value)


# several deals


def test_the_first_deal_is_that_of_one_and_all_differ():
    deals = deals_of_folds(LABELS, 5, 3, seed=4)
    for of in deals:
        require_all_tested(of, len(LABELS))
    of_one = outer_folds(LABELS, 5, seed=4)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(deals[0], of_one, strict=True))
    together = [{fold.test.tobytes() for fold in of} for of in deals]
    assert not together[0] & (together[1] | together[2])


def test_a_deal_that_leaves_a_class_out_is_dealt_anew(monkeypatch):
    whole, asked = folds.outer_folds, []

    def sometimes(labels, k, *, groups, seed):
        asked.append(seed)
        if len(asked) in (2, 3):
            raise ValueError("the groups leave a fold with no sample of 'c' to train on.")
        return whole(labels, k, groups=groups, seed=seed)

    def only_the_first(labels, k, *, groups, seed):
        if seed:
            raise ValueError("the groups leave a fold with no sample of 'c' to train on.")
        return whole(labels, k, groups=groups, seed=seed)

    monkeypatch.setattr(folds, "outer_folds", sometimes)
    assert len(deals_of_folds(LABELS, 5, 3)) == 3
    assert len(set(asked)) == 5
    monkeypatch.setattr(folds, "outer_folds", only_the_first)
    with pytest.raises(ValueError, match=r"only 1 of 3 deals .*no sample of 'c'.*fewer deals"):
        deals_of_folds(LABELS, 5, 3)


def test_a_first_deal_that_leaves_a_class_out_is_refused():
    groups = np.repeat(["north", "south", "west"], [40, 25, 10])
    with pytest.raises(ValueError, match="in one group alone"):
        deals_of_folds(LABELS, 3, 2, groups=groups)


def test_a_deal_that_is_another_one_again_does_not_count():
    groups = np.where(np.arange(75) % 2, "north", "south")
    with pytest.raises(ValueError, match=r"only 1 of 3 deals .*too few .*fewer deals"):
        deals_of_folds(LABELS, 2, 3, groups=groups)
    groups = np.array([f"g{i % 24}" for i in range(75)])  # which are mostly dealt the same way
    deals = deals_of_folds(LABELS, 2, 3, groups=groups)
    assert len({frozenset(fold.test.tobytes() for fold in of) for of in deals}) == 3


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_number_of_deals(n, error):
    with pytest.raises(error, match="deals"):
        deals_of_folds(LABELS, 5, n)
