"""Groups of risk, and what is left of them."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.evaluation.risk_groups import kaplan_meier, log_rank, risk_groups


def test_they_are_cut_inside_each_code():
    risk = np.concatenate([np.arange(6.0), 100 + np.arange(6.0)])
    codes = np.repeat([0, 1], 6)
    assert risk_groups(risk, codes, 3).tolist() == [0, 0, 1, 1, 2, 2] * 2
    assert risk_groups(risk, 0 * codes, 2).tolist() == [0] * 6 + [1] * 6


def test_the_same_risk_is_the_same_group():
    groups = risk_groups(np.array([1.0, 1, 1, 1, 5, 6]), np.zeros(6, int), 3)
    assert len(set(groups[:4])) == 1
    assert groups[4] == groups[5] == 2


def test_a_curve_by_hand():
    # Three die at 1, 2 and 4; one is last seen at 3.
    curve = kaplan_meier(np.array([1.0, 2, 3, 4]), np.array([True, True, False, True]))
    assert curve.time.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(curve.share, [1, 0.75, 0.5, 0.5, 0])
    assert (curve.low <= curve.share).all()
    assert (curve.high >= curve.share).all()


def test_log_rank():
    draw = np.random.default_rng(0)
    groups = np.repeat([0, 1], 60)
    time, event = draw.exponential(1 + 2 * groups), np.ones(120, bool)
    assert log_rank(time, event, groups) < 1e-3
    assert log_rank(time, event, draw.permutation(groups)) > 0.01
    assert np.isnan(log_rank(time, event, 0 * groups))
    assert log_rank(time, event, groups) == pytest.approx(log_rank(time, event, 1 - groups))
