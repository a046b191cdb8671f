from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from fe_anndata.evaluation.changes import by_turn, most_changed
from fe_anndata.evaluation.profiles import likeness


def test_likeness_is_that_of_scipy_and_of_the_definition():
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=20), draw.normal(5, 3, size=(7, 20)).astype(np.float32)
    expected = [pearsonr(x, row).statistic for row in y]
    np.testing.assert_allclose(likeness(x, y, "pearson"), expected, rtol=1e-6)
    np.testing.assert_allclose(likeness(x, y, "mse"), ((y - x) ** 2).mean(1), rtol=1e-6)


def test_what_does_not_vary_is_correlated_with_nothing():
    y = np.array([[1.0, 1, 1], [1, 2, 3]])
    np.testing.assert_allclose(likeness(np.array([1.0, 2, 3]), y, "pearson"), [np.nan, 1])
    assert np.isnan(likeness(np.ones(3), y, "pearson")).all()


def test_the_greatest_ranges_come_first():
    profiles = np.array([[0.0, 5, 0, 0], [3, 5, -9, 0], [1, 5, 0, 1]])
    assert most_changed(profiles, 3).tolist() == [2, 0, 3]


@pytest.mark.parametrize("shift", [0, 3])
def test_rising_genes_by_when_they_turn_then_falling_ones(shift):
    shares = np.linspace(0, 1, 11)
    steps = [0.8, 0.2, 0.5]
    rising = np.stack([shares > at for at in steps], axis=1).astype(float)
    changes = np.roll(np.concatenate([rising, -2 * rising], axis=1), shift, axis=1)
    order = (by_turn(changes) - shift) % 6
    assert order.tolist() == [1, 2, 0, 4, 5, 3]
