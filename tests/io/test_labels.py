"""Tables of samples beside a matrix: joined by name, or by the beginning of a barcode."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import fe_anndata as fe

SAMPLES = ["TCGA-AB-0001-01A-11R", "TCGA-AB-0002-11A-21R", "TCGA-AB-0003-01A", "TCGA-CD-0004-01B"]


@pytest.fixture
def matrix(tmp_path):
    genes = ["TP53", "EGFR", "MYC", "CD4", "CD8A", "ACTB"]
    table = pd.DataFrame([[k * j % 5 + 0.5 for j in range(4)] for k in range(6)], genes, SAMPLES)
    table.to_csv(tmp_path / "a.tsv", sep="\t")
    return tmp_path / "a.tsv"


@pytest.fixture
def clinical():
    return pd.DataFrame({
        "patient": ["TCGA-AB-0002", "TCGA-CD-0004", "TCGA-AB-0001", "TCGA-AB-0003", "TCGA-XX-9"],
        "type": ["BRCA", "LUAD", None, "BRCA", "UVM"],
        "age": [50, 61, 33, 47, 20],
    })  # fmt: skip


@pytest.mark.parametrize("form", ["frame", "index", "tsv", "csv"])
def test_patients_of_barcodes(matrix, clinical, tmp_path, form):
    obs = clinical
    if form == "index":
        obs = clinical.set_index("patient")
    elif form != "frame":
        obs = tmp_path / f"clinical.{form}"
        clinical.to_csv(obs, sep="\t" if form == "tsv" else ",", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adata = fe.io.read(matrix, obs=obs)
    assert adata.obs["age"].tolist() == [33, 50, 47, 61]
    assert adata.obs["type"].astype(object).fillna("?").tolist() == ["?", "BRCA", "BRCA", "LUAD"]
    assert isinstance(adata.obs["type"].dtype, pd.CategoricalDtype)


def test_samples_by_their_own_names_come_first(matrix):
    obs = pd.DataFrame({"kind": ["a", "b"]}, index=["TCGA-AB-0001-01A-11R", "TCGA-AB-0001"])
    with pytest.warns(UserWarning, match="3 of 4 samples are not in obs"):
        adata = fe.io.read(matrix, obs=obs)
    assert adata.obs["kind"].iloc[0] == "a"


def test_a_longer_name_is_not_another_sample(tmp_path, matrix):
    obs = pd.DataFrame({"kind": ["a"]}, index=["TCGA-AB-000"])
    with pytest.raises(ValueError, match=r"no sample is in obs.*TCGA-AB-0001-01A-11R"):
        fe.io.read(matrix, obs=obs)


def test_bad_tables(matrix, clinical, tmp_path):
    twice = pd.concat([clinical, clinical.iloc[:1]])
    with pytest.raises(ValueError, match=r"twice \(TCGA-AB-0002\)"):
        fe.io.read(matrix, obs=twice)
    with pytest.raises(ValueError, match="says nothing of the samples"):
        fe.io.read(matrix, obs=pd.DataFrame(index=SAMPLES))
    with pytest.raises(ValueError, match="there is no file"):
        fe.io.read(matrix, obs=tmp_path / "nowhere.tsv")
    with pytest.raises(TypeError, match="obs must be a table or the path of one, not list"):
        fe.io.read(matrix, obs=["a"])
