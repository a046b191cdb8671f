"""A file that says what cannot be, or would have others read in its place, is refused by name."""

from __future__ import annotations

import json

import anndata
import h5py
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata._access import files, headers, heaps
from tests.refusals import small


@pytest.fixture
def path(tmp_path):
    adata = small()
    adata.obsm["X_pca"] = np.ones((adata.n_obs, 3), np.float32)
    adata.layers["counts"] = sparse.csr_matrix(adata.X)
    adata.uns["inner"] = {"a": np.arange(5), "b": "text"}
    adata.write_h5ad(tmp_path / "a.h5ad")
    return tmp_path / "a.h5ad"


def replaced(name, **made):
    def change(file):
        attributes = dict(file[name].attrs)
        del file[name]
        new = file.create_dataset(name, **made)
        new.attrs.update(attributes)

    return change


def external(file):
    del file["obsm/X_pca"]
    file["obsm/X_pca"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft(file):
    del file["obsm/X_pca"]
    file["obsm/X_pca"] = h5py.SoftLink("/X")


def soft_inside_a_sparse_matrix(file):
    file.move("layers/counts/indptr", "uns/indptr")
    file["layers/counts/indptr"] = h5py.SoftLink("/uns/indptr")


def circle(file):
    file["uns/inner/again"] = file["uns"]


def external_storage(file):
    del file["obsm/X_pca"]
    file.create_dataset("obsm/X_pca", (40, 3), "f4", external=[("/etc/passwd", 0, 480)])


def virtual(file):
    layout = h5py.VirtualLayout((40, 3), "f4")
    layout[...] = h5py.VirtualSource("other.h5", "x", (40, 3))
    del file["obsm/X_pca"]
    file.create_virtual_dataset("obsm/X_pca", layout)


def references(file):
    file["uns/inner/r"] = np.array([file["X"].ref], dtype=h5py.ref_dtype)


def references_in_a_compound(file):
    kind = np.dtype([("a", "f4"), ("r", h5py.ref_dtype)])
    file.create_dataset("uns/inner/r", (2,), kind)


def unknown_filter(file):
    made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    made.set_chunk((5,))
    made.set_filter(32999, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((5,))
    h5py.h5d.create(file["uns/inner"].id, b"packed", h5py.h5t.NATIVE_FLOAT, space, made)


def deep(file):
    file.create_group("uns/" + "/".join(["x"] * (headers.DEEPEST + 2)))


def few_names(file):
    names = file["obs/_index"][:-1]
    replaced("obs/_index", data=names)(file)


REFUSED = {
    "external link": (external, "obsm/X_pca is a link to another file"),
    "soft link": (soft, "obsm/X_pca is a link to another place"),
    "soft link in a sparse matrix": (soft_inside_a_sparse_matrix, "indptr is a link"),
    "circle": (circle, "uns/inner/again is a group that is in the file twice"),
    "external storage": (external_storage, "obsm/X_pca keeps its values in another file"),
    "virtual": (virtual, "obsm/X_pca keeps its values in another file"),
    "references": (references, "uns/inner/r holds references"),
    "references in a compound": (references_in_a_compound, "uns/inner/r holds references"),
    "filter": (unknown_filter, "uns/inner/packed is compressed by the filter 32999"),
    "deep": (deep, "too deep"),
    "larger than memory": (
        replaced("uns/inner/a", shape=(1 << 40,), dtype="f8", chunks=(1000,)),
        "uns/inner/a says that it holds 8.8e.03 GB",
    ),
    "never written": (
        replaced("uns/inner/a", shape=(40, 1 << 20), dtype="f4", chunks=(1, 1 << 18)),
        "uns/inner/a .* most of which were never written",
    ),
    "large pieces": (
        replaced("X", shape=(1 << 30, 1 << 20), dtype="f8", chunks=(1 << 10, 1 << 20)),
        "X .*(pieces of|rows, but)",
    ),
    "rows of X": (replaced("X", data=np.ones((39, 30), "f4")), "X has 39 rows, but 40"),
    "columns of X": (replaced("X", data=np.ones((40, 29), "f4")), "X has 29 columns, but 30"),
    "rows of obsm": (replaced("obsm/X_pca", data=np.ones((3, 3), "f4")), "X_pca has 3 rows"),
    "names": (few_names, "39 belong there"),
    "indptr": (replaced("layers/counts/indptr", data=np.zeros(7, "i4")), "indptr has 7 values"),
    "indices": (replaced("layers/counts/indices", data=np.zeros(7, "i4")), "indices has 7 values"),
}


@pytest.mark.parametrize("read", [fe.io.read_h5ad, fe.tl.train], ids=["read", "train"])
@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(path, name, read, monkeypatch):
    change, said = REFUSED[name]
    monkeypatch.setattr(headers, "available", lambda: 4e9)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ValueError, match=said) as refused:
        read(path)
    assert str(path) in str(refused.value)


def changed_length(path, length):
    """Give the first text of the first collection another length."""
    content = bytearray(path.read_bytes())
    at = content.index(heaps.SIGNATURE) + heaps.HEADER + 8
    content[at : at + 8] = length.to_bytes(8, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("length", [2**64 - 16, 2**64 - 17, 2**64 - 32, 2**63])
def test_a_collection_of_text_without_an_end(path, length):
    """HDF5 goes round in it for ever, and no signal reaches the process."""
    changed_length(path, length)
    with pytest.raises(ValueError, match=f"{path}: the collection of text at byte .* has no end"):
        fe.io.read_h5ad(path)


def test_what_follows_a_collection_of_text_is_no_part_of_it(tmp_path):
    """Nor if the collection is full to the last byte."""
    full = b"\1\0\0\0\0\0\0\0" + (8).to_bytes(8, "little") + b"words..."
    size = (heaps.HEADER + 2 * len(full)).to_bytes(8, "little")
    path = tmp_path / "full.h5ad"
    path.write_bytes(heaps.SIGNATURE + size + 2 * full + bytes(64))
    heaps.require_ends(path, 8)
    path.write_bytes(heaps.SIGNATURE + size + full + bytes(64))
    with pytest.raises(ValueError, match="has no end"):
        heaps.require_ends(path, 8)


def test_collections_of_text_at_any_byte(path, monkeypatch):
    """They are found where two pieces of the file that are read meet."""
    changed_length(path, 2**64 - 16)
    for n in (7, 8, 9, 1000, 1 << 20):
        monkeypatch.setattr(heaps, "_AT_ONCE", n)
        with pytest.raises(ValueError, match="has no end"):
            heaps.require_ends(path, 8)


def test_a_collection_of_text_that_lies_about_its_size(path):
    """Of it no more than the file is read."""
    content = bytearray(path.read_bytes())
    at = content.index(heaps.SIGNATURE) + 8
    content[at : at + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(ValueError, match=str(path)):
        fe.io.read_h5ad(path)


def test_a_link_is_not_followed_to_see_what_it_is(path, tmp_path, monkeypatch):
    """The file that it names is not even opened."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.ones((40, 3))
    with h5py.File(path, "r+") as file:
        del file["obsm/X_pca"]
        file["obsm/X_pca"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
    (tmp_path / "secret.h5").chmod(0)
    before = (tmp_path / "secret.h5").stat().st_atime_ns
    with pytest.raises(ValueError, match="is a link to another file"):
        fe.io.read_h5ad(path)
    assert (tmp_path / "secret.h5").stat().st_atime_ns == before


def test_a_matrix_by_blocks_may_be_larger_than_memory(path, monkeypatch):
    monkeypatch.setattr(headers, "available", lambda: 30_000.0)
    with h5py.File(path, "r+") as file:
        replaced("X", data=np.ones((40, 30), "f8"), chunks=(1, 30))(file)
        file["layers/more"] = np.ones((40, 30))
    with files.opened(path) as source:
        assert source.matrix(None).shape == (40, 30)
    monkeypatch.setattr(headers, "available", lambda: 9_000.0)
    with pytest.raises(ValueError, match="All that is to be loaded takes"):
        fe.io.read_h5ad(path)


def test_what_is_read_is_what_anndata_reads(path):
    adata = small()
    adata.raw = adata.copy()
    adata.write_h5ad(path)
    ours, theirs = fe.io.read_h5ad(path), anndata.read_h5ad(path)
    np.testing.assert_array_equal(ours.X, theirs.X)
    np.testing.assert_array_equal(ours.raw.X, theirs.raw.X)
    assert ours.obs.equals(theirs.obs)
    assert list(ours.raw.var_names) == list(theirs.raw.var_names)


UNREADABLE = {
    "obs/made": lambda f: f["obs"].attrs.__setitem__("column-order", ["made"]),
    "uns/inner/b": lambda f: f["uns/inner/b"].attrs.__setitem__("encoding-type", "unheard-of"),
    "layers/counts": lambda f: f["layers/counts"].attrs.__setitem__("encoding-version", "9.0"),
    "uns/inner/a": lambda f: f["uns/inner/a"].attrs.__setitem__("encoding-version", "9.0"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_named(path, name):
    with h5py.File(path, "r+") as file:
        UNREADABLE[name](file)
    with pytest.raises(ValueError, match="cannot be read") as refused:
        fe.io.read_h5ad(path)
    assert str(path) in str(refused.value)
    assert name.rsplit("/", 1)[0] in str(refused.value)
    if name.startswith(("uns", "layers")):
        assert name in str(refused.value)
        assert "does not know: pip install --upgrade anndata" in str(refused.value)


@pytest.fixture
def folder(tmp_path):
    small().write_zarr(tmp_path / "a.zarr")
    return tmp_path / "a.zarr"


def header_of(array):
    """Return the header of an array, in whichever format of zarr anndata writes by default."""
    return next(path for path in (array / ".zarray", array / "zarr.json") if path.is_file())


def test_links_in_a_folder(folder, tmp_path):
    (folder / "obsm" / "other").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="obsm/other is a link"):
        fe.tl.train(folder)


def test_a_folder_with_pickled_arrays_runs_nothing(folder):
    header = header_of(folder / "X")
    said = json.loads(header.read_text())
    header.write_text(json.dumps({**said, "filters": [{"id": "pickle"}]}))
    with pytest.raises(ValueError, match="X is stored with pickle"):
        fe.tl.train(folder)


def test_an_array_in_a_folder_larger_than_memory(folder):
    header = header_of(folder / "obs" / "_index")
    said = json.loads(header.read_text())
    header.write_text(json.dumps({**said, "shape": [1 << 50]}))
    with pytest.raises(ValueError, match="GB of memory are free"):
        fe.tl.train(folder)
