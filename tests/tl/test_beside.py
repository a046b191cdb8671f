"""Options that are about an argument of train, given without it."""

from __future__ import annotations

import logging

import pytest

import fe_anndata as fe

FEW = {"steps": 3, "progress": False}
SMALL = {"tokens": 20, "width": 8, "zero": -9.0}


@pytest.fixture
def adata():
    return fe.datasets.simulated(40, 30, 3)


@pytest.mark.parametrize(
    ("model", "options", "argument"),
    [
        ("fe", {"labels_weight": 0.5}, "labels_key"),
        ("fe", {"labels_weight": 0}, "labels_key"),
        ("fe", {"factors_form": "concatenation"}, "factors"),
        ("generain", {"head": "with-body", **SMALL}, "labels_key"),
        ("exceiver", {"head": "with-body"}, "labels_key"),
    ],
)
def test_refused(adata, model, options, argument):
    name = next(iter(options))
    with pytest.raises(ValueError, match=f"{name} does not apply without {argument}; give"):
        fe.tl.train(adata, model, **options, **FEW)
    assert model not in adata.uns
    if model == "fe":
        with pytest.raises(ValueError, match=f"{name} does not apply without {argument}"):
            fe.tl.train(adata, fe.models.FE(steps=3, **options), progress=False)


def test_taken_with_it_and_as_a_result_says_it(adata):
    fe.tl.train(adata, labels_key="group", labels_weight=0.5, **FEW)
    for defaults in (
        {},
        {"labels_weight": "auto"},
        {"labels_weight": 0.1},
        {"factors_form": "sum"},
    ):
        fe.tl.train(adata, **defaults, **FEW)


def test_a_second_training_says_what_it_replaces(adata, caplog):
    caplog.set_level(logging.INFO, "fe_anndata")
    fe.tl.train(adata, **FEW)
    assert "takes the place" not in caplog.text
    fe.tl.train(adata, key_added="other", **FEW)
    assert "takes the place" not in caplog.text
    fe.tl.train(adata, **FEW)
    assert "this training takes the place of the one under 'fe'" in caplog.text
