"""Tables of samples beside a matrix: joined by name, or by the beginning of a barcode."""

from __future__ import annotations

import gzip
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


def test_columns_of_obs_are_not_replaced(matrix, clinical, tmp_path):
    adata = fe.io.read(matrix, obs=clinical)
    adata.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(ValueError, match=r"in adata\.obs already \(type, age\)"):
        fe.io.read(tmp_path / "a.h5ad", obs=clinical)


def test_samples_are_told_apart_by_the_column_that_does(matrix, tmp_path):
    table = pd.DataFrame({
        "PATIENT_ID": ["TCGA-AB-0001", "TCGA-AB-0001", "TCGA-AB-0002"],
        "SAMPLE_ID": ["TCGA-AB-0001-01A-11R", "TCGA-AB-0001-06A", "TCGA-AB-0002-11A-21R"],
        "kind": ["primary", "metastasis #2", "normal"],
    })  # fmt: skip
    table.to_csv(tmp_path / "b.tsv", sep="\t", index=False)
    with pytest.warns(UserWarning, match="2 of 4"):
        adata = fe.io.read(matrix, obs=tmp_path / "b.tsv")
    assert adata.obs["kind"].astype(object).iloc[:2].tolist() == ["primary", "normal"]


def test_signs_of_comments_within_a_line_are_kept(matrix, tmp_path):
    (tmp_path / "b.csv").write_text("id,colour\n" + "".join(f"{s},#FF000{k}\n"
                                    for k, s in enumerate(SAMPLES)))  # fmt: skip
    adata = fe.io.read(matrix, obs=tmp_path / "b.csv")
    assert adata.obs["colour"].tolist() == [f"#FF000{k}" for k in range(4)]


@pytest.mark.parametrize("form", ["short header", "separators at the ends", "gzip without ending"])
def test_forms_of_tables_of_samples(matrix, tmp_path, form):
    lines = [["age", "sex"], *[[name, str(40 + k), "f"] for k, name in enumerate(SAMPLES)]]
    if form != "short header":
        lines[0] = ["sample", *lines[0]]
    end = "\t" if form == "separators at the ends" else ""
    text = "".join("\t".join(line) + end + "\n" for line in lines)
    path = tmp_path / "b.tsv"
    if form == "gzip without ending":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    adata = fe.io.read(matrix, obs=path)
    assert adata.obs["age"].tolist() == [40, 41, 42, 43]
    assert adata.obs["sex"].tolist() == ["f"] * 4


def test_columns_of_one_name(matrix, clinical):
    clinical.columns = ["patient", "x", "x"]
    with pytest.raises(ValueError, match="several columns of the name 'x'"):
        fe.io.read(matrix, obs=clinical)
