"""The picture of an imputation curve."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from fe_anndata import pl
from fe_anndata.pl._colors import new_colors

NUMBERS = [1, 5, 10, 25, 100, 250, 500, 1000, 2500, 5000, 10_000]


def table_of(methods=("fe", "means", "pca", "knn"), numbers=NUMBERS):
    rows = [
        {"method": method, "n_genes": n, "fold": f, "subset": s,
         "r2": 0.0 if method == "means" else np.log10(n + 1) / 5 - 0.1 * i + 0.01 * (2 * f + s)}
        for i, method in enumerate(methods) for n in numbers for f in range(3) for s in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_lines_go_through_means_and_bands_hold_the_middle_four_fifths():
    table = table_of()
    ax = pl.imputation_curve(table)
    zero, *lines = ax.lines
    assert set(zero.get_ydata()) == {0}
    assert len(lines) == len(ax.collections) == 3
    colours = new_colors("method", ["fe", "pca", "knn"])
    for name, colour, line, band in zip(
        ("fe", "pca", "knn"), colours, lines, ax.collections, strict=True
    ):
        of = table[table["method"] == name].groupby("n_genes")["r2"]
        np.testing.assert_allclose(line.get_ydata(), of.mean())
        assert to_hex(line.get_color()) == to_hex(colour)
        corners = band.get_paths()[0].vertices
        assert corners[:, 1].min() == pytest.approx(of.quantile(0.1).min())
        assert corners[:, 1].max() == pytest.approx(of.quantile(0.9).max())
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["FE", "PCA", "nearest samples", "gene means"]


def test_numbers_stand_apart_on_their_axis():
    ax = pl.imputation_curve(table_of())
    ax.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.get_xticklabels()]
    assert len(boxes) > 4
    assert all(a.x1 + 2 < b.x0 for a, b in pairwise(boxes))
    assert ax.get_xscale() == "log"


def test_one_number_and_one_method():
    ax = pl.imputation_curve(table_of(["pca"], [25]))
    assert len(ax.lines) == 2
    assert ax.lines[1].get_marker() == "o"  # a line through one point cannot be seen
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["PCA"]


def test_a_method_that_is_far_below_the_means_does_not_flatten_the_others():
    table = table_of()
    table.loc[(table["method"] == "pca") & (table["n_genes"] == 1), "r2"] = -40
    assert pl.imputation_curve(table).get_ylim()[0] >= -0.2


def test_given_axes():
    _, ax = plt.subplots()
    assert pl.imputation_curve(table_of(), ax=ax) is ax


@pytest.mark.parametrize(
    ("table", "error", "match"),
    [
        (3, TypeError, "DataFrame of fe.tl.imputation_curve"),
        (table_of().drop(columns="subset"), KeyError, "subset"),
        (table_of().assign(r2=np.nan), ValueError, "nothing to draw"),
    ],
)
def test_refused(table, error, match):
    with pytest.raises(error, match=match):
        pl.imputation_curve(table)
