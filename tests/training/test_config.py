from __future__ import annotations

import pytest
from fe_anndata.training.recipes import RECIPES

from fe_anndata.training import resolve


@pytest.mark.parametrize(("recipe", "decoder"), [(r, d) for r in RECIPES for d in RECIPES[r]])
def test_every_recipe_resolves(recipe, decoder):
    config = resolve(recipe, decoder=decoder)
    assert config.decoder == decoder


def test_the_user_wins_over_the_recipe():
    config = resolve("trofimov2020", hidden=[10], learning_rate=0.5, steps=7, activation="relu")
    assert (config.hidden, config.learning_rate) == ((10,), 0.5)
    assert (config.steps, config.epochs) == (7, None)
    assert config.activation == "relu"
    assert config.optimizer == "rmsprop"


def test_a_bounded_output_has_no_offset():
    config = resolve("default", decoder="concat", output="bounded")
    assert (config.output, config.center) == ("bounded", False)


def test_another_kind_of_batch_forgets_the_size_of_the_first():
    assert resolve("default", decoder="concat", batch="cells").batch_size is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decoder": "dot", "hidden": 5}, "hidden does not apply"),
        ({"decoder": "concat", "gene_hidden": 5}, "gene_hidden does not apply"),
        ({"decoder": "concat", "batch": "full"}, "needs decoder='inner'"),
        ({"decoder": "outer"}, "decoder must be one of"),
        ({"activation": "gelu"}, "activation must be one of"),
        ({"decoder": "concat", "fourier": 5}, "fourier does not apply"),
        ({"decoder": "concat", "gene_step": "solve"}, "gene_step does not apply"),
        ({"gene_step": "solve", "gene_hidden": 5}, "take gene_step='gradient'"),
        ({"gene_step": "solve", "batch": "tiles"}, "take gene_step='gradient'"),
        ({"fourier": 5, "hidden": ()}, "fourier needs a network"),
        ({"fourier": -1}, "fourier must be"),
        ({"weight_decay": 1.0, "optimizer": "adam"}, "weight_decay needs optimizer='muon'"),
        ({"sample_learning_rate": "fast"}, "sample_learning_rate must be"),
        ({"solve_every": 0}, "solve_every must be"),
        ({"sample_prior": -1}, "sample_prior must be"),
        ({"steps": 1, "epochs": 1}, "not both"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"learning_rate": -1}, "learning_rate must be positive"),
        ({"l2": -1}, "l2 must be a number that is not negative"),
        ({"validation": 0.9}, "validation must be a fraction"),
        ({"hidden": (5, 0)}, "hidden must be positive integers"),
        ({"batch": "tiles", "batch_size": 5}, "batch_size is"),
        ({"decoder": "concat", "output": "bounded", "center": True}, "center=False"),
        ({"decoder": "dot", "sample_dim": 3, "gene_dim": 4}, "sample_dim == gene_dim"),
    ],
)
def test_what_does_not_fit_is_an_error(changes, words):
    with pytest.raises(ValueError, match=words):
        resolve("default", **changes)


def test_a_recipe_for_another_decoder():
    with pytest.raises(ValueError, match="is for decoder='concat'"):
        resolve("thesis2024", decoder="inner")
