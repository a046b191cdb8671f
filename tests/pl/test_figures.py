"""Figures that are not shown belong to the caller, not to pyplot."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure

from fe_anndata import pl


def test_many_pictures_that_are_not_shown_do_not_pile_up(adata):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(25):
            pl.embedding(adata, show=False)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "picture",
    [
        lambda a: pl.embedding(a, ["type", "LYZ"], legend="on data", show=False)[0],
        lambda a: pl.density(a, groupby="type", show=False)[0],
    ],
)
def test_a_picture_that_is_not_shown_is_saved_like_any_other(adata, picture, tmp_path):
    figure = picture(adata).figure
    assert isinstance(figure, Figure)
    assert not plt.get_fignums()
    for ending in ("png", "pdf", "svg"):
        figure.savefig(tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").stat().st_size > 1000


def test_the_two_kinds_of_figure_draw_the_same(adata, tmp_path):
    for show in (None, False):
        ax = pl.embedding(adata, ["type", "number"], show=show)[0]
        ax.figure.savefig(tmp_path / f"{show}.png")
    assert (tmp_path / "None.png").read_bytes() == (tmp_path / "False.png").read_bytes()


def test_a_picture_that_may_be_shown_is_known_to_pyplot_once(adata):
    ax = pl.embedding(adata)
    assert [plt.figure(n) for n in plt.get_fignums()] == [ax.figure]


def test_a_layout_of_the_user_s_does_not_move_the_panels(adata):
    with plt.rc_context({"figure.autolayout": True}):
        ax = pl.embedding(adata, "type", show=False)
        before = ax.get_position().bounds
        ax.figure.canvas.draw()
        assert ax.get_position().bounds == before
