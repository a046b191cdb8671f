"""The commands gene-similarity, explain-similarity, gene-neighbors, gene-modules, set-coherence."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import bad


def printed(out):
    return pd.read_csv(io.StringIO(out), sep="\t")


def test_gene_similarity(run, trained):
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.gene_similarity(adata, "gene1", "gene2", metric="euclidean")
    words = ("gene-similarity", trained, "gene1", "gene2", "--metric", "euclidean")
    code, out, _ = run(*words)
    assert code == 0
    found = dict(line.split("\t") for line in out.splitlines())
    assert list(found) == list(expected._fields)
    assert float(found["similarity"]) == pytest.approx(expected.similarity, abs=1e-4)
    assert int(found["rank_of_b"]) == expected.rank_of_b
    assert json.loads(run(*words, "--json")[1]) == {"wrote": [], **expected._asdict()}
    bad(run("gene-similarity", trained, "gene1", "gene1"), "two different genes")


def test_explain_similarity(run, trained):
    adata = fe.io.read_h5ad(trained)
    words = ("explain-similarity", trained, "gene1", "gene2")
    for more, column in (((), "sample"), (("--groupby", "group"), "group")):
        code, out, _ = run(*words, *more)
        assert code == 0
        table = printed(out)
        groupby = "group" if more else None
        expected = fe.tl.explain_similarity(adata, "gene1", "gene2", groupby=groupby)
        assert table.columns[0] == column
        assert table[column].tolist() == expected.index.tolist()
        np.testing.assert_allclose(table["share"], expected["share"], atol=1e-4)
        share = json.loads(run(*words, *more, "--json")[1])[0]["share"]
        assert share == pytest.approx(expected["share"].iloc[0], rel=1e-12)  # all its digits


def test_gene_neighbors(run, trained, tmp_path):
    out = tmp_path / "genes.h5ad"
    code, text, err = run("gene-neighbors", trained, "-o", out, "--n-neighbors", 5)
    assert code == 0, err
    assert f"wrote {out}: 30 genes with 5 neighbours each" in text
    expected = fe.tl.gene_neighbors(fe.io.read_h5ad(trained), 5)
    found = fe.io.read_h5ad(out)
    assert (found.obsp["distances"] != expected.obsp["distances"]).nnz == 0
    bad(run("gene-neighbors", trained, "-o", out), "exists")
    bad(run("gene-neighbors", trained, "-o", tmp_path / "x.h5ad", "--n-neighbors", 31), "2 to")
    bad(run("gene-neighbors", trained, "-o", trained, "--overwrite"), "is the input")


def test_gene_modules(run, trained, tmp_path):
    out = tmp_path / "modules.h5ad"
    words = ("--n-neighbors", 5, "--n-random", 20, "--resolution", 0.5)
    code, text, err = run("gene-modules", trained, "-o", out, *words)
    assert code == 0, err
    expected = fe.io.read_h5ad(trained)
    fe.tl.gene_modules(expected, n_neighbors=5, n_random=20, resolution=0.5)
    found = fe.io.read_h5ad(out)
    assert found.var["fe_module"].tolist() == expected.var["fe_module"].tolist()
    lines = text.splitlines()
    assert lines[0].split("\t") == expected.uns["fe_modules"].columns.tolist()
    assert lines[-1] == f"wrote {out}: {len(expected.uns['fe_modules'])} modules"


def test_set_coherence(run, trained, tmp_path):
    sets, out = tmp_path / "sets.gmt", tmp_path / "table.csv"
    sets.write_text("A\tx\t" + "\t".join(f"gene{i}" for i in range(1, 12)) + "\n")
    words = ("set-coherence", trained, sets, "-o", out, "--universe", "fe_trained")
    code, text, err = run(*words, "--n-random", 20)
    assert code == 0, err
    assert f"wrote {out}: 1 sets" in text
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.set_coherence(adata, str(sets), universe="fe_trained", n_random=20)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected, check_dtype=False)
    bad(run(*words[:3], "--overwrite", "-o", sets), ".gmt")
