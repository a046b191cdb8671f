"""Values that anndata would not write, or not as they are: written in another form, or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from tests.refusals import small

NAMES = ["a/b", "", ".", "a\0b"]


def written(adata, path):
    fe.io.write_h5ad(adata, path, overwrite=True)
    return fe.io.read_h5ad(path)


@pytest.mark.parametrize("dtype", ["string", object])
@pytest.mark.parametrize("place", ["obsm", "uns"])
def test_text_of_which_some_is_missing(tmp_path, place, dtype):
    adata = small()
    column = pd.Series(["x", None] * 20, index=adata.obs_names, dtype=dtype)
    getattr(adata, place)["table"] = column.to_frame("text")
    back = getattr(written(adata, tmp_path / "a.h5ad"), place)["table"]["text"]
    assert list(back.isna()) == [False, True] * 20
    assert back.iloc[0] == "x"


def test_an_array_of_text_of_which_some_is_missing(tmp_path):
    adata = small()
    adata.uns["text"] = pd.array(["x", None], dtype="string")
    assert list(pd.isna(written(adata, tmp_path / "a.h5ad").uns["text"])) == [False, True]


def test_masked_values_are_missing(tmp_path):
    adata = small()
    X = adata.X.copy()
    adata.X = np.ma.MaskedArray(np.where(X > 4, 1e6, X), X > 4)
    adata.layers["whole"] = np.ma.MaskedArray(np.ones(X.shape, int), X > 4)
    back = written(adata, tmp_path / "a.h5ad")
    for found in (back.X, back.layers["whole"]):
        np.testing.assert_array_equal(np.isnan(found), X > 4)
    assert np.nanmax(back.X) <= 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["obsm", "layers", "uns"])
def test_names_that_no_file_can_hold(tmp_path, place, name):
    adata = small()
    getattr(adata, place)[name] = np.zeros(adata.shape)
    with pytest.raises(TypeError, match=place):
        written(adata, tmp_path / "a.h5ad")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_results_have_names_that_a_file_can_hold(name):
    adata = small()
    with pytest.raises(ValueError, match="key_added"):
        fe.tl.train(adata, steps=2, key_added=name, progress=False)
    fe.tl.train(adata, steps=2, progress=False)
    for verb in (fe.tl.reconstruct, fe.tl.impute):
        with pytest.raises(ValueError, match="layer_added"):
            verb(adata, name)


def test_a_column_that_cannot_be_written_is_named(tmp_path):
    adata = small()
    adata.obs["bad"] = pd.Series([1, "a"] * 20, index=adata.obs_names, dtype=object)
    with pytest.raises(TypeError, match=r"adata\.obs\['bad'\]"):
        written(adata, tmp_path / "a.h5ad")
