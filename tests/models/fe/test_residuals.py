"""After the last step: samples placed, the prior chosen, coordinates settled."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from fe_anndata.matrix.entries import Entries
from fe_anndata.matrix.rows import InMemory
from fe_anndata.models.fe import residuals
from fe_anndata.models.fe.placing import Placing
from fe_anndata.models.fe.residuals import spacing
from fe_anndata.training.holdout import draw
from tests.helpers import choose, fit, in_order, predict


def test_samples_are_placed_without_a_look_at_held_out_entries(X):
    # A start at the components differs in rounding, which Muon lets grow.
    random = {"sample_start": "random", "gene_start": "random"}
    options = choose("default", sample_dim=8, gene_dim=8, steps=4, **random)
    held_out = draw(InMemory(X), "auto", "entries", 0, in_order(X.shape)).entries
    stay, move = (fit(X, c) for c in (replace(options, place_samples=False), options))
    moved = np.abs(stay.trained.samples() - move.trained.samples()).max()
    assert moved > 1e-3
    error = predict(move)[held_out.rows, held_out.cols] - held_out.values
    assert move.validation_loss == pytest.approx((error**2).mean(), rel=1e-4)
    # Placed by what they were filled with: other values there move nothing.
    spoiled = X.copy()
    spoiled[held_out.rows, held_out.cols] += 5
    again = fit(spoiled, options).trained
    np.testing.assert_allclose(again.samples(), move.trained.samples(), atol=1e-2)


def test_the_prior_is_chosen_by_held_out_entries(X):
    few = {"sample_dim": 16, "gene_dim": 16, "steps": 40}
    noisy = X + np.random.default_rng(3).normal(0, 3 * X.std(), X.shape).astype(np.float32)
    losses = {}
    for prior in (1.0, 4.0, 16.0, 64.0, "auto"):
        options = choose("default", sample_prior=prior, **few)
        fitted = fit(noisy, options)
        losses[prior] = fitted.validation_loss
        if prior != "auto":
            assert fitted.trained.options.sample_prior == prior
    chosen = fitted.trained.options.sample_prior
    assert chosen > 1
    assert losses["auto"] == pytest.approx(losses[chosen], rel=1e-5)
    assert losses["auto"] < losses[1.0]


@pytest.mark.parametrize("changes", [{"sample_dim": 5}, {"sample_dim": 2}, {"hidden": ()}])
def test_coordinates_in_the_metric_of_expression(X, changes):
    """The same model in other coordinates, with the distances of linearly decoded profiles."""
    free, changed = (fit(X, choose(**changes, steps=20, metric=m)) for m in ("free", "expression"))
    np.testing.assert_allclose(predict(changed), predict(free), atol=2e-3)
    assert changed.validation_loss == pytest.approx(free.validation_loss, rel=1e-4)
    u, decoded = changed.trained.samples().astype(np.float64), predict(changed)
    slope = np.linalg.lstsq(u - u.mean(0), decoded - decoded.mean(0), rcond=None)[0]
    np.testing.assert_allclose(slope @ slope.T, np.eye(u.shape[1]), atol=1e-2)


def middle(values):
    return np.quantile(values, 0.5, method="lower")


def nearest(points, table, others=False):
    distances = cdist(points.astype(np.float64), table.astype(np.float64))
    return np.sort(distances, axis=1)[:, int(others)]


@pytest.mark.parametrize("changes", [{}, {"sample_dim": 5}, {"decoder": "concat", "hidden": 8}])
def test_distances_are_in_units_of_the_spacing_of_the_samples(X, changes):
    trained = fit(X, choose(**changes, steps=15)).trained
    table = trained.samples()
    expected = middle(nearest(table, table, others=True))
    assert trained.residuals.spacing == pytest.approx(expected, rel=1e-4)
    placed = trained.placing(np.arange(90))(X[::-1][:20] + 0.5)
    np.testing.assert_allclose(
        placed.facts["distance"], nearest(placed.u, table) / expected, rtol=1e-4, atol=1e-5
    )


def test_spacing_of_many_samples_is_that_of_some(monkeypatch):
    table = torch.from_numpy(np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32))
    every = middle(nearest(table.numpy(), table.numpy(), others=True))
    assert spacing(table) == pytest.approx(every, rel=1e-4)
    monkeypatch.setattr(residuals, "LOOKED_AT", 100)
    some = middle(nearest(table.numpy()[::5], table.numpy(), others=True))
    assert spacing(table) == pytest.approx(some, rel=1e-4)
    assert spacing(torch.zeros(10, 2)) > 0  # by which distances are divided


def test_a_profile_unlike_all_others_is_told(X):
    """Its misfit is six robust standard deviations of their logarithm above the median."""
    few = {"steps": 45, "learning_rate": 0.03}
    trained = fit(X, choose(**few)).trained
    usual = trained.placing(np.arange(90))(X.copy())
    assert not usual.facts["outlier"].any()
    noise = np.random.default_rng(0).permuted(X[:10], axis=1)
    assert trained.placing(np.arange(90))(noise).facts["outlier"].all()
    whole = fit(X, choose(**few, validation=0)).trained
    left = whole.residuals
    everything = torch.arange(90)
    placing = Placing(whole.view, whole.module.sample_vectors(), left.noise, left.prior, everything)
    placing.prepare()
    logs = np.log(placing.place(X.copy()).misfit)
    spread = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    assert left.log_misfit_limit == pytest.approx(
        np.median(logs) + 6 * spread, abs=float(spread) / 5
    )
    # Of profiles that are more and more unlike the others, those above it are told.
    amount = np.linspace(0, 4, 60, dtype=np.float32)[:, None]
    unlike = X + amount * np.random.default_rng(1).normal(size=X.shape).astype(np.float32)
    above = np.log(placing.place(unlike).misfit) > left.log_misfit_limit
    assert 5 < above.sum() < 55
    told = whole.placing(np.arange(90))(unlike).facts["outlier"]
    np.testing.assert_array_equal(told, above)


@pytest.mark.parametrize(
    ("losses", "tried", "chosen"),
    [
        ([4, 3, 2, 1], [1, 4, 16, 64], 64),
        ([4, 3, 3, 1], [1, 4, 16], 4),  # not past the first that is no better
        ([4, 5, 2, 1], [1, 4], 1),
        ([4, np.nan, 2, 1], [1, 4], 1),
    ],
)
def test_priors_are_tried_until_held_out_entries_get_worse(losses, tried, chosen, monkeypatch):
    seen = []

    class Placing:
        def __init__(self, view, table, noise, weight):
            seen.append(weight)

        def of_scores(self, scores, table):
            return torch.full((len(table), 1), float(losses[len(seen) - 1]) ** 0.5)

    monkeypatch.setattr(residuals, "Placing", Placing)
    view = SimpleNamespace(
        factors=lambda u: u, loadings=torch.ones(4, 1), centre=torch.zeros(4), scale=1.0
    )
    table, held_out = torch.zeros(5, 1), Entries(np.arange(3), np.arange(3), np.zeros(3, "f4"))
    without_batches = torch.zeros(5, 0), torch.zeros(4, 0)
    found = residuals._best_prior(view, table, None, table, held_out, without_batches)
    assert seen == tried
    assert found == chosen
