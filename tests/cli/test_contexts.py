"""The commands embed-genes, token-probabilities and attention, and the picture of attention."""

from __future__ import annotations

import io
import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

from .shared import PNG, bad


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "lists.h5ad"
    adata = fe.datasets.simulated(40, 60, 3)
    few = {"tokens": 20, "width": 8, "steps": 2, "zero": float(adata.X.min()), "progress": False}
    fe.tl.train(adata, "generain", **few)
    adata.obs["some"] = np.arange(40) < 10
    adata.write_h5ad(path)
    return path


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    path = tmp_path_factory.mktemp("counts") / "counts.h5ad"
    draw = np.random.default_rng(0)
    counted = ad.AnnData(draw.poisson(draw.gamma(1.0, 2.0, 50), (40, 50)).astype(np.float32))
    counted.obs["kind"] = ["a", "b"] * 20
    few = {"sample_dim": 4, "width": 8, "latents": 2, "heads": 2, "steps": 5, "progress": False}
    fe.tl.train(counted, "exceiver", **few)
    counted.write_h5ad(path)
    return path


def test_embed_genes(run, lists, tmp_path):
    out = tmp_path / "out.h5ad"
    words = ("embed-genes", lists, "-o", out, "--samples", "some")
    bad(run(*words), "'generain'")  # the key is that of the training
    code, text, err = run(*words, "--key", "generain")
    assert code == 0, err
    assert f"wrote {out}: varm generain_context, vectors of 60 genes in 8 dimensions" in text
    expected = fe.io.read_h5ad(lists)
    fe.tl.embed_genes(expected, "some", key="generain")
    found = fe.io.read_h5ad(out).varm["generain_context"]
    np.testing.assert_array_equal(found, expected.varm["generain_context"])
    code, text, _ = run(*words, "--key", "generain", "--key-added", "v", "--overwrite", "--json")
    assert json.loads(text) == {"wrote": [str(out)], "varm": "v", "n_genes": 60, "dim": 8}


def test_token_probabilities(run, lists):
    words = ("token-probabilities", lists, "sample3", "--key", "generain")
    code, out, err = run(*words, "--genes", "gene1", "gene2")
    assert code == 0, err
    table = pd.read_csv(io.StringIO(out), sep="\t")
    adata = fe.io.read_h5ad(lists)
    expected = fe.get.token_probabilities(adata, "sample3", ["gene1", "gene2"], key="generain")
    assert table["listed"].tolist() == expected["listed"].tolist()
    np.testing.assert_allclose(table["gene2"], expected["gene2"], atol=1e-4)
    assert len(json.loads(run(*words, "--json")[1])) == len(expected)
    bad(run("token-probabilities", lists, "smaple3", "--key", "generain"), "'sample3'")


def test_attention(run, counts, tmp_path):
    out = tmp_path / "attention.h5ad"
    words = ("attention", counts, "-o", out, "--key", "exceiver")
    code, text, err = run(*words, "--samples", "0", "3", "--genes", "1", "2", "7")
    assert code == 0, err
    assert "2 latent vectors to 3 genes in 2 samples" in text
    expected = fe.get.attention(
        fe.io.read_h5ad(counts), ["0", "3"], ["1", "2", "7"], key="exceiver"
    )
    found = fe.io.read_h5ad(out)
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    assert found.obs_names.tolist() == ["0", "3"]
    new = (*words[:3], tmp_path / "new.h5ad", *words[4:], "--reference", counts)
    assert run(*new)[0] == 0
    bad(run("attention", counts, "-o", counts, "--key", "exceiver", "--overwrite"), "is the input")


def test_plot_of_attention(run, counts, tmp_path):
    out = tmp_path / "a.png"
    words = ("plot", counts, "attention", "-o", out, "--key", "exceiver", "--dpi", 40)
    for more in (
        (),
        ("--groupby", "kind", "--n-genes", 5),
        ("--samples", "3", "--genes", "1", "2"),
    ):
        before = out.read_bytes() if out.exists() else PNG
        code, _, err = run(*words, *more)
        assert code == 0, err
        assert out.read_bytes().startswith(PNG)
        assert out.read_bytes() != before
