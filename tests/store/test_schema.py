"""What a result may hold: others are an error with a name before anything is built of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata.models import families
from tests.refusals import small


@pytest.fixture(scope="module")
def _trained():
    adata = small()
    fe.tl.train(adata, steps=20, hidden=(8,), gene_dim=6, progress=False, device="cpu")
    del adata.uns["fe"]["checksums"]  # without which format 2 was written
    adata.uns["fe"]["format"] = 2
    return adata


@pytest.fixture
def trained(_trained):
    return _trained.copy()


def put(*path):
    *above, name = path[:-1]

    def change(stored):
        for part in above:
            stored = stored[part]
        stored[name] = path[-1]

    return change


BROKEN = {
    "broadcast": (put("model", "offset", np.ones((30, 1), "f4")), r"\['model'\]\['offset'\]"),
    "of one gene": (put("model", "offset", np.ones(1, "f4")), r"\['model'\]\['offset'\]"),
    "weights": (put("model", "decoder.linear.weight", np.ones((1, 2))), r"linear.*\(1, 2\)"),
    "text": (put("model", "scale", "large"), r"\['model'\]\['scale'\].*no array of numbers"),
    "complex": (put("model", "scale", np.ones(1, "c8")), r"\['model'\]\['scale'\]"),
    "not finite": (put("model", "bounds", np.array([np.nan, 1])), r"'bounds'\] holds NaN"),
    "noise": (put("noise", "genes", np.ones(3)), r"\['noise'\]\['genes'\]"),
    "spacing": (put("noise", "spacing", np.ones(3)), r"\['noise'\]\['spacing'\] has shape \(3,\)"),
    "no model": (put("model", {}), r"\['model'\]\['"),
    "a model of 6 GB": (put("params", "hidden", np.array([40000, 40000])), r"missing|40000"),
    "a model of no size": (put("params", "hidden", np.array([2**40, 2**40])), r"cannot be"),
    "layers": (put("params", "hidden", np.ones(5000, int)), "hidden layers"),
    "sample_dim": (put("params", "sample_dim", 5), r"\['params'\] asks for samples of shape"),
    "a list": (put("params", "decoder", np.array(["a", "b"])), r"\['params'\].*decoder"),
    "a table as params": (put("params", pd.DataFrame({"a": [1]})), r"\['params'\] is of the type"),
    "rng": (put("params", "rng", "zero"), r"\['params'\]\['rng'\] is 'zero', not a whole number"),
    "model": (put("params", "model", 3), r"\['params'\]\['model'\] is 3, not text"),
    "counts": (put("preprocessing", "counts", "no"), r"\['preprocessing'\]\['counts'\]"),
    "names": (put("preprocessing", "names", "no"), r"\['preprocessing'\]\['names'\]"),
    "history": (put("history", np.ones(3)), r"\['history'\] is of the type ndarray"),
    "no history": (put("history", pd.DataFrame()), r"\['history'\] lacks the column"),
    "fingerprint": (put("fingerprint", "samples", "x"), r"\['fingerprint'\]\['samples'\]"),
    "format": (put("format", "two"), r"\['format'\] is 'two'"),
    "format of a nan": (put("format", np.nan), r"\['format'\]"),
}  # fmt: skip


def resume(adata):
    fe.tl.train(adata, resume=True, steps=40, progress=False)


@pytest.mark.parametrize("use", [fe.get.model, fe.tl.reconstruct], ids=["get", "reconstruct"])
@pytest.mark.parametrize("name", BROKEN)
def test_other_results_are_named(trained, name, use):
    change, said = BROKEN[name]
    change(trained.uns["fe"])
    with pytest.raises(ValueError, match=rf"(?s)uns\['fe'\].*{said}|{said}.*uns\['fe'\]"):
        use(trained)


WEIGHT = "decoder.phi_mlp.0.weight"
BROKEN_STATES = {
    "state": (put("state", "text"), r"\['state'\] is no dict"),
    "parameters": (put("state", "parameters", {}), r"\['state'\]\['parameters'\]"),
    "broadcast": (put("state", "parameters", "samples", np.ones((1, 2), "f4")), "'samples'"),
    "another": (put("state", "parameters", "more", np.ones(2, "f4")), "'more'"),
    "not finite": (put("state", "parameters", "samples", np.full((40, 2), np.inf)), "not finite"),
    "cut moments": (put("state", "moments", f"{WEIGHT}:momentum", np.ones(0, "f4")), "momentum"),
    "short moments": (put("state", "moments", "samples:exp_avg", np.ones((3, 2), "f4")), "exp_avg"),
    "step": (put("state", "moments", "samples:step", np.ones(7, "f4")), "samples:step"),
    "unknown moments": (put("state", "moments", "x:step", np.ones(1, "f4")), "x:step"),
    "progress": (put("state", "progress", "step", "x"), r"\['state'\]\['progress'\]"),
    "no progress": (put("state", "progress", {}), r"\['state'\]\['progress'\]"),
    "facts": (put("state", "facts", "sample_noise", "x"), r"\['state'\]\['progress'\]"),
}


@pytest.mark.parametrize("name", BROKEN_STATES)
def test_other_states_are_named(trained, name):
    change, said = BROKEN_STATES[name]
    change(trained.uns["fe"])
    before = trained.obsm["X_fe"].copy()
    with pytest.raises(ValueError, match=said):
        resume(trained)
    np.testing.assert_array_equal(trained.obsm["X_fe"], before)


def test_a_moment_that_is_missing(trained):
    del trained.uns["fe"]["state"]["moments"]["samples:exp_avg_sq"]
    with pytest.raises(ValueError, match="samples:exp_avg_sq"):
        resume(trained)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["yes"] * 30, "column of var|True and False"),
        (np.arange(30) > 3, "others than the trained"),
    ],
)
def test_the_column_of_trained_genes(trained, column, said):
    trained.var["fe_trained"] = column
    with pytest.raises(ValueError, match=said):
        fe.get.model(trained)


def test_the_column_as_text_is_the_same(trained):
    trained.var["fe_trained"] = ["TRUE"] * 30
    fe.tl.reconstruct(trained)


@pytest.mark.parametrize("change", [{}, {"decoder": "concat"}, {"decoder": "dot"},
                                    {"gene_hidden": (4,)}, {"sample_dim": 5}])  # fmt: skip
def test_shapes_are_those_of_what_is_stored(change):
    """They are stated without building the model."""
    adata = small()
    fe.tl.train(adata, steps=3, progress=False, **change)
    model, stored = fe.get.model(adata), adata.uns["fe"]
    of = families()["fe"]
    options = of.options(**{k: v for k, v in model.architecture.items()
                            if k in of.options.__dataclass_fields__},
                         gene_metric=stored["params"]["gene_metric"])  # fmt: skip
    shapes = of.shapes(options, 40, 30)
    for name, array in stored["model"].items():
        assert shapes[f"model/{name}"] == array.shape
    assert shapes["samples"] == adata.obsm["X_fe"].shape
    assert shapes["genes"] == adata.varm["fe"].shape
