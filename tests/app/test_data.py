"""Matrices by columns, numbers as bytes, and what is told apart by a look at a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata._access.layers import layers_of
from fe_anndata.app import columns, data
from fe_anndata.app.asking import Packed, explained, plain, table_of
from fe_anndata.app.data import open_data, quantised

from .conftest import unpacked


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize("n_obs", [1, 500])
def test_columns_are_those_of_the_matrix(make, n_obs, monkeypatch):
    monkeypatch.setattr(columns, "BLOCK", 1)  # many pieces
    X = np.random.default_rng(0).poisson(0.5, (n_obs, 37)).astype(np.float32)
    adata = fe.datasets.simulated(n_obs + 1, 37, 2)[:n_obs].copy()
    adata.X = make(X)
    of = open_data(adata)
    made = of.columns(None, None)
    for i in (0, 17, 36):
        assert np.array_equal(made.column(i), X[:, i])
    assert made.done == 1


def test_a_large_file_is_coloured_as_a_small_one(file, adata, monkeypatch):
    gene = adata.var_names[3]
    wanted = open_data(file).look(gene, None, None, "fe")
    monkeypatch.setattr(data, "COPIED", 10)
    monkeypatch.setattr(data, "STAYS", 10)
    large = open_data(file)
    assert not isinstance(large.adata.X, np.ndarray)  # it stays in its file
    assert large.is_copied(None)
    assert np.allclose(large.look(gene, None, None, "fe").values, wanted.values)
    large.close()


def test_layers_of_a_large_file_stay_in_it_too(adata, tmp_path, monkeypatch):
    gene = adata.var_names[3]
    made = adata.copy()
    made.layers["twice"] = 2 * made.X
    fe.io.write_h5ad(made, tmp_path / "layers.h5ad")
    monkeypatch.setattr(data, "STAYS", 10)
    large = open_data(tmp_path / "layers.h5ad")
    assert list(layers_of(large.adata)) == ["twice"]
    twice = large.look(gene, "twice", None, None)
    assert np.allclose(twice.values, 2 * np.asarray(adata[:, gene].X).ravel())
    large.close()


def test_no_room_for_a_copy_is_said(adata, monkeypatch):
    of = open_data(adata)
    made = of.columns(None, None)
    monkeypatch.setattr(made, "_size", 1e30)
    with pytest.raises(ValueError, match="TMPDIR"):
        made.column(0)


def test_quantised():
    steps, low, high = quantised(np.array([1.0, np.nan, 3.0, 2.0, np.inf]))
    assert list(steps) == [0, 255, 254, 127, 255]
    assert (low, high) == (1, 3)
    assert list(quantised(np.array([np.nan]))[0]) == [255]
    assert list(quantised(np.array([4.0, 4.0]))[0]) == [0, 0]


def test_packed_arrays_are_found_again():
    arrays = {"a": np.arange(3, dtype=np.uint8), "b": np.arange(5, dtype=np.float32)}
    found = unpacked(Packed({"said": "é", "none": np.nan}, arrays).content())
    assert (found["said"], found["none"]) == ("é", None)
    for name, array in arrays.items():
        assert np.array_equal(found["arrays"][name], array)


def test_plain_values_are_json():
    assert plain({"a": np.float32(1), "b": [np.nan, np.inf], "c": pd.NA, 1: np.bool_(True)}) == {
        "a": 1.0, "b": [None, None], "c": None, "1": True,
    }  # fmt: skip
    table = table_of(pd.DataFrame({"x": [1.5, np.nan], "y": ["a", None]}))
    assert [list(row) for row in plain(table["rows"])] == [[1.5, "a"], [None, None]]


def test_a_fault_of_ours_says_so():
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("by nothing")
    assert "fault of the app: ZeroDivisionError: by nothing" in explained(caught.value)
    assert explained(KeyError("no gene 'x'")) == "no gene 'x'"


@pytest.mark.parametrize(
    ("text", "is_vectors"),
    [
        ("3 4\nA 1 2 3 4\n", True),
        ("A 0.1 -2 3e-5 4\nB 1 2 3 4\n", True),
        ("gene,s1,s2\nA,1,2\n", False),
        ("gene\ts1\ts2\nA\t1\t2\n", False),
    ],
)
def test_vectors_are_told_from_matrices(tmp_path, text, is_vectors):
    (tmp_path / "file.txt").write_text(text)
    assert data._holds_vectors(tmp_path / "file.txt") == is_vectors
