"""Models that cannot fit are refused before anything of them is made, by the option to lower."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.fe import enough_memory
from tests.helpers import choose, fit

X = np.random.default_rng(0).normal(size=(30, 20)).astype(np.float32)
HUGE = [
    ({"hidden": (10**9,)}, "hidden"),
    ({"hidden": (10**6, 10**6)}, "hidden"),
    ({"decoder": "concat", "hidden": (10**9,)}, "hidden"),
    ({"gene_hidden": (10**9,)}, "gene_hidden"),
    ({"fourier": 10**11}, "fourier"),
    ({"decoder": "dot", "sample_dim": 10**11}, "sample_dim"),
]


@pytest.mark.parametrize(("changes", "name"), HUGE)
def test_an_option_that_asks_too_much_is_named(changes, name):
    with pytest.raises(MemoryError, match=rf"with {name}=.* GB are free; lower {name}\."):
        fit(X, choose(**changes))


def test_nothing_is_written():
    from anndata import AnnData

    adata = AnnData(X)
    with pytest.raises(MemoryError, match="hidden"):
        fe.tl.train(adata, hidden=10**9, progress=False)
    assert not adata.uns
    assert not adata.obsm


def test_what_fits_is_trained(monkeypatch):
    """The parameters of the model are what is counted."""
    options = choose(sample_dim=4, steps=1, fourier=0)
    model = fit(X, options).trained.module
    counted = 16 * sum(parameter.numel() for parameter in model.parameters())
    monkeypatch.setattr(enough_memory, "available", lambda: 1.1 * counted)
    fit(X, options)
    monkeypatch.setattr(enough_memory, "available", lambda: 0.9 * counted)
    with pytest.raises(MemoryError):
        fit(X, options)
