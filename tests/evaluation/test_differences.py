"""The corrected standard error, by the formula and by what it is for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fe_anndata.evaluation import corrected_error


def test_the_formula_of_nadeau_and_bengio():
    x = [0.03, -0.01, 0.02, 0.05, 0.00, 0.01]
    mean = sum(x) / 6
    variance = sum((v - mean) ** 2 for v in x) / 5
    assert corrected_error(np.array(x), 20 / 80) == pytest.approx(
        math.sqrt((1 / 6 + 20 / 80) * variance)
    )


def test_one_difference_has_no_error():
    assert math.isnan(corrected_error(np.array([0.1]), 0.25))


def test_more_deals_of_the_same_samples_cannot_make_it_vanish():
    draw = np.random.default_rng(0)
    few, many = (corrected_error(draw.normal(size=n), 0.25) for n in (15, 15_000))
    assert few == pytest.approx(math.sqrt(1 / 15 + 0.25), rel=0.4)
    assert many == pytest.approx(0.5, rel=0.05)
