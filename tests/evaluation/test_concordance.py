"""C-indices and their resamples, against lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines.utils import concordance_index

from fe_anndata._core.random import generator
from fe_anndata.evaluation.concordance import (
    _times_drawn,
    c_index,
    comparable_pairs,
    n_pairs,
    resampled_c_indices,
)


@pytest.fixture
def cohort():
    """Return times with ties, events, and risks with ties of 60 samples."""
    draw = np.random.default_rng(0)
    risk = draw.integers(0, 8, 60) / 8
    time = np.ceil(10 * draw.exponential(np.exp(-2 * risk)))
    return time, draw.random(60) < 0.6, risk


def alone(time, event):
    return comparable_pairs(time, event, np.zeros(len(time), int))


def test_it_is_that_of_lifelines(cohort):
    time, event, risk = cohort
    assert len(np.unique(time)) < 30
    expected = concordance_index(time, -risk, event)
    assert c_index(alone(time, event), risk) == pytest.approx(expected, abs=1e-6)
    assert 0.55 < expected < 0.9


def test_pairs_by_hand():
    # a died at 1, b was last seen at 1, c died at 2, d was last seen at 3.
    time, event = np.array([1.0, 1, 2, 3]), np.array([True, False, True, False])
    blocks = alone(time, event)
    assert n_pairs(blocks) == 4  # a before b, c and d; c before d
    assert c_index(blocks, np.array([4.0, 1, 3, 2])) == 1
    assert c_index(blocks, np.array([0.0, 1, 3, 2])) == 0.25
    assert c_index(blocks, np.zeros(4)) == 0.5


def test_only_samples_with_the_same_code_are_compared(cohort):
    time, event, risk = cohort
    fold = np.arange(60) % 3
    blocks = comparable_pairs(time, event, fold)
    # What is added to all risks of a fold changes nothing.
    assert c_index(blocks, risk + 10 * fold) == c_index(blocks, risk)
    assert c_index(alone(time, event), risk + 10 * fold) != c_index(alone(time, event), risk)
    assert n_pairs(blocks) == sum(
        n_pairs(alone(time[fold == f], event[fold == f])) for f in (0, 1, 2)
    )


def test_a_resample_is_what_lifelines_says_of_the_samples_drawn(cohort):
    time, event, risk = cohort
    other = np.random.default_rng(1).random(60)
    blocks, units = alone(time, event), np.arange(60)
    found = resampled_c_indices(blocks, np.array([risk, other]), units, 5, seed=3)
    drawn = _times_drawn(generator(3, "resamples"), 5, 60).astype(int)
    for i, counts in enumerate(drawn):
        assert counts.sum() == 60
        rows = np.repeat(units, counts)
        for k, of in enumerate((risk, other)):
            expected = concordance_index(time[rows], -of[rows], event[rows])
            assert found[i, k] == pytest.approx(expected, abs=1e-6)


def test_the_interval_is_as_wide_as_that_of_a_plain_bootstrap(cohort):
    time, event, risk = cohort
    found = resampled_c_indices(alone(time, event), risk[None], np.arange(60), 2500, seed=0)
    draw = np.random.default_rng(5)
    plain = []
    for _ in range(400):
        rows = draw.integers(60, size=60)
        plain.append(concordance_index(time[rows], -risk[rows], event[rows]))
    assert found.std() == pytest.approx(np.std(plain), rel=0.15)
    assert found.mean() == pytest.approx(np.mean(plain), abs=0.02)


def test_samples_of_a_unit_are_drawn_together(cohort):
    time, event, risk = (np.repeat(of, 2) for of in cohort)
    units = np.repeat(np.arange(60), 2)
    together = resampled_c_indices(alone(time, event), risk[None], units, 2000, seed=0).std()
    apart = resampled_c_indices(alone(time, event), risk[None], np.arange(120), 2000, 0).std()
    once = resampled_c_indices(alone(*cohort[:2]), cohort[2][None], np.arange(60), 2000, 0).std()
    assert together == pytest.approx(once, rel=0.1)
    assert apart < 0.8 * together


def test_the_seed_decides(cohort):
    time, event, risk = cohort
    a, b, c = (
        resampled_c_indices(alone(time, event), risk[None], np.arange(60), 20, seed)
        for seed in (0, 0, 1)
    )
    assert a.tobytes() == b.tobytes() != c.tobytes()


def test_without_a_pair():
    time, event = np.array([1.0, 2]), np.array([False, True])
    assert alone(time, event) == []
    assert np.isnan(c_index([], np.zeros(2)))
    # Two samples: half of the resamples have no pair.
    found = resampled_c_indices(alone(time, ~event), np.array([[1.0, 0]]), np.arange(2), 50, 0)
    assert set(found[np.isfinite(found)]) == {1.0}
    assert 10 < np.isnan(found).sum() < 40
