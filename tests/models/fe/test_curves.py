"""Short loss curves and the losses of recipes, pinned to numbers: numerics change on purpose only.

Few steps, because rounding differs between processors, and grows with every step.
"""

from __future__ import annotations

import pytest

from fe_anndata.datasets import simulated
from tests.helpers import choose, fit

TILES, ENTRIES = {"minibatch": "tiles", "minibatch_size": (30, 30)}, {
    "minibatch": "entries", "minibatch_size": 500
}  # fmt: skip
CURVES = {
    "inner, solve": (
        {"solve_every": 1}, "cpu",
        [0.61657, 0.60836, 0.60128, 0.60363, 0.59998, 0.599],
    ),
    "inner, gradient": (
        {"gene_step": "gradient"}, "cpu",
        [0.66785, 0.68441, 0.68119, 0.64869, 0.65475, 0.64836],
    ),
    "inner, tiles": (
        TILES, "cpu", [0.6693, 0.58876, 0.51635, 0.67522, 0.65837, 0.58415]
    ),
    "inner, entries": (
        ENTRIES, "cpu", [0.57606, 0.56292, 0.649, 0.59624, 0.59286, 0.63597]
    ),
    "concat, tiles": (
        {"decoder": "concat", **TILES}, "cpu",
        [2.5291, 2.7731, 3.2038, 2.88, 2.0907, 2.7898],
    ),
    "concat, tiles, reference": (
        {"decoder": "concat", **TILES}, "reference",
        [2.5291, 2.7731, 3.2038, 2.88, 2.0907, 2.7898],
    ),
    "concat, entries": (
        {"decoder": "concat", **ENTRIES}, "cpu",
        [2.6186, 2.7376, 2.6075, 2.6745, 2.5134, 2.1987],
    ),
    "dot, entries": (
        {"decoder": "dot", **ENTRIES}, "cpu",
        [46.25, 47.826, 42.728, 45.947, 43.365, 50.645],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_short_curves(X, name):
    changes, kernel, expected = CURVES[name]
    fitted = fit(X, choose(steps=6, evaluate_every=1, **changes), kernel=kernel)
    losses = [record["train_loss"] for record in fitted.history[1:]]
    assert losses == pytest.approx(expected, rel=1e-3)


RECIPES = [
    ("default", {"steps": 30}, 0.4436),
    ("default", {"sample_dim": 8, "steps": 20}, 0.3440),
    ("default", {"decoder": "concat", "minibatch_size": (30, 50), "steps": 30}, 2.043),
    ("default", {"decoder": "dot", "minibatch_size": 500, "epochs": 8}, 0.6571),
    ("trofimov2020", {"validation": 0.1, "minibatch_size": 500, "epochs": 6}, 7.207),
    ("trofimov2020", {"decoder": "dot", "validation": 0.1, "minibatch_size": 500, "epochs": 4},
     83.42),
    ("thesis2024", {"validation": 0.1, "steps": 60}, 3.195),
]  # fmt: skip


@pytest.fixture(scope="module")
def larger():
    return simulated(120, 200, 4).X


@pytest.mark.parametrize(("recipe", "changes", "expected"), RECIPES)
def test_what_recipes_reach(larger, recipe, changes, expected):
    found = fit(larger, choose(recipe, **changes)).validation_loss
    assert found == pytest.approx(expected, rel=0.02)
