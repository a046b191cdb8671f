"""Genes by the names in a column of var, and genes of adata.raw, in pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from fe_anndata import pl, tl

IDS = [f"ENSG{i:011d}.1" for i in range(4)]
SYMBOLS = ["LYZ", "APOE", "TWIN", "TWIN"]


@pytest.fixture
def named(make_adata):
    adata = make_adata(n=40)
    X, vectors = (np.random.default_rng(0).normal(size=(n, 4)) for n in (40, 4))
    var = pd.DataFrame({"symbol": pd.Categorical(SYMBOLS)}, index=IDS)
    return AnnData(
        X.astype(np.float32), adata.obs, var, obsm=adata.obsm, varm={"fe": vectors},
        layers={"twice": 2 * X},
    )  # fmt: skip


def values(ax):
    """Return what is drawn, in the order of the samples' first coordinates."""
    points = ax.collections[-1]
    return np.asarray(points.get_array())[np.argsort(np.asarray(points.get_offsets())[:, 0])]


def expected(adata, column):
    return np.asarray(column)[np.argsort(adata.obsm["X_fe"][:, 0])]


@pytest.mark.parametrize("gene", ["APOE", IDS[1], IDS[1][:-2]])
def test_a_gene_goes_by_its_symbol_and_its_id(named, gene):
    ax = pl.embedding(named, gene, gene_symbols="symbol")
    np.testing.assert_array_equal(values(ax), expected(named, named.X[:, 1]))
    assert ax.get_title() == gene


def test_of_two_genes_with_a_symbol_none_is_guessed(named):
    with pytest.raises(ValueError, match=rf"2 genes are named 'TWIN'.*{IDS[2]}"):
        pl.embedding(named, "TWIN", gene_symbols="symbol")
    pl.embedding(named, IDS[2], gene_symbols="symbol")


def test_a_missing_symbol_leaves_the_id(named):
    named.var["symbol"] = ["LYZ", None, "", "B"]
    pl.embedding(named, [IDS[1], IDS[2], "B"], gene_symbols="symbol")


@pytest.mark.parametrize(
    ("gene", "symbols", "match"),
    [
        ("APO", "symbol", "did you mean 'APOE'"),
        ("APOE", "symbols", "did you mean 'symbol'"),
        ("APOE", None, "no column of adata.obs or gene 'APOE'"),
    ],
)
def test_unknown_symbols(named, gene, symbols, match):
    with pytest.raises(KeyError, match=match):
        pl.embedding(named, gene, gene_symbols=symbols)


@pytest.mark.parametrize("with_symbols", [True, False])
def test_new_samples_know_the_gene_by_symbol_or_by_id(named, with_symbols):
    query = named[:10].copy()
    query.X += 9
    if not with_symbols:
        del query.var["symbol"]
    ax = pl.embedding(named, "APOE", query=query, gene_symbols="symbol")
    np.testing.assert_array_equal(values(ax), expected(query, query.X[:, 1]))


def test_a_gene_of_raw_alone_is_drawn_and_the_colour_bar_says_so(named):
    named.raw = named.copy()
    part = named[:, :1].copy()
    for gene, symbols in ((IDS[1], None), ("APOE", "symbol")):
        ax = pl.embedding(part, gene, gene_symbols=symbols)
        np.testing.assert_array_equal(values(ax), expected(named, named.X[:, 1]))
        assert ax.child_axes[0].get_ylabel() == f"{gene}, adata.raw"
    part.X += 5  # adata comes first
    ax = pl.embedding(part, IDS[0])
    np.testing.assert_array_equal(values(ax), expected(part, part.X[:, 0]))
    assert ax.child_axes[0].get_ylabel() == IDS[0]


def test_a_layer_has_no_genes_of_raw(named):
    named.raw = named.copy()
    part = named[:, :1].copy()
    with pytest.raises(KeyError, match=r"adata\.raw alone, which has no layers"):
        pl.embedding(part, IDS[1], layer="twice")


def test_vectors_of_genes_of_raw_are_not_there_and_the_message_says_why(named):
    named.raw = named.copy()
    part = named[:, :3].copy()
    for verb in (tl.similar_genes, pl.similar_genes):
        with pytest.raises(KeyError, match=r"no vector.*adata\.raw"):
            verb(part, IDS[3])


def test_masked_values_of_a_gene_are_missing(named):
    named.layers["masked"] = np.ma.masked_greater(named.X, 1)
    drawn = pl.embedding(named, IDS[1], layer="masked").collections
    assert len(drawn[0].get_offsets()) == (named.X[:, 1] > 1).sum() > 0


PICTURES = {
    "similar": lambda a, genes, **k: pl.similar_genes(a, genes[0], **k),
    "sum": lambda a, genes, **k: pl.gene_arithmetic(a, f"{genes[0]} + {genes[1]}", **k),
    "lists": lambda a, genes, **k: pl.gene_lists(a, [genes], **k),
    "matrix": lambda a, genes, **k: pl.gene_similarity_matrix(a, genes, **k),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_genes_take_symbols(named, name):
    def texts(ax):
        ax.figure.canvas.draw()
        labels = [*ax.get_yticklabels(), *ax.texts]
        return [label.get_text().split(" ")[0] for label in labels if label.get_text()]

    by_id = texts(PICTURES[name](named, IDS[:2]))
    by_symbol = texts(PICTURES[name](named, SYMBOLS[:2], gene_symbols="symbol"))
    symbol = dict(zip(IDS, SYMBOLS, strict=True))
    assert by_symbol == [symbol[text] for text in by_id]
