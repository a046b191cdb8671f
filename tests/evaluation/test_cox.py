"""Risks by Cox regression, against lifelines and known hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from fe_anndata.evaluation import split
from fe_anndata.evaluation.cox import best_ridge, cox_risk


@pytest.fixture
def cohort():
    """Return covariates of 200 samples, of which the first decides, with times and events."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(200, 4))
    time = draw.exponential(np.exp(-1.5 * X[:, 0]))
    return X, time, draw.random(200) < 0.7


def test_the_first_covariate_decides(cohort):
    X, time, event = cohort
    risk = cox_risk((X[:150], time[:150], event[:150]), X[150:], 0.01)
    assert np.corrcoef(risk, X[150:, 0])[0, 1] > 0.95


def test_it_is_that_of_lifelines(cohort):
    X, time, event = cohort
    scaled = (X - X.mean(0)) / X.std(0)
    table = pd.DataFrame(scaled).rename(columns=str).assign(time=time, event=event)
    expected = CoxPHFitter(penalizer=0.3).fit(table, "time", "event")
    risk = cox_risk(cohort, X, 0.3)
    np.testing.assert_allclose(risk, scaled @ expected.params_.to_numpy(), atol=1e-5)


def test_a_greater_ridge_tells_less(cohort):
    small, great = (np.ptp(cox_risk(cohort, cohort[0], ridge)) for ridge in (0.01, 10))
    assert great < 0.3 * small


def test_units_and_constant_columns_do_not_matter(cohort):
    X, time, event = cohort
    changed = np.column_stack([1000 * X + 5, np.full(200, 7.0)])
    new = np.column_stack([1000 * X + 5, np.full(200, 9.0)])
    risk = cox_risk((changed, time, event), new, 0.1)
    np.testing.assert_allclose(risk, cox_risk(cohort, X, 0.1), atol=1e-6)
    only = np.ones((200, 1))
    assert (cox_risk((only, time, event), only, 0.1) == 0).all()


def test_the_ridge_follows_the_noise(cohort):
    X, time, event = cohort
    folds = split(event.astype(str), 3)
    noise = np.random.default_rng(1).normal(size=(200, 30))
    assert best_ridge((X[:, :1], time, event), [0.001, 10], folds) == 0.001
    assert best_ridge((noise, time, event), [0.001, 10], folds) == 10
    assert best_ridge((noise, time, event), [0.5], folds) == 0.5


def test_folds_without_an_event_do_not_count(cohort):
    X, time, event = cohort
    folds = split(np.where(event, "event", "none"), 3)
    none = event & (np.arange(200) % 50 == 0)
    assert none.sum() > 0
    assert best_ridge((X, time, none), [0.1, 1], folds) in (0.1, 1)


def test_covariates_that_tell_events_without_fail(cohort):
    _, time, event = cohort
    risk = cox_risk((event[:, None].astype(float), time, event), np.array([[0.0], [1.0]]), 0.1)
    assert np.isfinite(risk).all()
    assert risk[1] > risk[0]


def test_samples_with_the_same_covariates_are_tied(cohort):
    _, time, event = cohort
    types = np.eye(7)[np.arange(200) % 7]
    new = np.eye(7)[np.repeat(np.arange(7), 13)]
    risk = cox_risk((types, time, event), new, 0.1).reshape(7, 13)
    assert (risk == risk[:, :1]).all()
    assert len(np.unique(risk)) == 7
