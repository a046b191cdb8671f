"""Files of any kind give what the .h5ad file of the same matrix gives."""

from __future__ import annotations

import bz2
import gzip
import shutil

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import io, sparse

import fe_anndata as fe


@pytest.fixture(scope="module")
def cells():
    """60 cells x 40 genes, log-normalised: symbols on one side and barcodes on the other."""
    whole = fe.datasets.pbmc68k_reduced()
    small = whole[::12, ::19].copy()
    X = np.round(small.X.toarray(), 3).astype(np.float32)
    return anndata.AnnData(
        X, obs=pd.DataFrame(index=small.obs_names), var=pd.DataFrame(index=small.var_names)
    )


@pytest.fixture(scope="module")
def embedding(cells):
    adata = cells.copy()
    fe.tl.train(adata, steps=10, progress=False)
    return adata.obsm["X_fe"]


def frame(cells):
    return pd.DataFrame(cells.X, cells.obs_names, cells.var_names)


def text(separator, *, turned=False, opening=open, **form):
    def write(cells, path):
        table = frame(cells)
        table = table.T if turned else table
        with opening(path, "wt") as file:
            table.to_csv(file, sep=separator, float_format="%.9g", **form)
        return path

    return write


def described(cells, path):
    """Genes x samples, with the columns of cBioPortal and GTEx."""
    table = frame(cells).T
    table.insert(0, "Entrez_Gene_Id", range(100, 100 + len(table)))
    table.insert(1, "Description", [f"protein {name}, variant" for name in table.index])
    table.to_csv(path, index_label="Hugo_Symbol", float_format="%.9g")
    return path


def gct(cells, path):
    table = frame(cells).T
    table.insert(0, "Description", table.index.str.lower())
    body = table.to_csv(sep="\t", index_label="Name", float_format="%.9g")
    path.write_text(f"#1.2\n{cells.n_vars}\t{cells.n_obs}\n{body}")
    return path


def r_table(cells, path):
    """Write as write.table of R does: names in quotation marks, and none above those of rows."""
    lines = [" ".join(f'"{name}"' for name in cells.obs_names)]
    lines += [
        f'"{gene}" ' + " ".join(f"{value:.9g}" for value in values)
        for gene, values in zip(cells.var_names, cells.X.T, strict=True)
    ]
    path.write_text("\r\n".join(lines))
    return path


def tenx_h5(cells, path):
    X = sparse.csr_matrix(cells.X)
    with h5py.File(path, "w") as file:
        matrix = file.create_group("matrix")
        matrix["barcodes"] = np.array(cells.obs_names, dtype="S")
        for name, values in (("data", X.data), ("indices", X.indices), ("indptr", X.indptr)):
            matrix[name] = values
        matrix["shape"] = np.array(cells.shape[::-1])
        features = matrix.create_group("features")
        for name in ("id", "name"):
            features[name] = np.array(cells.var_names, dtype="S")
        for name, value in (("feature_type", b"Gene Expression"), ("genome", b"GRCh38")):
            features[name] = np.full(cells.n_vars, value)
    return path


def tenx_folder(cells, path):
    path.mkdir()
    io.mmwrite(path / "matrix.mtx", sparse.coo_matrix(cells.X.T), precision=9)
    genes = "".join(f"{name}\t{name}\tGene Expression\n" for name in cells.var_names)
    barcodes = "".join(f"{name}\n" for name in cells.obs_names)
    for name, content in (("features.tsv", genes), ("barcodes.tsv", barcodes)):
        (path / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
    packed = gzip.compress((path / "matrix.mtx").read_bytes())
    (path / "matrix.mtx.gz").write_bytes(packed)
    (path / "matrix.mtx").unlink()
    return path


def early_tenx_folder(cells, path):
    tenx_folder(cells, path)
    for name, early in (("matrix.mtx", "matrix.mtx"), ("barcodes.tsv", "barcodes.tsv"),
                        ("features.tsv", "genes.tsv")):  # fmt: skip
        unpacked = gzip.decompress((path / f"{name}.gz").read_bytes())
        (path / f"{name}.gz").unlink()
        (path / early).write_bytes(unpacked)
    return path


def npz(cells, path):
    np.savez_compressed(
        path,
        X=cells.X,
        obs_names=cells.obs_names.to_numpy(str),
        var_names=cells.var_names.to_numpy(str),
    )
    return path


def loom(cells, path):
    pytest.importorskip("loompy")
    with h5py.File(path, "w") as file:
        file.attrs["LOOM_SPEC_VERSION"] = "2.0.1"
        file["matrix"] = cells.X.T
        file["row_attrs/Gene"] = np.array(cells.var_names, dtype="S")
        file["col_attrs/CellID"] = np.array(cells.obs_names, dtype="S")
        for name in ("layers", "row_graphs", "col_graphs"):
            file.create_group(name)
    return path


def h5mu(cells, path):
    mudata = pytest.importorskip("mudata")
    mudata.MuData({"rna": cells.copy()}).write(path)
    return path


def zarr(cells, path):
    cells.write_zarr(path)
    return path


def parquet(cells, path):
    pytest.importorskip("pyarrow")
    frame(cells).T.to_parquet(path)
    return path


FORMS = {
    "cells.h5ad": lambda cells, path: cells.write_h5ad(path) or path,
    "cells.zarr": zarr,
    "cells.h5mu": h5mu,
    "cells.csv": text(","),
    "genes.tsv": text("\t", turned=True),
    "genes.csv": text(",", turned=True, index_label="gene"),
    "semicolons.csv": text(";", turned=True, index_label="symbol"),
    "genes.tsv.gz": text("\t", turned=True, opening=gzip.open),
    "genes.txt.bz2": text("\t", turned=True, opening=bz2.open),
    "described.csv": described,
    "genes.gct": gct,
    "r.txt": r_table,
    "filtered.h5": tenx_h5,
    "folder": tenx_folder,
    "early_folder": early_tenx_folder,
    "cells.loom": loom,
    "cells.npz": npz,
    "genes.parquet": parquet,
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_embedding(tmp_path, cells, embedding, name):
    path = FORMS[name](cells, tmp_path / name)
    adata = fe.io.read(path, progress=False)
    assert list(adata.obs_names) == list(cells.obs_names)
    assert list(adata.var_names) == list(cells.var_names)
    X = adata.X.toarray() if sparse.issparse(adata.X) else adata.X
    np.testing.assert_array_equal(X, cells.X)
    trained = fe.tl.train(path, steps=10, progress=False)  # every verb takes the path
    # CSR and dense products round differently.
    np.testing.assert_allclose(trained.obsm["X_fe"], embedding, atol=1e-4)


def test_the_name_of_a_file_says_nothing_of_its_kind(tmp_path, cells):
    cells.write_h5ad(tmp_path / "cells.h5ad")
    shutil.copy(tmp_path / "cells.h5ad", tmp_path / "cells.csv")
    assert fe.io.read(tmp_path / "cells.csv").shape == cells.shape


def test_what_describes_genes_goes_to_var(tmp_path, cells):
    adata = fe.io.read(described(cells, tmp_path / "a.csv"))
    assert list(adata.var.columns) == ["Entrez_Gene_Id", "Description"]
    assert adata.var["Entrez_Gene_Id"].iloc[3] == 103
    assert adata.var["Description"].iloc[0] == f"protein {cells.var_names[0]}, variant"


def test_what_describes_samples_goes_to_obs(tmp_path, cells):
    table = frame(cells)
    table.insert(
        0, "type", ["B cell", "T cell"] * (len(table) // 2) + ["B cell"] * (len(table) % 2)
    )
    table.to_csv(tmp_path / "a.csv")
    adata = fe.io.read(tmp_path / "a.csv")
    assert adata.shape == cells.shape
    assert adata.obs["type"].value_counts()["T cell"] == len(table) // 2


def test_names_may_be_missing_on_the_side_of_the_samples(tmp_path, cells):
    table = frame(cells)
    table.T.to_csv(tmp_path / "genes.tsv", sep="\t", header=False)
    table.to_csv(tmp_path / "cells.csv", index=False)
    for name, first in (("genes.tsv", "column_1"), ("cells.csv", "1")):
        adata = fe.io.read(tmp_path / name)
        assert adata.shape == cells.shape
        assert list(adata.var_names) == list(cells.var_names)
        assert adata.obs_names[0] == first


def test_a_header_may_begin_like_a_comment(tmp_path, cells):
    body = frame(cells).T.to_csv(sep="\t", index_label="#gene", float_format="%.9g")
    (tmp_path / "a.tsv").write_text("# made by hand\n" + body)
    adata = fe.io.read(tmp_path / "a.tsv")
    assert list(adata.obs_names) == list(cells.obs_names)


def test_entrez_ids_are_genes(tmp_path, cells):
    table = frame(cells).T
    table.index = [str(37 * k * k + 900) for k in range(len(table))]
    table.columns = [f"P{k}x" for k in range(table.shape[1])]
    table.to_csv(tmp_path / "a.csv", index_label="entrez")
    adata = fe.io.read(tmp_path / "a.csv")
    assert adata.shape == cells.shape
    assert adata.var_names[1] == "937"


@pytest.mark.parametrize("turned", [False, True])
def test_names_that_do_not_tell(tmp_path, cells, turned):
    table = frame(cells)
    table.index = [f"thing {k}" for k in range(len(table))]
    table.columns = [f"other {k}" for k in range(table.shape[1])]
    (table.T if turned else table).to_csv(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"do not tell.*thing 0.*|do not tell.*other 0.*") as no:
        fe.io.read(tmp_path / "a.csv")
    assert "thing 0" in str(no.value)
    assert "other 0" in str(no.value)
    orientation = "transposed" if turned else "as-is"
    assert fe.io.read(tmp_path / "a.csv", orientation=orientation).shape == cells.shape


def test_missing_values_are_nan_and_said(tmp_path, cells):
    table = frame(cells).astype(object)
    for k, word in enumerate(["NA", "", "NaN", "null", "N/A"]):
        table.iloc[k, k] = word
    table.T.to_csv(tmp_path / "a.tsv", sep="\t")
    with pytest.warns(UserWarning, match="5 missing values"):
        adata = fe.io.read(tmp_path / "a.tsv")
    assert np.isnan(adata.X).sum() == 5
    assert np.isnan(adata.X[3, 3])
    seen = ~np.isnan(adata.X)
    np.testing.assert_array_equal(adata.X[seen], cells.X[seen])


def test_genes_of_the_same_name(tmp_path, cells):
    table = frame(cells)
    columns = list(table.columns)
    columns[5] = columns[2]
    table.columns = columns
    table.to_csv(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=rf"1 genes occur more than once \({columns[2]}\).*sum"):
        fe.io.read(tmp_path / "a.csv")
    adata = fe.io.read(tmp_path / "a.csv", duplicates="sum")
    assert adata.n_vars == cells.n_vars - 1
    expected = cells.X[:, 2] + cells.X[:, 5]
    np.testing.assert_allclose(adata[:, columns[2]].X.ravel(), expected, rtol=1e-6)
    np.testing.assert_array_equal(adata[:, columns[9]].X.ravel(), cells.X[:, 9])


def test_several_modalities_are_joined(tmp_path, cells):
    mudata = pytest.importorskip("mudata")
    other = cells[:, :5].copy()
    other.var_names = [f"adt_{name}" for name in other.var_names]
    mudata.MuData({"rna": cells.copy(), "protein": other}).write(tmp_path / "a.h5mu")
    adata = fe.io.read(tmp_path / "a.h5mu")
    assert list(adata.var["modality"].value_counts()) == [cells.n_vars, 5]


@pytest.mark.parametrize("words", ["auto", "as-is", "transposed"])
def test_orientation_of_an_anndata_file(tmp_path, cells, words):
    cells.write_h5ad(tmp_path / "a.h5ad")
    shape = fe.io.read(tmp_path / "a.h5ad", orientation=words).shape
    assert shape == (cells.shape[::-1] if words == "transposed" else cells.shape)


def test_scanpy_reads_what_is_read_here(tmp_path, cells):
    """The 10x files of these tests are what Scanpy takes for such."""
    assert sc.read_10x_h5(tenx_h5(cells, tmp_path / "a.h5")).shape == cells.shape
    assert sc.read_10x_mtx(tenx_folder(cells, tmp_path / "b")).shape == cells.shape
