"""What a file holds comes back; files of the first format, which used other words, too."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad

from fe_anndata.datasets import simulated
from fe_anndata.models import FE, family
from fe_anndata.models.fe.sizes import sized
from fe_anndata.store import uns
from tests.helpers import choose, fit

OF = family("fe")
RECIPES = [("default", d) for d in ("inner", "concat", "dot")] + [
    ("trofimov2020", "concat"), ("trofimov2020", "dot"), ("thesis2024", "concat")
]  # fmt: skip
IDENTITY = {"model": "fe", "recipe": "default", "rng": 0, "layer": None}
TRAINED = np.arange(25) % 5 != 2  # 20 of 25 genes
RUNS = {
    "inner": {"steps": 20},
    "inner, steps of gradients": {"steps": 20, "gene_step": "gradient", "patience": None},
    "inner, many dimensions": {"steps": 20, "sample_dim": 5, "gene_hidden": (6,)},
    "inner, tiles": {"minibatch": "tiles", "minibatch_size": (10, 7), "steps": 9},
    "concat": {"decoder": "concat", "minibatch_size": (10, 7), "hidden": (8, 4), "steps": 9},
    "concat, entries": {"decoder": "concat", "minibatch": "entries", "hidden": (8, 4), "steps": 9},
    "dot": {"decoder": "dot", "minibatch_size": 100, "epochs": 2},
    "samples held out": {"validation_by": "samples", "validation": 0.1, "steps": 20},
}


@pytest.fixture(scope="module")
def X():  # noqa: N802
    return simulated(30, 20, 4).X


@pytest.fixture(scope="module")
def fits(X):
    return {name: fit(X, choose(**changes)) for name, changes in RUNS.items()}


@pytest.fixture(params=RUNS)
def run(request, fits):
    """Return a result, and what a file holds of it."""
    fitted = fits[request.param]
    return fitted, uns.pack_fitted(OF, fitted, IDENTITY, TRAINED)


def in_a_file(packed, folder):
    """Return what is read where `packed` was written."""
    AnnData(np.zeros((1, 1)), uns={"fe": packed}).write_h5ad(folder / "a.h5ad")
    return read_h5ad(folder / "a.h5ad").uns["fe"]


def unpacked(stored, fitted):
    genes = uns.scatter(fitted.trained.genes(), TRAINED)
    return uns.unpack_trained(stored, fitted.trained.samples(), genes, TRAINED)


def require_same_model(a, b):
    assert a.options == b.options
    for name, value in a.module.state_dict().items():
        assert value.numpy().tobytes() == b.module.state_dict()[name].numpy().tobytes(), name
    for name, section in a.arrays().items():
        for key, value in section.items():
            np.testing.assert_array_equal(b.arrays()[name][key], value, err_msg=f"{name}/{key}")


def require_same_state(a, b):
    assert a.counters == b.counters
    assert a.facts == b.facts
    for section in ("parameters", "best", "moments"):
        x, y = getattr(a, section), getattr(b, section)
        assert x.keys() == y.keys()
        for name in x:
            assert (x[name].dtype, x[name].tobytes()) == (y[name].dtype, y[name].tobytes())
    pd.testing.assert_frame_equal(pd.DataFrame(a.history), pd.DataFrame(b.history), check_like=True)


@pytest.mark.parametrize("settled", ["chosen", "settled", "sized"])
@pytest.mark.parametrize(("recipe", "decoder"), RECIPES)
def test_options_come_back(recipe, decoder, settled, tmp_path):
    options = choose(recipe, decoder=decoder)
    if settled != "chosen":
        options = options.settled() if settled == "settled" else sized(options, (500, 300))
    packed = uns.pack_options(options)
    assert not any(isinstance(value, tuple) for value in packed.values())
    assert uns.unpack_options(OF, packed) == options
    assert uns.unpack_options(OF, in_a_file(packed, tmp_path)) == options


def test_a_result_comes_back(run, tmp_path):
    fitted, packed = run
    assert packed["format"] == 3
    assert packed["loss"] == "mse"
    assert (fitted.ended == "converged") == ("state" not in packed)
    for stored in (packed, in_a_file(packed, tmp_path)):
        require_same_model(unpacked(stored, fitted), fitted.trained)
        if "state" in stored:
            found = uns.unpack_state(stored["state"], stored["history"])
            require_same_state(found, fitted.resumable)
        assert stored["params"]["validation_loss"] == fitted.validation_loss
        assert stored["params"]["best_step"] == fitted.best_step
        assert stored["history"].columns.tolist() == [
            "step", "epoch", "seconds", "train_loss", "validation_loss", "entries_per_second",
        ]  # fmt: skip
        assert uns.family_of(stored) is OF


def test_it_does_what_it_did(run, X):
    fitted, packed = run
    back = unpacked(packed, fitted)
    known, u = np.arange(20), fitted.trained.samples()
    np.testing.assert_array_equal(back.decode(u, known), fitted.trained.decode(u, known))
    expected, found = (m.placing(known)(X) for m in (fitted.trained, back))
    np.testing.assert_array_equal(found.u, expected.u)
    for name in ("r2", "distance", "outlier"):
        np.testing.assert_array_equal(found.facts[name], expected.facts[name])


def test_genes_left_out_have_no_number(run):
    _, packed = run
    for section, key in (("model", "offset"), ("noise", "genes")):
        assert np.array_equal(np.isnan(packed[section][key]), ~TRAINED)
        assert packed[section][key].shape == (25,)


NOW_AND_THEN = {"minibatch": "batch", "minibatch_size": "batch_size", "place_samples": "relocate",
                "noise_model": "noise"}  # fmt: skip


def of_format_1(packed):
    """Return a result as the first format had it."""
    old = deepcopy(packed)
    del old["format"], old["loss"]
    params = {NOW_AND_THEN.get(name, name): value for name, value in old["params"].items()}
    for name in ("batch", "validation_by"):
        params[name] = "cells" if params[name] == "entries" else params[name]
    if params["evaluate_every"] == "auto":
        params["evaluate_every"] = None
    old["params"] = params
    old["history"] = old["history"].rename(columns={"entries_per_second": "cells_per_second"})
    if "state" in old:
        noise = old["state"].pop("facts")["sample_noise"]
        old["state"]["progress"]["noise"] = noise
    return old


def test_the_first_format_is_read(run, tmp_path):
    fitted, packed = run
    old = of_format_1(packed)
    assert {"batch", "relocate", "noise"} <= set(old["params"])
    for stored in (old, in_a_file(old, tmp_path)):
        require_same_model(unpacked(stored, fitted), fitted.trained)
        if "state" in stored:
            found = uns.unpack_state(stored["state"], stored["history"])
            require_same_state(found, fitted.resumable)
        assert "entries_per_second" in uns.unpack_history(stored["history"])
    assert "batch" in old["params"]  # nothing is changed where it stands


def test_a_run_of_the_first_format_goes_on(X, fits):
    part, whole = fits["inner"], fit(X, choose(steps=45))
    old = of_format_1(uns.pack_fitted(OF, part, IDENTITY, TRAINED))
    state = uns.unpack_state(old["state"], old["history"])
    rest = fit(X, choose(steps=45), state=state)
    np.testing.assert_array_equal(rest.trained.samples(), whole.trained.samples())


def test_what_an_older_version_did_not_know_did_nothing(fits):
    old = of_format_1(uns.pack_fitted(OF, fits["inner"], IDENTITY, TRAINED))["params"]
    for name in ("neighbor_weight", "sample_noise", "weight_decay", "relocate", "metric",
                 "gene_metric"):  # fmt: skip
        del old[name]
    found = uns.unpack_options(OF, old)
    assert (found.neighbor_weight, found.sample_noise, found.weight_decay) == (0, 0, 0)
    assert (found.place_samples, found.metric, found.gene_metric) == (False, "free", "free")
    new = uns.pack_options(FE())
    del new["neighbor_weight"]
    assert uns.unpack_options(OF, new).neighbor_weight == "auto"


def test_options_that_did_nothing_are_no_error(fits):
    """Files of the first format also name what did not apply."""
    old = of_format_1(uns.pack_fitted(OF, fits["concat"], IDENTITY, TRAINED))["params"]
    found = uns.unpack_options(OF, {**old, "gene_prior": 3.0, "solve_every": 10, "fourier": 16})
    assert (found.gene_prior, found.solve_every, found.fourier) == (0, None, 0)


def test_a_file_that_knows_no_noise_places_nothing(fits):
    fitted = fits["concat"]
    old = of_format_1(uns.pack_fitted(OF, fitted, IDENTITY, TRAINED))
    del old["noise"]
    back = unpacked(old, fitted)
    np.testing.assert_array_equal(back.genes(), fitted.trained.genes())
    with pytest.raises(ValueError, match="before new samples could be placed; train again"):
        back.placing(np.arange(20))


def test_another_family_is_told():
    with pytest.raises(ValueError, match="of the family 'vae', which is not known here"):
        uns.family_of({"params": {"model": "vae"}})
    assert uns.family_of({"params": {"model": "fe"}}) is OF


def test_scattered_values():
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    full = uns.scatter(values, np.array([False, True, True, False, True]))
    assert full.dtype == np.float32
    assert full[[1, 2, 4]].tolist() == values.tolist()
    assert np.isnan(full[[0, 3]]).all()


def test_a_fingerprint_knows_its_rows():
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    table[2] = np.nan
    prints = uns.fingerprint(table)
    assert prints.dtype == np.uint64
    assert np.array_equal(uns.fingerprint(table[::-1]), prints[::-1])
    changed = table.copy()
    changed[4, 1] += 1e-6
    assert (uns.fingerprint(changed) != prints).tolist() == [False] * 4 + [True, False]
