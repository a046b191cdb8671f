"""How much of each component maps keep, in bars."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

R2 = {"fe": (0.9, 0.5, 0.3), "pca": (1.0, 1.0, -2.0)}


@pytest.fixture
def table():
    return pd.DataFrame(
        {"method": method, "decoder": "", "dim": 2, "fold": fold, "component": i + 1,
         "n_train": 9, "n_test": 9, "variance": 0.3 / (i + 1), "r2_new": r2 + 0.02 * fold - 0.02}
        for method, of in R2.items() for fold in range(3) for i, r2 in enumerate(of)
    )  # fmt: skip


def test_a_bar_per_method_and_component_and_a_point_per_fold(table):
    ax = fe.pl.components_kept(table, show=False)
    for bars, points, r2 in zip(ax.containers, ax.lines, R2.values(), strict=False):
        heights = [bar.get_height() for bar in bars]
        np.testing.assert_allclose(heights, np.maximum(r2, -0.25))
        assert len(points.get_xdata()) == 9
    centres = [[bar.get_center()[0] for bar in bars] for bars in ax.containers]
    np.testing.assert_allclose(np.mean(centres, axis=0), [1, 2, 3])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1\n30 %", "2\n15 %", "3\n10 %"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["fe", "pca"]
    assert ax.get_ylim()[0] < -0.25
    assert not plt.get_fignums()


def test_dimensions_are_told_apart(table):
    both = pd.concat([table, table.assign(dim=8)])
    names = [t.get_text() for t in fe.pl.components_kept(both, show=False).get_legend().get_texts()]
    assert names == ["fe, 2-D", "pca, 2-D", "fe, 8-D", "pca, 8-D"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda t: t.drop(columns="variance"), KeyError),
        (lambda t: t[:0], ValueError),
        (lambda t: t.assign(r2_new=np.nan), ValueError),
        (lambda t: "table.tsv", TypeError),
    ],
)
def test_what_is_refused(table, change, error):
    with pytest.raises(error):
        fe.pl.components_kept(change(table), show=False)
