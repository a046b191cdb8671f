"""The options of factorized embeddings: their defaults, by number, and what goes together."""

from __future__ import annotations

from dataclasses import fields

import pytest

from fe_anndata.models import FE
from fe_anndata.models.fe.sizes import sized
from tests.helpers import choose

INNER = {
    "labels_weight": 0.1, "factors_form": "sum",
    "decoder": "inner", "sample_dim": 2, "gene_dim": "auto", "hidden": (128, 128),
    "gene_hidden": (), "fourier": "auto", "activation": "relu", "output": "linear",
    "center": True, "sample_start": "pca", "gene_start": "svd", "init": "glorot",
    "minibatch": "full", "minibatch_size": None, "optimizer": "muon", "learning_rate": 0.03,
    "sample_learning_rate": "length", "warm_up": 10, "l2": 0.0, "weight_decay": 2.0,
    "gene_step": "solve", "gene_learning_rate": None, "solve_every": "auto", "gene_prior": 3.0,
    "sample_noise": 2.0, "neighbor_weight": "auto", "place_samples": True, "noise_model": "auto",
    "sample_prior": 1.0, "metric": "auto", "gene_metric": "auto", "gene_views": None, "steps": 135,
    "epochs": None,
    "validation": "auto", "validation_by": "entries", "evaluate_every": "auto",
    "record_every": None, "patience": 2,
    "learning_rate_drops": 1, "tolerance": 0.001,
}  # fmt: skip
CONCAT = INNER | {
    "labels_weight": 0.0,
    "decoder": "concat", "hidden": (256, 64), "fourier": 0, "minibatch": "tiles",
    "minibatch_size": "auto", "learning_rate": 0.02, "sample_learning_rate": 0.03,
    "weight_decay": 0.0, "gene_step": "gradient", "gene_learning_rate": 0.02, "solve_every": None,
    "gene_prior": 0.0, "sample_noise": 0.0, "neighbor_weight": 0.0, "place_samples": False,
    "metric": "free", "gene_metric": "free", "steps": 20000, "learning_rate_drops": 3,
    "tolerance": 0.003,
}  # fmt: skip
DOT = CONCAT | {
    "labels_weight": 0.0,
    "decoder": "dot", "sample_dim": 51, "gene_dim": 51, "hidden": (), "output": "bounded",
    "center": False, "sample_start": "random", "gene_start": "random", "minibatch": "entries",
    "optimizer": "adam", "learning_rate": 0.01, "sample_learning_rate": None,
    "gene_learning_rate": None, "steps": None, "epochs": 30.0, "patience": 3,
    "learning_rate_drops": 2, "tolerance": 0.001,
    "place_samples": True,
}  # fmt: skip
TROFIMOV = CONCAT | {
    "gene_dim": 2, "hidden": (250, 75, 50, 25, 10), "activation": "tanh",
    "sample_start": "random", "gene_start": "random", "init": "torch", "output": "bounded",
    "center": False, "minibatch": "entries", "minibatch_size": 10000, "optimizer": "rmsprop",
    "learning_rate": 0.001, "sample_learning_rate": None, "gene_learning_rate": None,
    "warm_up": 0, "l2": 5e-6, "steps": None, "epochs": 10.0, "validation": 0.0, "patience": None,
    "learning_rate_drops": 0, "tolerance": 0.0,
}  # fmt: skip
THESIS = CONCAT | {
    "gene_dim": 100, "hidden": (100, 50, 50), "sample_start": "random", "gene_start": "random",
    "center": False, "minibatch": "entries", "minibatch_size": "auto", "optimizer": "adam",
    "learning_rate": 0.01, "sample_learning_rate": None, "gene_learning_rate": None,
    "warm_up": 0, "l2": 1e-7, "steps": 100000, "validation": 0.0, "patience": None,
    "learning_rate_drops": 0, "tolerance": 0.0,
}  # fmt: skip
SETTLED = {
    "inner": (choose(), INNER),
    "concat": (choose(decoder="concat"), CONCAT),
    "dot": (choose(decoder="dot"), DOT),
    "trofimov2020": (choose("trofimov2020"), TROFIMOV),
    "thesis2024": (choose("thesis2024"), THESIS),
}


@pytest.mark.parametrize("name", SETTLED)
def test_defaults_by_number(name):
    options, expected = SETTLED[name]
    assert options.settled().chosen() == expected


@pytest.mark.parametrize(
    ("changes", "shape", "expected"),
    [
        ({}, (500, 300), {
            "gene_dim": 64, "fourier": 16, "solve_every": 15, "neighbor_weight": 0.05,
            "metric": "free", "gene_metric": "balanced", "noise_model": "shared",
            "evaluate_every": 15, "sample_learning_rate": pytest.approx(0.14 / 2**0.5),
            "validation": "auto",
        }),
        ({"sample_dim": 3}, (500, 300), {"fourier": 16, "solve_every": 15, "metric": "free",
                                         "noise_model": "shared", "neighbor_weight": 0.05}),
        ({"sample_dim": 4}, (500, 300), {
            "gene_dim": 64, "fourier": 0, "solve_every": 10, "neighbor_weight": 0.02,
            "metric": "expression", "noise_model": "equal", "evaluate_every": 10,
            "sample_learning_rate": pytest.approx(0.07),
        }),
        ({"sample_dim": 40}, (500, 300), {"gene_dim": 80}),
        ({}, (500, 30), {"gene_dim": 29, "gene_metric": "balanced"}),
        ({}, (12, 300), {"gene_dim": 11, "gene_metric": "free"}),
        ({"gene_dim": 15}, (500, 300), {"gene_metric": "free"}),
        ({"gene_dim": 16}, (500, 300), {"gene_metric": "balanced"}),
        ({"center": False}, (500, 300), {"gene_metric": "free"}),
        ({"gene_start": "mine"}, (500, 300), {"gene_metric": "free"}),
        ({"sample_start": "random"}, (500, 300), {"neighbor_weight": 0.0}),
        ({"solve_every": 4}, (500, 300), {"evaluate_every": 12}),
        ({"solve_every": 4, "evaluate_every": 5}, (500, 300), {"evaluate_every": 8}),
        ({"gene_step": "gradient"}, (500, 300), {"evaluate_every": 10, "gene_learning_rate": 0.01}),
        ({"hidden": ()}, (500, 300), {"fourier": 0}),
        ({"minibatch": "tiles"}, (500, 300), {
            "minibatch_size": (100, 100), "weight_decay": 0.0, "place_samples": False,
            "steps": None, "epochs": 30.0, "gene_learning_rate": 0.01,
        }),
        ({"minibatch": "entries"}, (500, 300), {"minibatch_size": 3000}),
        ({"decoder": "concat"}, (500, 300), {
            "gene_dim": 64, "minibatch_size": (100, 100), "metric": "free", "gene_metric": "free",
            "evaluate_every": "auto", "noise_model": "shared",
        }),
        ({"decoder": "concat", "minibatch": "entries"}, (500, 300), {"minibatch_size": 3000}),
        ({"decoder": "dot"}, (500, 300), {"minibatch_size": 7500, "noise_model": "equal"}),
        ({"decoder": "dot"}, (5000, 300), {"minibatch_size": 10000}),
        ({"sample_dim": 4}, (256, 300), {"learning_rate": pytest.approx(0.015)}),
        ({"sample_dim": 4, "learning_rate": 0.03}, (256, 300), {"learning_rate": 0.03}),
        ({}, (75, 100), {"learning_rate": pytest.approx(0.015)}),
        ({}, (256, 300), {"learning_rate": 0.03}),
    ],
)  # fmt: skip
def test_what_depends_on_the_data(changes, shape, expected):
    found = sized(choose(**changes), shape).chosen()
    assert {name: found[name] for name in expected} == expected
    assert [n for n, v in found.items() if v == "auto"] in (
        ["validation"], ["validation", "evaluate_every"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample_dim": 30}, "sample_dim=30 is more than the 29 principal.*sample_start='random'"),
        ({"gene_dim": 30}, "gene_dim=30 is more than the 29 principal.*gene_start='random'"),
    ],
)
def test_more_coordinates_than_components(changes, words):
    with pytest.raises(ValueError, match=words):
        sized(choose(**changes), (30, 90))
    random = {"sample_start": "random", "gene_start": "random"}
    name, value = next(iter(changes.items()))
    assert getattr(sized(choose(**changes, **random), (30, 90)), name) == value


RECIPES = [("default", d) for d in ("inner", "concat", "dot")] + [
    ("trofimov2020", "concat"), ("trofimov2020", "dot"), ("thesis2024", "concat")
]  # fmt: skip


@pytest.mark.parametrize("minibatch", ["auto", "full", "entries", "tiles"])
@pytest.mark.parametrize(("recipe", "decoder"), RECIPES)
def test_settled_options_are_options(recipe, decoder, minibatch):
    changes = {} if minibatch == "auto" else {"minibatch": minibatch}
    if minibatch == "full" and decoder != "inner":
        with pytest.raises(ValueError, match="minibatch='full' needs decoder='inner'"):
            choose(recipe, decoder=decoder, **changes)
        return
    options = choose(recipe, decoder=decoder, **changes)
    settled = options.settled()
    assert settled.decoder == decoder
    assert minibatch in ("auto", settled.minibatch)
    for again in (FE(**settled.chosen()), settled.settled(), FE(**options.chosen()).settled()):
        assert again == settled
    of_data = sized(options, (500, 300))
    assert FE(**of_data.chosen()) == of_data == sized(of_data, (500, 300))


def test_the_user_wins_over_the_recipe():
    options = choose("trofimov2020", hidden=[10], learning_rate=0.5, steps=7, activation="relu")
    assert (options.hidden, options.learning_rate, options.activation) == ((10,), 0.5, "relu")
    assert options.optimizer == "rmsprop"
    settled = options.settled()
    assert (settled.steps, settled.epochs) == (7, None)


def test_a_recipe_leaves_out_what_no_longer_applies():
    dot = choose("trofimov2020", decoder="dot").settled()
    assert (dot.hidden, dot.activation, dot.gene_dim) == ((), "relu", 51)
    assert (dot.optimizer, dot.l2, dot.epochs, dot.minibatch_size) == ("rmsprop", 5e-6, 10, 10000)
    passes = choose("thesis2024", epochs=3).settled()
    assert (passes.steps, passes.epochs) == (None, 3.0)
    tiles = choose("trofimov2020", minibatch="tiles")
    assert sized(tiles, (500, 300)).minibatch_size == (100, 100)
    assert choose("trofimov2020", minibatch="entries").minibatch_size == "auto"
    assert choose("thesis2024", output="bounded").settled().center is False
    with pytest.raises(ValueError, match="hidden does not apply to decoder='dot'"):
        choose("trofimov2020", decoder="dot", hidden=(5,))


def test_a_recipe_for_another_decoder():
    with pytest.raises(ValueError, match=r"'thesis2024' is for decoder='concat', not 'inner'"):
        choose("thesis2024", decoder="inner")
    with pytest.raises(ValueError, match="is for decoder='concat' or 'dot', not 'inner'"):
        choose("trofimov2020", decoder="inner")
    with pytest.raises(ValueError, match="recipe must be one of 'default', 'trofimov2020'"):
        choose("thesis2023")


def test_a_bounded_output_has_no_offset():
    options = choose(decoder="concat", output="bounded").settled()
    assert (options.output, options.center) == ("bounded", False)


@pytest.mark.parametrize("given", [{"steps": None}, {"epochs": None}, {}])
def test_none_is_no_budget(given):
    assert choose(**given).settled().steps == (None if "steps" in given else 135)
    assert choose(**given).settled().epochs == (30 if "steps" in given else None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"decoder": "dot", "hidden": 5}, "hidden does not apply to decoder='dot'"),
        ({"decoder": "concat", "gene_hidden": 5}, "gene_hidden does not apply"),
        ({"decoder": "concat", "minibatch": "full"}, "needs decoder='inner'"),
        ({"output": "bounded", "minibatch": "full"}, "needs output='linear'"),
        ({"decoder": "outer"}, "decoder must be one of 'inner', 'concat', 'dot', not 'outer'"),
        ({"activation": "gelu"}, "activation must be one of"),
        ({"decoder": "concat", "fourier": 5}, "fourier does not apply"),
        ({"decoder": "concat", "gene_step": "solve"}, "gene_step does not apply"),
        ({"gene_step": "solve", "gene_hidden": 5}, "take another gene_step"),
        ({"gene_step": "solve", "minibatch": "tiles"}, "take another gene_step"),
        ({"fourier": 5, "hidden": ()}, r"fourier .* another hidden than \(\)"),
        ({"fourier": -1}, "fourier must be an integer that is not negative"),
        ({"weight_decay": 1.0, "optimizer": "adam"}, "weight_decay .* needs optimizer='muon'"),
        ({"sample_learning_rate": "fast"}, "sample_learning_rate must be"),
        ({"sample_learning_rate": "fast"}, "'auto', or 'length'"),
        ({"solve_every": 0}, "solve_every must be a positive integer"),
        ({"solve_every": None}, "solve_every must be a positive integer with gene_step='solve'"),
        ({"gene_step": "gradient", "solve_every": 5}, "solve_every does not apply"),
        ({"gene_learning_rate": 0.1}, "gene_learning_rate .* needs gene_step='gradient'"),
        ({"gene_step": "gradient", "gene_prior": 1}, "gene_prior does not apply"),
        ({"sample_prior": -1}, "sample_prior must be"),
        ({"minibatch": "tiles", "sample_noise": 1}, "sample_noise .* needs minibatch='full'"),
        ({"steps": 1, "epochs": 1}, "give steps or epochs, not both"),
        ({"steps": None, "epochs": None}, "both are None"),
        ({"steps": 0}, "steps must be a positive integer"),
        ({"epochs": 0}, "epochs must be a positive number"),
        ({"learning_rate": -1}, "learning_rate must be a positive number"),
        ({"l2": -1}, "l2 must be a number that is not negative"),
        ({"validation": 0.9}, "validation must be a number from 0 to 0.5"),
        ({"hidden": (5, 0)}, "hidden must be positive integers"),
        ({"minibatch_size": 5}, "minibatch_size does not apply to minibatch='full'"),
        ({"minibatch": "tiles", "minibatch_size": 5}, "2 positive integers with minibatch='tiles'"),
        ({"decoder": "concat", "minibatch_size": None}, "2 positive integers"),
        ({"minibatch": "entries", "minibatch_size": (5, 5)}, "positive integer with minibatch="),
        ({"decoder": "concat", "output": "bounded", "center": True}, "center does not apply"),
        ({"decoder": "dot", "sample_dim": 3, "gene_dim": 4}, "gene_dim does not apply"),
        ({"gene_metric": "balanced", "center": False}, "gene_metric='balanced' needs center=True"),
        ({"metric": "expression", "decoder": "concat"}, "metric does not apply"),
        ({"validation_by": "cells"}, "not 'cells' .'cells' is called 'entries' now"),
        ({"minibatch": "cells"}, "not 'cells' .'cells' is called 'entries' now"),
    ],
)
def test_what_does_not_fit_is_an_error(changes, words):
    with pytest.raises(ValueError, match=words):
        choose(**changes)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("batch", "batch is called minibatch now"),
        ("batch_size", "batch_size is called minibatch_size now"),
        ("relocate", "relocate is called place_samples now"),
        ("noise", "noise is called noise_model now"),
        ("sample_dims", "has no option 'sample_dims': did you mean 'sample_dim'"),
        ("learning_rte", "did you mean 'learning_rate'"),
        ("Steps", "did you mean 'steps'"),
    ],
)
def test_names_of_other_times_and_misspelt_ones(name, words):
    with pytest.raises(TypeError, match=words):
        choose(**{name: 1})


def test_every_option_is_explained_once_with_its_default():
    lines = [line.strip() for line in FE.__doc__.splitlines()]
    for of in fields(FE):
        (heading,) = [line for line in lines if line.startswith(f"{of.name} : ")]
        assert heading.endswith(f", default {of.default!r}")
        assert len(lines[lines.index(heading) + 1]) > 10
    doc = " ".join(lines)
    for words in (
        "'auto' is 0.03 where decoder is 'inner', 0.02 where decoder is 'concat', 0.01 otherwise",
        "Applies where decoder is 'inner' and minibatch is 'full'.",
        "'auto' is 135 where decoder is 'inner' and minibatch is 'full', 20000 where decoder is "
        "'concat', None otherwise.",
    ):
        assert words in doc
