"""Temperatures and calibration errors, against what they are by construction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fe_anndata.evaluation import calibration_error, calibration_errors, fitted_temperature


def drawn(n=4000, k=3, rng=0):
    """Return scores whose probabilities are right, and classes drawn from these."""
    draw = np.random.default_rng(rng)
    scores = draw.normal(0, 2, (n, k)).astype(np.float32)
    p = softmax(scores.astype(float), axis=1)
    return scores, (p.cumsum(1) < draw.random((n, 1))).sum(1)


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_a_temperature_is_found_again(factor):
    scores, codes = drawn()
    assert fitted_temperature(scores * factor, codes) == pytest.approx(factor, rel=0.06)


def test_where_all_are_right_it_stays_finite():
    scores = np.eye(2, dtype=np.float32)[np.arange(30) % 2] * 2
    found = fitted_temperature(scores, np.arange(30) % 2)
    assert 0.2 < found < 1
    assert fitted_temperature(scores, 1 - np.arange(30) % 2) > 3


def test_the_error_of_bins():
    probabilities = np.array([[0.95, 0.05]] * 10 + [[0.35, 0.65]] * 10)
    codes = np.array([0] * 7 + [1] * 3 + [1] * 8 + [0] * 2)
    # .95 said and .7 right; .65 said and .8 right
    assert calibration_error(probabilities, codes) == pytest.approx((0.25 + 0.15) / 2)
    assert calibration_error(np.eye(2)[codes], codes) == 0  # also at a probability of 1


def test_overconfidence_is_taken_back():
    scores, codes = drawn()
    before, after = calibration_errors(scores * 4, codes)
    assert after < 0.03 < 0.1 < before


def test_no_sample_is_judged_by_a_temperature_of_its_own():
    # The halves contradict each other, so that what suits one is wrong for the other.
    scores = np.array([[2.0, 0.0]] * 40, np.float32)
    codes = np.zeros(40, int)
    order = np.argsort(codes, kind="stable")
    scores[order[1::2]] *= -1
    before, after = calibration_errors(scores, codes)
    assert after > before > 0.3
