"""Distances of profiles against those in embeddings."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fe_anndata as fe


@pytest.fixture
def adata():
    made = fe.datasets.simulated(60, 30, 3)
    made.obsm["X_fe"], made.obsm["whole"] = made.X[:, :2].copy(), made.X.copy()
    return made


def test_panels_hold_the_pairs_and_the_numbers(adata):
    axes = fe.pl.distance_preservation(adata, basis=["fe", "whole"], show=False)
    assert [ax.get_title() for ax in axes] == ["fe, 2-D", "whole, 30-D"]
    table = fe.tl.distance_preservation(adata, ["fe", "whole"])
    for ax, (_, row) in zip(axes, table.iterrows(), strict=True):
        counts = ax.collections[0].get_array()
        assert counts.sum() == row["n_pairs"] == 60 * 59 // 2
        assert ax.texts[0].get_text() == (
            f"Pearson {row['pearson']:.3f}\nSpearman {row['spearman']:.3f}\n"
            f"neighbours kept {row['neighbours_kept']:.3f}\n"
            f"trustworthiness {row['trustworthiness']:.3f}"
        )
    # The whole profile lies on the diagonal.
    x, y = axes[1].collections[0].get_offsets().T
    assert np.abs(x - y).max() < 0.1 * x.max()
    assert not plt.get_fignums()


def test_the_numbers_do_not_cover_the_pairs(adata):
    ax = fe.pl.distance_preservation(adata, basis="whole", show=False)
    ax.figure.canvas.draw()
    top = ax.transData.transform(ax.collections[0].get_offsets())[:, 1].max()
    assert ax.texts[0].get_window_extent().y0 > top


def test_arguments_reach_what_is_measured(adata):
    few = fe.pl.distance_preservation(
        adata, max_samples=20, n_neighbors=5, rng=3, mask_var=list(adata.var_names[:2]), show=False
    )
    assert few.collections[0].get_array().sum() == 190
    assert "Pearson 1.000" in few.texts[0].get_text()


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"cmap": "virids"}, ValueError),
        ({"basis": "ef"}, KeyError),
        ({"n_neighbors": 30}, ValueError),
    ],
    ids=str,
)
def test_what_is_refused(adata, keywords, error):
    with pytest.raises(error):
        fe.pl.distance_preservation(adata, **keywords, show=False)
