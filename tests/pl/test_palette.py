"""The colours that are chosen: apart from each other and from the page, for all readers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import TABLEAU_COLORS, to_hex

from benchmarks.palette import candidates
from fe_anndata import pl
from fe_anndata.pl._colors import FEW, MANY, NEW, PLAIN
from fe_anndata.pl._vision import apart, apart_by_each, luminance, seen

PAGES = ["#ffffff", "#000000", "#1e1e1e", "#eeeeee", "#d9d9d9", "#3d3d3d"]  # the last two: missing


def least(colors):
    """Return the least distance of two colours, by each vision."""
    return apart_by_each(colors, colors)[:, *np.triu_indices(len(colors), 1)].min(axis=1)


def test_lightness_and_luminance_are_those_of_the_standard():
    greys = ["#000000", "#777777", "#ffffff"]
    for by_vision in seen(greys):  # greys are the same to all
        np.testing.assert_allclose(by_vision[:, 0], [0, 50.03, 100], atol=0.05)
        np.testing.assert_allclose(by_vision[:, 1:], 0, atol=0.1)
    np.testing.assert_allclose(seen(["#ff0000"])[0, 0], [53.24, 80.09, 67.20], atol=0.05)
    assert luminance("#ff0000") == pytest.approx(0.2126, abs=1e-3)


def test_red_and_green_are_alike_to_the_colour_blind_alone():
    normal, deuteranope, protanope = apart_by_each(["#aa5500"], ["#6d6b00"])[:, 0, 0]
    assert normal > 40
    assert min(deuteranope, protanope) < 15


@pytest.mark.parametrize(
    ("colors", "normal", "blind"),
    [(FEW[:6], 42, 18), (FEW, 38, 17), (MANY[:20], 20, 9), (MANY[:40], 17.9, 8), (MANY, 12.5, 5.4)],
)
def test_colours_can_be_told_apart_by_all(colors, normal, blind):
    assert len(set(colors)) == len(colors)
    found = least(colors)
    assert found[0] >= normal
    assert found[1:].min() >= blind


@pytest.mark.parametrize("page", PAGES)
def test_no_colour_vanishes_on_any_page(page):
    normal, *blind = apart_by_each([*FEW, *MANY, PLAIN, NEW], [page])
    assert normal.min() > 25
    assert min(map(np.min, blind)) >= 16


def test_no_colour_is_neon_or_grey():
    lightness, a, b = seen([*FEW, *MANY])[0].T
    chroma = np.hypot(a, b)
    assert lightness.min() > 42
    assert lightness.max() < 81
    assert chroma.min() > 27
    assert chroma.max() < 73


def test_the_colours_are_among_those_to_choose_from():
    assert {*FEW, *MANY} <= set(candidates())


@pytest.mark.parametrize("n", [1, 2, 11, 12, 13, 33, 64])
def test_each_category_has_its_colour(make_adata, n):
    adata = make_adata(n=130, classes=n)
    pl.embedding(adata, "type")
    stored = list(adata.uns["type_colors"])
    assert stored == (FEW if n <= 12 else MANY)[:n]


def test_a_new_category_is_unlike_those_that_have_colours(make_adata):
    adata = make_adata(classes=6)
    adata.uns["type_colors"] = list(TABLEAU_COLORS.values())[:5]
    legend = pl.embedding(adata, "type").get_legend()
    *old, new = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
    assert old == adata.uns["type_colors"]
    assert apart([new], old).min() > 25  # the first of ours is the blue of Tableau


def test_colours_that_are_stored_do_not_depend_on_the_page(make_adata):
    found = []
    for style in ("default", "dark_background"):
        adata = make_adata()
        with plt.style.context(style):
            pl.embedding(adata, "type")
        found.append(list(adata.uns["type_colors"]))
    assert found[0] == found[1]
