"""What tests of bad input share: a small AnnData, what a verb could write, and a refusal."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe


def small(n_obs=40, n_vars=30, rng=0):
    return fe.datasets.simulated(n_obs, n_vars, 4, rng=rng)


def matrix_bytes(X):
    if X is None:
        return None
    if sparse.issparse(X):
        return X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes()
    return X.tobytes()


def snapshot(adata):
    """Return all that a verb could have written, in a form that compares."""
    places = ("obsm", "varm", "layers", "obsp", "varp")
    return (
        {name: set(getattr(adata, name)) for name in places},
        {name: list(getattr(adata, name).columns) for name in ("obs", "var")},
        {key: id(value) for key, value in adata.uns.items()},
        matrix_bytes(adata.X),
        {key: matrix_bytes(np.asarray(adata.obsm[key])) for key in adata.obsm},
    )


def refuses(adata, error, *words, **keywords):
    """Train, expect `error` with all `words` in its message, and nothing written."""
    before = snapshot(adata)
    with pytest.raises(error) as caught:
        fe.tl.train(adata, **{"steps": 20, **keywords})
    for word in words:
        assert re.search(word, str(caught.value)), (word, str(caught.value))
    assert snapshot(adata) == before
