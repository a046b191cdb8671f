"""After the last step: samples placed, the prior chosen, coordinates settled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fe_anndata.matrix.rows import InMemory
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


def test_coordinates_in_the_metric_of_expression(X):
    """The same model in other coordinates, with the distances of linearly decoded profiles."""
    free, changed = (
        fit(X, choose("default", sample_dim=5, steps=20, metric=m)) for m in ("free", "expression")
    )
    np.testing.assert_allclose(predict(changed), predict(free), atol=2e-3)
    assert changed.validation_loss == pytest.approx(free.validation_loss, rel=1e-4)
    u, decoded = changed.trained.samples().astype(np.float64), predict(changed)
    slope = np.linalg.lstsq(u - u.mean(0), decoded - decoded.mean(0), rcond=None)[0]
    np.testing.assert_allclose(slope @ slope.T, np.eye(5), atol=1e-2)
