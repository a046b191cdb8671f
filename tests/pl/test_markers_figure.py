"""Dots of genes that set groups apart."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fe_anndata import pl


def made(n_groups=3, n_genes=8, rng=0):
    """Return a table of groups and genes; gene i is highest in group i."""
    draw = np.random.default_rng(rng)
    rows = [
        {"group": f"group {g}", "names": f"HLA-DRB{i}", "scores": 9.0 - i if i % n_groups == g
         else -1.0, "difference_predicted": draw.normal(), "auc": draw.random()}
        for g in range(n_groups) for i in range(n_genes)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


def test_dots_are_at_their_genes_and_groups():
    table = made()
    ax = pl.markers(table, n_genes=2)
    expected = ["HLA-DRB0", "HLA-DRB3", "HLA-DRB1", "HLA-DRB4", "HLA-DRB2", "HLA-DRB5"]
    assert labels(ax.yaxis) == expected
    assert labels(ax.xaxis) == ["group 0", "group 1", "group 2"]
    dots = ax.collections[0]
    by_place = table.set_index(["group", "names"])
    assert len(dots.get_offsets()) == 18
    for (x, y), size, colour in zip(
        dots.get_offsets(), dots.get_sizes(), dots.get_array(), strict=True
    ):
        row = by_place.loc[(f"group {int(x)}", expected[int(y)])]
        assert colour == row["difference_predicted"]
        assert size == pytest.approx(11**2 * abs(2 * row["auc"] - 1))
    low, high = dots.get_clim()
    shown = table[table["names"].isin(expected)]
    assert -low == high == shown["difference_predicted"].abs().max()


def test_a_gene_of_several_groups_is_drawn_once():
    table = made()
    table.loc[table["names"] == "HLA-DRB0", "scores"] = 20.0
    assert labels(pl.markers(table, n_genes=1).yaxis) == ["HLA-DRB0"]


def test_genes_by_name_and_what_is_cut():
    table = made()
    cut = table.drop(table.index[table["group"].eq("group 1") & table["names"].eq("HLA-DRB7")])
    ax = pl.markers(cut, genes=["HLA-DRB7", "HLA-DRB0", "HLA-DRB7"], vmax=2)
    assert labels(ax.yaxis) == ["HLA-DRB7", "HLA-DRB0"]
    assert len(ax.collections[0].get_offsets()) == 5
    assert ax.collections[0].get_clim() == (-2, 2)


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize(("groups", "genes"), [(1, 1), (12, 36)])
def test_nothing_overlaps_or_is_cut(groups, genes, style):
    with plt.style.context(style):
        ax = pl.markers(made(groups, genes), n_genes=3)
        ax.figure.canvas.draw()
        page, box = ax.figure.bbox, ax.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= page.x1
        assert box.y1 <= page.y1
        rows = [text.get_window_extent() for text in ax.get_yticklabels()]
        assert all(a.y0 >= b.y1 for a, b in pairwise(rows))
        columns = [text.get_window_extent() for text in ax.get_xticklabels()]
        assert all(a.x1 <= b.x0 for a, b in pairwise(columns))
        assert all(a.y0 >= ax.get_window_extent().y1 for a in columns)
        bar, panel = ax.child_axes[0].get_tightbbox(), ax.get_window_extent()
        legend = next(c for c in ax.get_children() if type(c).__name__ == "Legend")
        assert bar.x0 >= panel.x1
        assert legend.get_window_extent().y1 <= min(bar.y0, panel.y0)


def test_errors():
    table = made()
    wrong = {
        "no column of the table 'auc'": (KeyError, table.drop(columns="auc"), {}),
        "no gene 'HLA-DRB9'": (KeyError, table, {"genes": ["HLA-DRB9"]}),
        "genes must be a list": (TypeError, table, {"genes": "HLA-DRB1"}),
        "0 genes": (ValueError, table, {"genes": []}),
        "n_genes must be at least 1": (ValueError, table, {"n_genes": 0}),
        "more than once": (ValueError, pd.concat([table, table]), {}),
        "no colour map": (ValueError, table, {"cmap": "blau"}),
        "vmax above 0": (ValueError, table, {"vmax": 0}),
        "101 genes": (ValueError, made(1, 101), {"genes": [f"HLA-DRB{i}" for i in range(101)]}),
        "no AUC": (ValueError, table.assign(auc=np.nan), {}),
        "DataFrame": (TypeError, None, {}),
    }
    for said, (error, given, keywords) in wrong.items():
        with pytest.raises(error, match=said):
            pl.markers(given, **keywords)
    assert plt.get_fignums() == []
