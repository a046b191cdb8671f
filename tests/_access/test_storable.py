"""What cannot be written is found before the work, and strings of any kind can be written."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata._access.storable import require_storable
from tests.helpers import told

COLUMNS = {
    "mixed": [1, "1", 2.0, None],
    "tuples": [(1, 2)] * 4,
    "booleans with a gap": [True, None, False, True],
    "integers": [1, 2, 3, 4],
    "text": ["a", None, "b", np.nan],
    "nothing": [None] * 4,
    "NUL": ["a\0b", "b", "c", "d"],
    "nullable text": pd.array(["a", None, "b", "c"], dtype="string"),
    "nullable numbers": pd.array([1.5, None, 2, 3], dtype="Float64"),
    "dates": pd.date_range("2020", periods=4),
    "intervals": pd.cut([1, 2, 3, 4], 2),
    "mixed categories": pd.Categorical([1, "a", 1, "a"]),
}


def four():
    obs, var = pd.DataFrame(index=list("abcd")), pd.DataFrame(index=list("xyz"))
    return anndata.AnnData(np.ones((4, 3), np.float32), obs=obs, var=var)


def is_foreseen(adata):
    try:
        require_storable(adata)
    except TypeError:
        return False
    return True


def is_written(adata, path):
    try:
        fe.io.write_h5ad(adata, path, overwrite=True)
        anndata.read_h5ad(path)
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_known_to_be_writable_or_not(tmp_path, name):
    adata = four()
    values = COLUMNS[name]
    is_list = isinstance(values, list)
    adata.obs["c"] = pd.Series(values, index=adata.obs_names, dtype=object) if is_list else values
    kind = adata.obs["c"].dtype
    assert is_foreseen(adata) == is_written(adata, tmp_path / "a.h5ad")
    assert adata.obs["c"].dtype == kind


@pytest.mark.parametrize(
    "value",
    [None, {1: 2}, (1, 2), [1, "a"], object(), 10**30, np.float32(1), pd.NA, {"a": {"b": (1,)}},
     np.array(["a", None], dtype=object), pd.DataFrame({1: [2]}), pd.array(["a"], dtype="string")],
    ids=told,
)  # fmt: skip
def test_a_value_of_uns(tmp_path, value):
    adata = four()
    adata.uns["k"] = value
    assert is_foreseen(adata) == is_written(adata, tmp_path / "a.h5ad")


@pytest.mark.parametrize("key", ["a/b", 3, "", ".", "é", "a.b"])
def test_a_key_of_obsm(tmp_path, key):
    adata = four()
    adata.obsm[key] = np.ones((4, 2))
    assert is_foreseen(adata) == is_written(adata, tmp_path / "a.h5ad")


def test_strings_of_pandas_3(tmp_path):
    with pd.option_context("future.infer_string", True):
        adata = four()
        adata.obs["s"], adata.obs["c"] = list("abca"), pd.Categorical(list("abca"))
        adata.var["w"] = list("xyz")
        adata.uns["table"] = pd.DataFrame({"n": [1], "w": ["x"]})
        adata.raw = adata.copy()
        fe.io.write_h5ad(adata, tmp_path / "a.h5ad")
    back = anndata.read_h5ad(tmp_path / "a.h5ad")
    assert back.obs["s"].astype(str).tolist() == list("abca")
    assert back.raw.var["w"].astype(str).tolist() == list("xyz")


def test_a_file_with_nullable_names_is_trained_and_written(tmp_path):
    adata = fe.datasets.simulated(30, 20, 3)
    adata.obs.index = adata.obs.index.astype("string")
    adata.var.index = adata.var.index.astype("string")
    with anndata.settings.override(allow_write_nullable_strings=True):
        adata.write_h5ad(tmp_path / "a.h5ad")
    trained = fe.tl.train(tmp_path / "a.h5ad", steps=5, progress=False)
    fe.io.write_h5ad(trained, tmp_path / "b.h5ad")
    assert "X_fe" in anndata.read_h5ad(tmp_path / "b.h5ad").obsm
