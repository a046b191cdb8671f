"""What the tests of the verbs share: small data, a trained reference, new samples."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small

KEYWORDS = {
    "inner": {},
    "concat": {"decoder": "concat", "hidden": (8, 4), "gene_dim": 6},
}


def make(decoder):
    """Return a trained reference, and new samples that were placed in it."""
    adata = fe.datasets.simulated(60, 30, 3)
    reference, new = adata[:48].copy(), adata[48:].copy()
    mask = np.arange(30) != 4
    fe.tl.train(reference, steps=200, mask_var=mask, progress=False, **KEYWORDS[decoder])
    fe.tl.transform(new, reference, progress=False)
    return reference, new


@pytest.fixture(autouse=True)
def _quiet_on_the_processor(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)
    monkeypatch.setattr(fe.settings, "device", "cpu")


@pytest.fixture
def adata():
    """Return a small AnnData that can be trained on."""
    return small()


@pytest.fixture(scope="session")
def _trained():
    made = small()
    fe.tl.train(made, steps=20, progress=False)
    fe.tl.reconstruct(made, "expected")
    return made


@pytest.fixture
def trained(_trained):
    """Return it after 20 steps, its predictions in the layer "expected"."""
    return _trained.copy()


@pytest.fixture(scope="session")
def _placed():
    return {decoder: make(decoder) for decoder in KEYWORDS}


@pytest.fixture(params=list(KEYWORDS))
def placed(_placed, request):
    """Return a reference (gene5 not trained on) and new samples, for either decoder."""
    return tuple(adata.copy() for adata in _placed[request.param])


@pytest.fixture
def inner(_placed):
    """Return the same for the inner decoder alone."""
    return tuple(adata.copy() for adata in _placed["inner"])
