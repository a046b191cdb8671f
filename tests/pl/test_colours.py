"""Colours of categories: what is given, what is stored, and what is chosen."""

from __future__ import annotations

import numpy as np
import pytest
import scanpy as sc
from cycler import cycler
from matplotlib import colormaps
from matplotlib.colors import to_hex

from fe_anndata import pl
from fe_anndata.pl._colors import MANY

RGB = ["#ff0000", "#00ff00", "#0000ff", "#111111"]
ROWS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1 / 15, 1 / 15, 1 / 15]])


def shown(ax):
    """Return the colours in the legend."""
    return [to_hex(patch.get_facecolor()) for patch in ax.get_legend().get_patches()]


@pytest.mark.parametrize(
    "palette",
    [
        RGB,
        tuple(RGB),
        np.array(RGB),
        ROWS,
        np.column_stack([ROWS, np.ones(4)]),
        [*RGB, "yellow"],
        cycler(color=RGB),
        dict(zip("ABCD", RGB, strict=True)),
    ],
    ids=lambda palette: type(palette).__name__,
)
def test_forms_of_a_palette(make_adata, palette):
    adata = make_adata()
    adata.obs["type"] = adata.obs["type"].cat.rename_categories(list("ABCD"))
    assert shown(pl.embedding(adata, "type", palette=palette)) == RGB
    assert list(adata.uns["type_colors"]) == RGB


@pytest.mark.parametrize("palette", ["tab10", colormaps["tab10"]])
def test_a_list_of_colours_is_taken_in_its_order(adata, palette):
    assert shown(pl.embedding(adata, "type", palette=palette))[:2] == ["#1f77b4", "#ff7f0e"]


def test_a_scale_is_spread_over_the_categories(adata):
    ends = [to_hex(colormaps["viridis"](end)) for end in (0.0, 1.0)]
    assert shown(pl.embedding(adata, "type", palette="viridis"))[::3] == ends


@pytest.mark.parametrize("one", ["red", (1, 0, 0), np.array([1.0, 0, 0, 1])])
def test_one_colour_is_for_all(adata, one):
    assert shown(pl.embedding(adata, "type", palette=one)) == ["#ff0000"] * 4


def test_a_short_cycler_starts_again_and_a_short_list_does_not(adata):
    assert shown(pl.embedding(adata, "type", palette=cycler(color=RGB[:3]))) == [*RGB[:3], RGB[0]]
    with pytest.raises(ValueError, match="3 colours"):
        pl.embedding(adata, "type", palette=RGB[:3])


def test_labels_of_any_type_are_keys_of_a_palette(adata):
    palette = {True: "#00ff00", False: "#ff0000"}
    assert shown(pl.embedding(adata, "flag", palette=palette)) == ["#ff0000", "#00ff00"]


@pytest.mark.parametrize(
    ("palette", "error", "match"),
    [
        (cycler(linestyle=["-", "--"]), ValueError, "cycler without colours"),
        (5, TypeError, "not int"),
        ("redd", ValueError, "did you mean 'red'"),
        ([None] * 4, ValueError, "None, which is no colour"),
    ],
)
def test_palettes_refused(adata, palette, error, match):
    with pytest.raises(error, match=match):
        pl.embedding(adata, "type", palette=palette)
    assert not adata.uns


@pytest.mark.parametrize(
    "stored",
    [
        list(RGB),
        np.array(RGB),
        np.array(RGB, dtype="S7"),
        np.array(RGB, dtype=object),
        ROWS,
        [tuple(row) for row in ROWS],
        np.column_stack([ROWS, np.ones(4)]),
        [*RGB, "#222222", "#333333"],
        [color.upper() for color in RGB],
    ],
    ids=str,
)
def test_stored_colours_are_drawn_and_left_as_they_are(adata, stored):
    adata.uns["type_colors"] = stored
    assert shown(pl.embedding(adata, "type")) == RGB
    assert adata.uns["type_colors"] is stored


def test_opacity_that_is_stored_is_drawn(adata):
    adata.uns["type_colors"] = np.column_stack([ROWS, [0.5] * 4])
    drawn = pl.embedding(adata, "type").collections[-1].get_facecolor()
    np.testing.assert_allclose(drawn[:, 3], 0.5, atol=0.01)


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (["#ff0000"], [0]),
        ([RGB[0], None, RGB[2], np.nan], [0, 2]),
        ([RGB[0], RGB[1], "no colour", ""], [0, 1]),
        (["no colour"] * 4, []),
        ([], []),
        (3, []),
        ("#ff0000", [0]),
        (ROWS * 255, []),
    ],
    ids=str,
)
def test_a_category_without_a_stored_colour_gets_one_of_its_own(adata, stored, kept):
    adata.uns["type_colors"] = stored
    drawn = shown(pl.embedding(adata, "type"))
    assert len(set(drawn)) == 4
    assert [drawn[i] for i in kept] == [RGB[i] for i in kept]
    assert adata.uns["type_colors"] is stored


def test_what_is_no_colour_is_named(adata, caplog):
    adata.uns["type_colors"] = [*RGB[:3], "no colour"]
    pl.embedding(adata, "type")
    assert "'no colour', which is no colour" in caplog.text


def test_palette_is_for_this_picture_where_others_are_stored(adata):
    adata.uns["type_colors"] = stored = list(RGB)
    assert shown(pl.embedding(adata, "type", palette="tab10"))[0] == "#1f77b4"
    assert adata.uns["type_colors"] is stored
    assert stored == RGB


def test_more_categories_than_colours_share_them(make_adata, caplog):
    ax = pl.embedding(make_adata(classes=100), "type")
    assert set(shown(ax)) == set(MANY)
    assert "100 categories of 'type' share 64 colours" in caplog.text


@pytest.mark.parametrize("column", ["type", "text", "flag"])
def test_scanpy_draws_the_same_colours(adata, column):
    adata.obs["text"] = [f"c{i}" for i in [2, 10, 1] * 100]  # Scanpy puts c2 before c10
    ours = pl.embedding(adata, column)
    legend = ours.get_legend()
    colors = dict(zip([t.get_text() for t in legend.texts], shown(ours), strict=True))
    stored = list(adata.uns[f"{column}_colors"])
    theirs = sc.pl.embedding(adata, "fe", color=column, show=False)
    assert list(adata.uns[f"{column}_colors"]) == stored
    marks = zip(theirs.get_legend().get_texts(), theirs.get_legend().legend_handles, strict=True)
    assert {t.get_text(): to_hex(h.get_facecolor()[0]) for t, h in marks} == colors
