"""Areas against scikit-learn, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats
from sklearn.metrics import average_precision_score, roc_auc_score

from fe_anndata.genespace.scores import p_value, quality, standard_error


@pytest.mark.parametrize("distinct", [2, 5, 1000, None])
def test_areas_agree_with_scikit_learn(distinct):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(20, 300)).astype(np.float32)
    if distinct:
        scores = rng.integers(distinct, size=scores.shape).astype(np.float32)
    members = rng.random((300, 20)) < np.linspace(0.02, 0.9, 20)
    members[0], members[1] = True, False
    found = quality(scores, sparse.csc_array(members))
    for i, (mine, of) in enumerate(zip(scores, members.T, strict=True)):
        assert found.auroc[i] == pytest.approx(roc_auc_score(of, mine), abs=1e-12)
        assert found.auprc[i] == pytest.approx(average_precision_score(of, mine), abs=1e-12)


def test_scores_that_are_all_the_same_tell_nothing():
    members = np.arange(50)[:, None] < 5
    found = quality(np.zeros((1, 50), dtype=np.float32), sparse.csc_array(members))
    assert found.auroc[0] == 0.5
    assert found.auprc[0] == pytest.approx(0.1)


def test_p_values_are_those_of_mann_and_whitney():
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, size=30), rng.normal(size=400)
    test = stats.mannwhitneyu(
        a, b, alternative="greater", method="asymptotic", use_continuity=False
    )
    auroc, n, others = np.array([test.statistic / (30 * 400)]), np.array([30.0]), np.array([400.0])
    assert p_value(auroc, n, others)[0] == pytest.approx(test.pvalue, rel=1e-9)


def test_the_standard_error_is_about_that_of_repeated_draws():
    rng = np.random.default_rng(2)
    members = sparse.csc_array(np.tile(np.arange(430)[:, None] < 30, 2000))
    scores = rng.exponential(size=(2000, 430))  # for which Hanley and McNeil are exact
    scores[:, :30] *= 2
    found = quality(scores, members).auroc
    error = standard_error(found.mean(keepdims=True), np.array([30.0]), np.array([400.0]))[0]
    assert error == pytest.approx(found.std(), rel=0.06)
