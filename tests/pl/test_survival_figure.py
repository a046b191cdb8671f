"""Curves in groups of risk."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import fe_anndata as fe
from tests.tl.test_survival import followed_cohort


@pytest.fixture(scope="module")
def found():
    return fe.tl.survival(
        followed_cohort(), "days", "died", bases=["pca", "age"], dims=[2, 4], within="group",
        ridge=0.1, resamples=20, progress=False,
    )  # fmt: skip


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_panel_per_basis_and_dimension(found):
    axes = fe.pl.survival(found, show=False)
    assert [ax.get_title() for ax in axes] == ["pca, 2-D", "pca, 4-D", "age"]
    assert fe.pl.survival(found, bases="pca", dims=4, show=False).get_title() == "pca, 4-D"
    axes = fe.pl.survival(found, bases=["age", "pca"], dims=[4], show=False)
    assert [ax.get_title() for ax in axes] == ["age", "pca, 4-D"]
    assert not plt.get_fignums()


def test_risks_alone_draw_the_same(found, tmp_path):
    found.risks.to_csv(tmp_path / "risks.tsv", sep="\t", index=False)
    read = pd.read_csv(tmp_path / "risks.tsv", sep="\t")
    a, b = (fe.pl.survival(of, bases="age", show=False) for of in (found, read))
    assert texts(a) == texts(b)


@pytest.mark.parametrize("n_groups", [2, 3, 4])
def test_curves_numbers_and_legend(found, n_groups):
    ax = fe.pl.survival(found, bases="pca", dims=2, n_groups=n_groups, show=False)
    assert len(ax.lines) == n_groups
    colours = [to_hex(line.get_color()) for line in ax.lines]
    legend = [to_hex(line.get_color()) for line in ax.get_legend().get_lines()]
    assert colours == legend
    assert len(set(colours)) == n_groups
    ends = [line.get_ydata()[-1] for line in ax.lines]
    assert ends[0] > ends[-1]  # the less risk, the more are left
    assert all(line.get_ydata()[0] == 1 for line in ax.lines)
    row = found.table.set_index(["basis", "dim", "pairs"]).loc[("pca", 2, "all")]
    assert texts(ax)[0].startswith(f"c-index {row['c_index']:.3f}, log-rank p = ")
    assert texts(ax)[1] == "at risk"
    per_group = np.array(texts(ax)[2:]).reshape(n_groups, -1)
    numbers = per_group[:, 1:].astype(int)
    assert numbers[:, 0].sum() == 120
    assert (np.diff(numbers, axis=1) <= 0).all()


def test_the_numbers_stand_below_the_name_of_the_axis(found):
    ax = fe.pl.survival(found, bases="pca", dims=2, show=False)
    ax.figure.canvas.draw()
    low = ax.xaxis.label.get_window_extent().y0
    boxes = [text.get_window_extent() for text in ax.texts[2:]]
    assert all(box.y1 <= low for box in boxes)
    assert all(box.y0 >= 0 and box.x0 >= 0 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_groups_within_a_column(found):
    ax = fe.pl.survival(found, bases="pca", dims=2, within=True, show=False)
    row = found.table.set_index(["basis", "dim", "pairs"]).loc[("pca", 2, "within group")]
    assert texts(ax)[0].startswith(f"c-index {row['c_index']:.3f}, ")


def test_one_risk_for_all(found):
    risks = found.risks[found.risks["basis"] == "age"].assign(risk=0.0)
    ax = fe.pl.survival(risks, show=False)
    assert texts(ax)[0] == "c-index 0.500, log-rank p undefined"
    assert len(ax.lines) == 1


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"bases": "pac"}, KeyError, "did you mean 'pca'"),
        ({"dims": 3}, KeyError, "no dimension in the result, '3'"),
        ({"n_groups": 5}, ValueError, "2, 3 or 4, not 5"),
        ({"ax": 1}, TypeError, "Axes"),
    ],
    ids=str,
)
def test_what_is_refused(found, keywords, error, words):
    with pytest.raises(error, match=words):
        fe.pl.survival(found, **{"bases": "pca", "dims": 2, **keywords}, show=False)


def test_tables_that_are_refused(found):
    with pytest.raises(TypeError, match=r"fe.tl.survival returns, or its risks, not list"):
        fe.pl.survival([], show=False)
    with pytest.raises(KeyError, match="'risk'"):
        fe.pl.survival(found.risks.drop(columns="risk"), show=False)
    with pytest.raises(ValueError, match="no sample"):
        fe.pl.survival(found.risks.iloc[:0], show=False)
    with pytest.raises(ValueError, match=r"needs fe.tl.survival"):
        fe.pl.survival(found.risks.assign(within=""), within=True, show=False)
