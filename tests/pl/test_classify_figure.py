from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    sizes = {"few": 3, "many": 300}
    return pd.concat([
        pd.DataFrame({
            "property": [f"{name}{i}" for i in range(n)], "collection": name,
            "auroc": rng.uniform(0.6, 0.9, n) + (name == "few") / 10,
            "auroc_permuted": rng.normal(0.5, 0.03, n),
            "auprc": rng.random(n), "base_rate": rng.random(n) / 10,
        }) for name, n in sizes.items()
    ])  # fmt: skip


def test_a_row_per_collection_with_all_properties(table):
    ax = fe.pl.classify_genes(table)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["many\n300 properties", "few\n3 properties"]
    points = [line.get_xdata() for line in ax.lines if line.get_marker() == "o"]
    for row, name in ((0, "many"), (1, "few")):
        of = table[table["collection"] == name]
        np.testing.assert_array_equal(points[2 * row], of["auroc"])
        np.testing.assert_array_equal(points[2 * row + 1], of["auroc_permuted"])
    assert len(ax.collections) == 2  # a distribution of three points is none
    chance = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in chance] == [0.5]


def test_nothing_is_cut_off_or_covered(table):
    ax = fe.pl.classify_genes(table)
    figure = ax.figure
    figure.canvas.draw()
    tight, whole = figure.get_tightbbox(), figure.get_size_inches()
    assert tight.x0 >= 0
    assert tight.y0 >= 0
    assert tight.x1 <= whole[0]
    assert tight.y1 <= whole[1]
    legend = ax.get_legend().get_window_extent()
    assert legend.x0 > ax.get_window_extent().x1


def test_precision_stands_against_the_base_rate(table):
    ax = fe.pl.classify_genes(table, metric="auprc")
    assert ax.get_xlabel() == "AUPRC"
    assert not [line for line in ax.lines if line.get_linestyle() == "--"]
    assert "base rate" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_into_an_ax(table):
    ax = plt.figure().add_subplot()
    assert fe.pl.classify_genes(table.head(1), ax=ax) is ax


def test_bad_input(table):
    with pytest.raises(TypeError, match="classify_genes"):
        fe.pl.classify_genes({"auroc": [1]})
    with pytest.raises(KeyError, match="auroc_permuted"):
        fe.pl.classify_genes(table.drop(columns="auroc_permuted"))
    with pytest.raises(KeyError, match="metric"):
        fe.pl.classify_genes(table, metric="aurc")
    with pytest.raises(ValueError, match="no property"):
        fe.pl.classify_genes(table.head(0))
