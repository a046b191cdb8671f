"""Files of another kind: the message says what they are and how to read them."""

from __future__ import annotations

import bz2
import gzip
import zipfile

import h5py
import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small


def hdf5(**parts):
    def write(path):
        with h5py.File(path, "w") as file:
            for name, value in parts.items():
                if value is None:
                    file.create_group(name)
                else:
                    file[name] = value

    return write


def mudata(path):
    with h5py.File(path, "w") as file:
        file.attrs["encoding-type"] = "MuData"
        file.create_group("mod")


def tenx(path):
    with h5py.File(path, "w") as file:
        file["matrix/barcodes"] = np.array([b"AAAC"])
        file["matrix/data"] = np.ones(3)


def early_tenx(path):
    with h5py.File(path, "w") as file:
        file["GRCh38/barcodes"] = np.array([b"AAAC"])
        file["GRCh38/indptr"] = np.ones(3)


def future(path):
    small().write_h5ad(path)
    with h5py.File(path, "r+") as file:
        file.attrs["encoding-version"] = "0.9.0"


def zipped(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.h5ad", "x")


KINDS = {
    "m.h5mu": (mudata, "MuData.*fe.io.read"),
    "filtered.h5": (tenx, "10x file.*fe.io.read"),
    "early.h5": (early_tenx, "10x file.*fe.io.read"),
    "a.loom": (hdf5(matrix=np.ones((2, 2)), row_attrs=None, col_attrs=None), "loom.*fe.io.read"),
    "a.h5seurat": (hdf5(assays=None, **{"cell.names": np.ones(2)}), "h5Seurat.*Convert"),
    "weights.h5": (hdf5(layer_1=np.ones(2)), "holds no AnnData.*layer_1"),
    "a.h5ad.gz": (lambda p: p.write_bytes(gzip.compress(b"\x89HDF")), "gunzip it first"),
    "a.h5ad.bz2": (lambda p: p.write_bytes(bz2.compress(b"\x89HDF")), "bunzip2 it first"),
    "a.rds": (lambda p: p.write_bytes(gzip.compress(b"X\n\x00\x00\x00\x03")), "R data set.*write"),
    "a.zip": (zipped, "zip archive: unpack"),
    "a.csv": (lambda p: p.write_text("gene,a,b\nTP53,1,2\n"), "text file.*fe.io.read"),
    "ä.h5ad": (lambda p: p.write_text("Gen\tä\n" * 80, encoding="utf-8"), "text file.*fe.io.read"),
    "noise.h5ad": (lambda p: p.write_bytes(bytes(range(256))), "not HDF5"),
    "future.h5ad": (future, "version 0.9.0 of the layout.*upgrade anndata"),
}


@pytest.mark.parametrize("name", KINDS)
def test_it_says_how_to_read_it(tmp_path, name):
    write, said = KINDS[name]
    write(tmp_path / name)
    with pytest.raises(ValueError, match=rf"(?s){said}") as refused:
        fe.io.read_h5ad(tmp_path / name)
    assert name in str(refused.value)


@pytest.mark.parametrize("read", [fe.io.read, fe.tl.train], ids=["read", "train"])
@pytest.mark.parametrize(
    "name",
    ["a.h5seurat", "weights.h5", "a.h5ad.gz", "a.h5ad.bz2", "a.rds", "a.zip", "noise.h5ad",
     "future.h5ad"],
)  # fmt: skip
def test_what_is_of_no_kind_that_is_read(tmp_path, name, read):
    write, said = KINDS[name]
    write(tmp_path / name)
    with pytest.raises(ValueError, match=rf"(?s){said}") as refused:
        read(tmp_path / name)
    assert name in str(refused.value)


@pytest.mark.parametrize("name", ["m.h5mu", "filtered.h5", "early.h5", "a.loom"])
def test_a_damaged_file_of_a_kind_that_is_read(tmp_path, name):
    if name == "a.loom":
        pytest.importorskip("loompy")
    KINDS[name][0](tmp_path / name)
    with pytest.raises(ValueError, match=r"cannot be read as|names no"):
        fe.io.read(tmp_path / name)


def test_a_zarr_folder(tmp_path):
    small().write_zarr(tmp_path / "a.zarr")
    with pytest.raises(ValueError, match=r"is a folder.*fe\.io\.read"):
        fe.io.read_h5ad(tmp_path / "a.zarr")


def test_a_zarr_folder_with_records_whose_fields_have_numbers_in_their_names(tmp_path):
    adata = small()
    fields = [(f"{9000 + i}", "<f4") for i in range(9)]
    adata.uns["rank_genes_groups"] = {
        "scores": np.zeros(1000, dtype=fields)
    }  # as Scanpy stores them
    adata.write_zarr(tmp_path / "a.zarr")
    assert fe.io.read(tmp_path / "a.zarr").uns["rank_genes_groups"]["scores"].shape == (1000,)


def test_another_zarr_folder(tmp_path):
    import zarr

    zarr.open_group(tmp_path / "a.zarr", mode="w").create_group("images")
    with pytest.raises(ValueError, match=r"holds no AnnData.*images"):
        fe.tl.train(tmp_path / "a.zarr")


def test_a_model_of_a_newer_version_is_told_by_every_verb(tmp_path):
    adata = small()
    fe.tl.train(adata, steps=5, progress=False)
    adata.uns["fe"]["format"] = 99
    for read in (
        fe.get.sample_embedding, fe.get.genes, fe.get.history, fe.get.model, fe.tl.reconstruct,
        fe.tl.impute, lambda a: fe.tl.transform(small(), a), lambda a: fe.tl.generate(a, [[0, 0]]),
        lambda a: fe.tl.train(a, resume=True, steps=9), lambda a: fe.pl.embedding(a, show=False),
        lambda a: fe.pl.history(a, show=False), lambda a: fe.tl.similar_genes(a, a.var_names[0]),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="pip install --upgrade fe-anndata"):
            read(adata)


def test_kinds_within_a_zip_archive_and_a_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "x")
    np.savez(tmp_path / "a.npz", names=["x"])
    (tmp_path / "empty.h5ad").touch()
    for name, words in (("a.xlsx", "Excel"), ("a.npz", "an .npz file"), ("empty.h5ad", "empty")):
        with pytest.raises(ValueError, match=words):
            fe.io.read_h5ad(tmp_path / name)
    (tmp_path / "matrix.mtx.gz").touch()
    with pytest.raises(ValueError, match=r"matrix\.mtx\.gz, but no barcodes\.tsv"):
        fe.tl.train(tmp_path)


def test_what_is_given_as_text(tmp_path):
    small().write_h5ad(tmp_path / "a.gmt")
    with pytest.raises(ValueError, match=r"a\.gmt is no text, but an HDF5 file"):
        fe.io.read_gmt(tmp_path / "a.gmt")
