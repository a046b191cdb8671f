"""The figure of accuracy by dimension."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fe_anndata import pl


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = [
        {
            "method": method, "decoder": decoder, "dim": dim, "fold": fold,
            "classifier": classifier, "accuracy_new": rng.random(), "accuracy_fitted": rng.random(),
            "r2_new": dim / 100 if decoder else np.nan, "seconds_fit": 1.0,
        }
        for method, decoder in (("fe", "inner"), ("pca", "linear"), ("umap", ""))
        for dim in (2, 8, 32)
        for fold in range(3)
        for classifier in ("knn", "logistic", "network")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def lines(ax, style):
    return [x for x in ax.lines if x.get_linestyle() == style]


def whole(axes):
    figure = axes[0].figure
    figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in axes]
    page = figure.bbox
    return all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= page.x1 and b.y1 <= page.y1 for b in boxes)


def test_a_panel_per_classifier_and_two_lines_per_method(table):
    axes = pl.evaluate(table)
    assert [ax.get_title() for ax in axes] == ["knn", "logistic", "network"]
    knn = table[table["classifier"] == "knn"]
    for column, style in (("accuracy_new", "-"), ("accuracy_fitted", "--")):
        means = knn.groupby(["method", "dim"])[column].mean()
        drawn = lines(axes[0], style)
        assert len(drawn) == 3
        for line, method in zip(drawn, ("fe", "pca", "umap"), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), [2, 8, 32])
            np.testing.assert_allclose(line.get_ydata(), means[method])
    folds = lines(axes[0], "None")
    np.testing.assert_allclose(
        np.sort(folds[0].get_ydata()), np.sort(knn.query("method == 'fe'")["accuracy_new"])
    )
    assert len({ax.get_ylim() for ax in axes}) == 1
    assert whole(axes)


def test_dimensions_have_their_own_ticks(table):
    ax = pl.evaluate(table)[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2", "8", "32"]
    assert ax.get_xscale() == "log"
    assert not len(ax.get_xticks(minor=True))


def test_the_legend_names_decoders_and_lies_outside(table):
    axes = pl.evaluate(table)
    legend = axes[-1].get_legend()
    words = [t.get_text() for t in legend.texts]
    assert words == ["fe (inner)", "pca (linear)", "umap", "new samples", "fitted samples"]
    axes[0].figure.canvas.draw()
    assert legend.get_window_extent().x0 > axes[-1].get_window_extent().x1


def test_what_is_about_the_embedding_has_one_panel(table):
    ax = pl.evaluate(table, metric="r2_new")
    assert ax.get_title() == ""
    assert ax.get_ylabel() == "R2, new samples"
    # UMAP predicts no expression, and of the fitted samples nothing was measured.
    assert [t.get_text() for t in ax.get_legend().texts] == ["fe (inner)", "pca (linear)"]
    assert len(lines(ax, "None")[0].get_ydata()) == 9
    assert pl.evaluate(table, metric="seconds_fit").get_ylabel() == "seconds fit"


def test_one_dimension_is_seen(table):
    ax = pl.evaluate(table.query("dim == 2 and classifier == 'knn'"))
    assert all(x.get_marker() not in ("", "None") for x in ax.lines)


def test_into_an_ax(table):
    ax = plt.figure().add_subplot()
    assert pl.evaluate(table[table["classifier"] == "knn"], ax=ax) is ax
    with pytest.raises(ValueError, match="3 panels"):
        pl.evaluate(table, ax=ax)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"metric": "acuracy_new"}, KeyError, "did you mean 'accuracy_new'"),
        ({"metric": "dim"}, KeyError, "metric"),
        ({"table": 3}, TypeError, "DataFrame of fe.tl.evaluate"),
        ({"table": pd.DataFrame({"dim": [2]})}, KeyError, "'method'"),
        ({"metric": "r2_new", "lost": True}, ValueError, "holds no number"),
    ],
    ids=str,
)
def test_errors(table, change, error, words):
    given = {"table": table, **change}
    if given.pop("lost", False):
        given["table"] = table.assign(r2_new=np.nan)
    with pytest.raises(error, match=words):
        pl.evaluate(given.pop("table"), **given)
