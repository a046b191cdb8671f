"""The commands export-genes, export-samples and compare."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    adata = fe.datasets.simulated(40, 30, 4)
    for seed, key in enumerate(("fe", "again")):
        fe.tl.train(adata, steps=20, rng=seed, key_added=key, progress=False)
    path = tmp_path_factory.mktemp("trained") / "trained.h5ad"
    adata.write_h5ad(path)
    return path


@pytest.mark.parametrize("name", ["v.vec.gz", "v.txt", "v.tsv", "v.npz", "v.h5ad"])
def test_export(run, trained, tmp_path, name):
    code, out, _ = run("export-genes", trained, "-o", tmp_path / name, "--key", "again")
    assert (code, name in out) == (0, True)
    back = fe.io.read_gene_vectors(tmp_path / name, key="again")
    np.testing.assert_array_equal(back.varm["again"], fe.io.read_h5ad(trained).varm["again"])


@pytest.mark.parametrize(("name", "separator"), [("s.tsv", "\t"), ("s.csv", ",")])
def test_export_of_samples(run, trained, tmp_path, name, separator):
    code, out, _ = run("export-samples", trained, "-o", tmp_path / name)
    assert (code, "40 samples" in out) == (0, True)
    table = pd.read_csv(tmp_path / name, sep=separator, index_col="sample", dtype={"sample": str})
    expected = fe.get.sample_embedding(fe.io.read_h5ad(trained))
    assert table.index.tolist() == expected.index.tolist()
    np.testing.assert_array_equal(table.to_numpy(np.float32), expected)


def test_compare(run, trained, tmp_path):
    run("export-genes", trained, "-o", tmp_path / "v.vec")
    code, out, _ = run("compare", trained, tmp_path / "v.vec", "--k", 5)
    table = pd.read_csv(io.StringIO(out), sep="\t").set_index("measure")
    assert code == 0
    np.testing.assert_allclose(table["agreement"], 1, atol=1e-4)
    assert table.loc["neighbours", "chance"] == pytest.approx(5 / 29, abs=1e-4)
    code, out, _ = run("compare", trained, trained, "--key-b", "again")
    found = pd.read_csv(io.StringIO(out), sep="\t")
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.compare_gene_spaces(adata, adata, key_b="again")
    np.testing.assert_allclose(found["agreement"], expected["agreement"], atol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export-genes", "IN", "-o", "OUT/v.csv"], "ending"),
        (["export-samples", "IN", "-o", "OUT/v.vec"], ".tsv or .csv"),
        (["export-genes", "IN", "-o", "OUT/v.vec", "--key", "x"], "'x'"),
        (["export-genes", "IN", "-o", "IN"], "exists"),
        (["compare", "IN", "OUT/none.vec"], "no file"),
        (["compare", "IN", "IN", "--k", "30"], "from 1 to 29"),
        (["compare", "IN", "IN", "--key-b", "x"], "'x'"),
    ],
)
def test_bad_input(run, trained, tmp_path, words, message):
    paths = [w.replace("IN", str(trained)).replace("OUT", str(tmp_path)) for w in words]
    code, out, err = run(*paths)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("fe-anndata: ")
    assert message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [(), ("--key", "again")])
def test_export_never_replaces_its_input(run, trained, more):
    before = trained.read_bytes()
    code, _, error = run("export-genes", trained, "-o", trained, "--overwrite", *more)
    assert (code, "would be lost" in error) == (2, True)
    assert trained.read_bytes() == before
