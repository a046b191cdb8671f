"""Pictures of a result: the history, the reconstruction, the nearest genes."""

from __future__ import annotations

import importlib
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from fe_anndata import pl


@pytest.fixture
def trained(adata):
    steps = np.arange(0, 100, 10)
    validation = 2 + (steps - 60.0) ** 2 / 1000
    table = {
        "step": steps,
        "epoch": steps // 50,
        "seconds": 1 + steps * 0.1,
        "train_loss": 5 - steps * 0.03,
        "validation_loss": validation,
        "entries_per_second": 1e6,
    }
    adata.uns["fe"] = {"history": pd.DataFrame(table)}
    return adata


@pytest.fixture
def fake(monkeypatch):
    def replace(function):
        module = importlib.import_module("fe_anndata.pl.reconstruction")
        monkeypatch.setattr(module, "observed_and_predicted", function)

    return replace


def whole(ax):
    """Return whether all that belongs to `ax` lies within its figure."""
    ax.figure.canvas.draw()
    box, page = ax.get_tightbbox(), ax.figure.bbox
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1


def test_history_draws_both_losses_and_marks_the_least(trained):
    ax = pl.history(trained)
    train, validation, kept = ax.lines
    table = trained.uns["fe"]["history"]
    np.testing.assert_array_equal(train.get_ydata(), table["train_loss"])
    np.testing.assert_array_equal(validation.get_ydata(), table["validation_loss"])
    assert kept.get_xydata().tolist() == [[60, 2]]
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 > ax.get_window_extent().x1
    assert whole(ax)


def test_history_translates_steps_to_seconds(trained):
    ax = pl.history(trained)
    ax.figure.canvas.draw()
    upper = ax.child_axes[0]
    assert upper.get_xlabel() == "seconds, after 1 of preparation"
    np.testing.assert_allclose(upper.get_xlim(), 0.1 * np.array(ax.get_xlim()))


def test_history_without_validation_or_with_gaps(trained):
    table = trained.uns["fe"]["history"]
    table.loc[::2, "validation_loss"] = np.nan
    assert len(pl.history(trained, log=True).lines[1].get_xdata()) == 5
    table["validation_loss"] = np.nan
    assert [t.get_text() for t in pl.history(trained).get_legend().texts] == [
        "train, mean of steps"
    ]
    trained.uns["fe"]["history"] = table[:1]
    pl.history(trained).figure.canvas.draw()


def test_history_errors(trained, adata):
    trained.uns["other"] = trained.uns["fe"]
    with pytest.raises(KeyError, match="did you mean 'other'"):
        pl.history(trained, key="othr")
    trained.uns["fe"] = {"history": trained.uns["fe"]["history"].drop(columns="seconds")}
    with pytest.raises(KeyError, match="seconds"):
        pl.history(trained)
    trained.uns["fe"] = {"history": trained.uns["other"]["history"][:0]}
    with pytest.raises(ValueError, match="no loss"):
        pl.history(trained)
    with pytest.raises(TypeError, match="AnnData"):
        pl.history(trained.obs)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("entries", "words"), [("validation", "held-out"), ("all", "fitted")])
def test_reconstruction_states_agreement_and_which_entries(adata, fake, entries, words):
    rng = np.random.default_rng(0)
    observed = rng.gamma(1, 2, 1000)
    predicted = observed + rng.normal(size=1000)
    asked = []

    def observed_and_predicted(*arguments):
        asked.extend(arguments[1:])
        return observed.astype(np.float32), predicted.astype(np.float32)

    fake(observed_and_predicted)
    ax = pl.reconstruction(adata, key="k", entries=entries, max_entries=7, rng=3)
    assert asked == ["k", entries, 7, 3]
    assert words in ax.get_title()
    text = ax.texts[0].get_text()
    r2 = 1 - ((observed - predicted) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()
    assert f"r = {np.corrcoef(observed, predicted)[0, 1]:.3f}" in text
    assert f"{r2:.3f}" in text
    assert ax.collections[0].get_array().sum() == 1000
    assert ax.get_xlim() == ax.get_ylim()
    assert whole(ax)


def test_reconstruction_of_constants_and_errors(adata, fake):
    fake(lambda *_: (np.ones(5), np.ones(5)))
    ax = pl.reconstruction(adata)
    assert "undefined" in ax.texts[0].get_text()
    plt.close("all")
    for keywords in ({"entries": "test"}, {"max_entries": 0}):
        with pytest.raises(ValueError, match=next(iter(keywords))):
            pl.reconstruction(adata, **keywords)
    for earlier, today in (("cells", "entries"), ("max_cells", "max_entries")):
        with pytest.raises(TypeError, match=f"^{earlier} is called {today} now"):
            pl.reconstruction(adata, **{earlier: 1})
    assert plt.get_fignums() == []


def test_similar_genes_names_every_gene_in_order():
    names = ["APOE"] + [f"HLA-DRB{i}" for i in range(30)] + list("ABCDE")
    vectors = np.arange(len(names), dtype=np.float32)[:, None]
    adata = AnnData(np.zeros((2, len(names))), var=pd.DataFrame(index=names), varm={"k": vectors})
    ax = pl.similar_genes(adata, "APOE", 30, key="k", metric="euclidean")
    assert ax.get_title() == "most similar to APOE"
    assert ax.get_xlabel() == "similarity (euclidean)"
    ax.figure.canvas.draw()
    labels = ax.get_yticklabels()
    assert [t.get_text() for t in labels] == [f"HLA-DRB{i}" for i in range(30)]
    boxes = [t.get_window_extent() for t in labels]
    assert all(a.y0 >= b.y1 for a, b in pairwise(boxes))  # best on top, apart
    assert whole(ax)
    title = pl.similar_genes(adata, list("ABCDE"), 3, key="k", metric="euclidean").get_title()
    assert title == "most similar to A, B, C, ... (5 genes)"
