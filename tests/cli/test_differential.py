"""The command differential."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from tests.models.exceiver.conftest import QUICK, cohort

from .shared import bad


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    adata = cohort(80, apart=1.5)
    fe.tl.train(adata, "exceiver", **QUICK)
    path = tmp_path_factory.mktemp("counts") / "counts.h5ad"
    adata.write_h5ad(path)
    return path


def test_a_table_and_a_file(run, counts, tmp_path):
    out, saved = tmp_path / "out.tsv", tmp_path / "saved.h5ad"
    words = ("differential", counts, "kind", "--key", "exceiver", "-o", out, "--save", saved)
    code, printed, err = run(*words, "--groups", "0", "2", "--key-added", "ranked")
    assert code == 0, err
    assert "wrote" in printed
    assert "0: " in printed
    table = pd.read_csv(out, sep="\t", dtype={"group": str})
    adata = fe.io.read_h5ad(counts)
    fe.tl.differential(adata, "kind", groups=["0", "2"], key="exceiver", key_added="ranked")
    expected = adata.uns["ranked"]
    assert table["group"].tolist() == ["0"] * 80 + ["2"] * 80
    of_two = table[table["group"] == "2"]
    assert of_two["names"].tolist() == expected["names"]["2"].tolist()
    np.testing.assert_allclose(of_two["pvals"], expected["pvals"]["2"], rtol=1e-6)
    found = fe.io.read_h5ad(saved).uns["ranked"]
    np.testing.assert_array_equal(found["scores"]["0"], expected["scores"]["0"])
    bad(run(*words), "exists", "overwrite")


def test_bad_words(run, counts, tmp_path):
    base, out = ("differential", counts), ("-o", tmp_path / "out.tsv")
    bad(run(*base, "kind", *out), "'exceiver'")
    bad(run(*base, "knd", "--key", "exceiver", *out), "'kind'")
    bad(run(*base, "kind", "--key", "exceiver", "--reference", "9", *out), "no group '9'")
    bad(run(*base, "kind", "--key", "exceiver", "-o", tmp_path / "out.h5ad"), "to be a table")
    assert not list(tmp_path.iterdir())
