"""The commands similar and arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import bad


def test_similar_prints_a_table(run, trained):
    code, out, _ = run("similar", trained, "gene1", "gene2", "-n", 4)
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["gene", "similarity", "rank"]
    expected = fe.tl.similar_genes(fe.io.read_h5ad(trained), ["gene1", "gene2"], 4)
    found = pd.DataFrame(rows[1:], columns=rows[0])
    assert found["gene"].tolist() == expected["gene"].tolist()
    np.testing.assert_allclose(found["similarity"].astype(float), expected["similarity"], atol=1e-4)
    assert found["rank"].tolist() == ["1", "2", "3", "4"]


def test_similar_to_each_and_by_symbols(run, trained, tmp_path):
    adata = fe.io.read_h5ad(trained)
    adata.var["symbol"] = [f"S{i}" for i in range(adata.n_vars)]
    fe.io.write_h5ad(adata, tmp_path / "symbols.h5ad")
    words = ("similar", tmp_path / "symbols.h5ad", "S0", "S1", "-n", 2, "--gene-symbols", "symbol")
    code, out, _ = run(*words, "--no-pool")
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["query", "gene", "similarity", "rank", "id"]
    assert [row[0] for row in rows[1:]] == ["S0", "S0", "S1", "S1"]


@pytest.mark.parametrize("expression", ["gene1 - gene2 + gene3", "-gene2+gene1 + gene3"])
def test_arithmetic_prints_a_table(run, trained, expression):
    code, out, _ = run("arithmetic", trained, expression, "-n", 3, "--metric", "euclidean")
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["gene", "similarity", "rank"]
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.gene_arithmetic(adata, "gene1 - gene2 + gene3", 3, metric="euclidean")
    assert [row[0] for row in rows[1:]] == expected["gene"].tolist()


@pytest.mark.parametrize(
    ("expression", "named"),
    [("gene1 + ", "character 9"), ("gene1 - Gene2", "'gene2'"), ("", "empty")],
)
def test_expression_that_cannot_be_read(run, trained, expression, named):
    bad(run("arithmetic", trained, expression), named)


def test_similar_options(run, trained):
    code, out, _ = run("similar", trained, "gene1", "--n", 1, "--metric", "euclidean")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert float(out.splitlines()[1].split("\t")[1]) <= 0


def test_whitened_metric(run, trained, tmp_path):
    adata = fe.io.read_h5ad(trained)
    del adata.uns["fe"]
    adata.varm["fe"] = np.random.default_rng(0).normal(size=(30, 4)) * [1, 1, 1, 9]
    fe.io.write_h5ad(adata, tmp_path / "vectors.h5ad")
    white = tmp_path / "vectors.h5ad", "gene1", "--metric", "whitened"
    code, out, _ = run("similar", *white, "-n", 3)
    assert code == 0
    expected = fe.tl.similar_genes(adata, "gene1", 3, metric="whitened")["gene"].tolist()
    assert [line.split("\t")[0] for line in out.splitlines()[1:]] == expected
    assert expected != fe.tl.similar_genes(adata, "gene1", 3)["gene"].tolist()
    expected = fe.tl.gene_arithmetic(adata, "gene1", 1, metric="whitened")
    assert run("arithmetic", *white)[1].splitlines()[1].split("\t")[0] == expected["gene"][0]
    found = run("gene-similarity", *white[:2], "gene2", *white[2:])[1].splitlines()[0]
    expected = fe.tl.gene_similarity(adata, "gene1", "gene2", metric="whitened")
    assert found == f"similarity\t{expected.similarity:.4f}"
    code, out, err = run("gene-neighbors", white[0], "-o", tmp_path / "n.h5ad", *white[2:])
    assert code == 0, err
    found = fe.io.read_h5ad(tmp_path / "n.h5ad").obsp["distances"]
    expected = fe.tl.gene_neighbors(adata, metric="whitened").obsp["distances"]
    assert (found != expected).nnz == 0
    bad(run("similar", trained, "gene1", "--metric", "whitened"), "30 genes", "use --metric cosine")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["Gene1"], ["'gene1'", "did you mean"]),
        (["gene1", "--metric", "cosinus"], ["cosine", "cosinus"]),
        (["gene1", "--key", "k"], ["'k'"]),
        (["gene1", "-n", "0"], ["at least 1"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_similar_refuses(run, trained, words, named):
    bad(run("similar", trained, *words), *named)


def test_similar_before_training(run, source):
    bad(run("similar", source, "gene1"), "fe")
