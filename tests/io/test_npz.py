"""Vectors in .npz files: what a header says is compared with what is stored."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.io import _npz

NAMES = np.array(["TP53", "EGFR"])


def header(shape, kind):
    """Return an array that says what it holds, and holds nothing."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": kind, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def written(path, **arrays):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            if not isinstance(array, bytes):
                file = io.BytesIO()
                np.save(file, array)
                array = file.getvalue()
            archive.writestr(f"{name}.npy", array)


REFUSED = {
    "larger than stored": ({"vectors": header((2, 1 << 40), "<f4")}, "'vectors' says.*is stored"),
    "complex": ({"vectors": np.ones((2, 3), complex)}, "'vectors' holds complex numbers"),
    "text": ({"vectors": np.array([["a"], ["b"]])}, "'vectors' holds values of the type"),
    "compound": ({"vectors": np.zeros(2, [("a", "f4")])}, "'vectors' holds values of the type"),
    "numbers as names": ({"names": np.arange(2)}, "'names' holds.*store text"),
    "long names": ({"names": header((2,), "<U1000000")}, "'names' has room for names of 4000000"),
    "no vectors": ({"vectors": b""}, "cannot be read as an .npz"),
    "nonsense": ({"vectors": b"\x93NUMPY\x09\x09" + b"x" * 50}, "cannot be read as an .npz"),
    "objects": ({"names": header((2,), "|O")}, "cannot be read as an .npz"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_it_is_read(tmp_path, name):
    arrays, said = REFUSED[name]
    written(tmp_path / "v.npz", **{"names": NAMES, "vectors": np.ones((2, 3)), **arrays})
    with pytest.raises(ValueError, match=said) as refused:
        fe.io.read_gene_vectors(tmp_path / "v.npz")
    assert "v.npz" in str(refused.value)


def test_larger_than_memory(tmp_path, monkeypatch):
    written(tmp_path / "v.npz", names=NAMES, vectors=np.random.default_rng(0).normal(size=(2, 99)))
    monkeypatch.setattr(_npz, "available", lambda: 1000.0)
    with pytest.raises(ValueError, match="more than the memory that is free"):
        fe.io.read_gene_vectors(tmp_path / "v.npz")


@pytest.mark.parametrize("names", [NAMES, NAMES.astype("S"), NAMES.astype("U100")])
@pytest.mark.parametrize("kind", ["f4", ">f8", "i8", "f2"])
def test_what_is_well_is_read(tmp_path, names, kind):
    np.savez_compressed(tmp_path / "v.npz", names=names, vectors=np.eye(2, 3, dtype=kind), more=[1])
    found = fe.io.read_gene_vectors(tmp_path / "v.npz")
    assert list(found.var_names) == NAMES.tolist()
    np.testing.assert_array_equal(found.varm["fe"], np.eye(2, 3))
