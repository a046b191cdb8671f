"""pl.sweep: a grid with titles at its edges, common axes or one legend, and nothing cut off."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.colors import LogNorm, to_hex

from fe_anndata import pl
from fe_anndata.tl import Sweep

SPREAD = (2.0, 1.5, 0.2)


def make(options=None, classes=4, n=200, lacking=()):
    """Return a sweep whose columns are narrower and narrower clouds."""
    options = {"gene_dim": (10, 1000), "l2": (0, 1e-8, 1e-5)} if options is None else options
    rng = np.random.default_rng(0)
    codes = np.arange(n) % classes
    names = [f"Cholangiocarcinoma of the {i}. type" for i in range(classes)]
    obs = pd.DataFrame(
        {"type": pd.Categorical.from_codes(codes, names), "age": rng.normal(60, 5, n)},
        index=[f"s{i}" for i in range(n)],
    )
    number = int(np.prod([len(values) for values in options.values()]))
    centres = rng.normal(size=(classes, 2))[codes]
    obsm = {
        f"X_{i}": ((centres + rng.normal(size=(n, 2))) * SPREAD[i % 3]).astype(np.float32)
        for i in range(number)
        if i not in lacking
    }
    return Sweep(pd.DataFrame(index=range(number)), AnnData(obs=obs, obsm=obsm), options)


def inside(figure, boxes):
    whole = figure.bbox
    return all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= whole.x1 and b.y1 <= whole.y1 for b in boxes)


@pytest.mark.parametrize("kind", ["density", "scatter"])
def test_titles_stand_once_at_the_edges(kind):
    axes = pl.sweep(make(), kind)
    assert axes.shape == (2, 3)
    assert [ax.get_title() for ax in axes.flat] == ["l2 = 0", "l2 = 1e-8", "l2 = 1e-5", "", "", ""]
    labels = [ax.get_ylabel() for ax in axes.flat]
    assert labels == ["gene_dim = 10", "", "", "gene_dim = 1000", "", ""]


def test_densities_have_common_axes_and_one_colour_scale():
    axes = pl.sweep(make())
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes.flat}) == 1
    low, high = axes[0, 0].get_xlim()
    assert low == -high
    assert (low, high) == axes[0, 0].get_ylim()  # a circle is a circle
    found = make().samples.obsm.values()
    assert high == pytest.approx(1.05 * max(np.abs(u).max() for u in found))
    drawn = [ax.collections[0] for ax in axes.flat]
    assert all(isinstance(each.norm, LogNorm) for each in drawn)
    assert len({each.get_clim() for each in drawn}) == 1
    assert drawn[0].get_clim() == (1, max(each.get_array().max() for each in drawn))
    assert [each.get_array().sum() for each in drawn] == [200] * 6
    assert sum(len(ax.child_axes) for ax in axes.flat) == 1


def test_ticks_of_common_axes_stand_at_the_edges():
    axes = pl.sweep(make())
    assert [len(ax.get_yticks()) for ax in axes.flat] == [3, 0, 0, 3, 0, 0]
    assert [len(ax.get_xticks()) for ax in axes.flat] == [0, 0, 0, 3, 3, 3]
    assert axes[1, 0].get_xticks()[2] in (1, 2, 5, 10)


def test_thirty_hexagons_lie_along_the_axis():
    fine, coarse = (pl.sweep(make(), bins=b)[0, 0].collections[0] for b in (30, 3))
    assert len(coarse.get_array()) < len(fine.get_array())
    # An upright hexagon is as wide as the axis divided by the bins.
    width = np.ptp(fine.get_paths()[0].vertices[:, 0])
    low, high = pl.sweep(make())[0, 0].get_xlim()
    assert width == pytest.approx((high - low) / 30, rel=0.01)


def test_points_have_axes_of_their_own():
    axes = pl.sweep(make(), "scatter")
    widths = [np.ptp(ax.get_xlim()) for ax in axes[0]]
    assert widths[0] > 5 * widths[2]
    result = make()
    for i, ax in enumerate(axes.flat):
        drawn = ax.collections[0].get_offsets()
        order = np.lexsort(drawn.T)
        expected = result.samples.obsm[f"X_{i}"]
        np.testing.assert_allclose(drawn[order], expected[np.lexsort(expected.T)], rtol=1e-6)


def test_each_sample_has_the_colour_of_its_class():
    result = make()
    ax = pl.sweep(result, "scatter", color="type")[0, 1]
    places = {tuple(row): code for row, code in zip(
        result.samples.obsm["X_1"].tolist(), result.samples.obs["type"].cat.codes, strict=True,
    )}  # fmt: skip
    colors = result.samples.uns["type_colors"]
    for place, color in zip(
        ax.collections[0].get_offsets().tolist(), ax.collections[0].get_facecolors(), strict=True
    ):
        assert to_hex(color) == colors[places[tuple(np.float32(place).tolist())]]


@pytest.mark.parametrize("style", ["default", "dark_background"])
@pytest.mark.parametrize("classes", [2, 33])
def test_one_legend_beside_the_grid_names_all_classes(style, classes):
    with plt.style.context(style):
        axes = pl.sweep(make(classes=classes), "scatter", color="type")
        figure = axes[0, 0].figure
        (legend,) = figure.legends
        figure.canvas.draw()
        names = [text.get_text() for text in legend.get_texts()]
        assert len(names) == classes
        assert names[0] == "Cholangiocarcinoma of the 0. type"
        box = legend.get_window_extent()
        panels = [ax.get_tightbbox() for ax in axes.flat]
        assert box.x0 > max(panel.x1 for panel in panels)
        assert inside(figure, [box, *panels])
        assert box.height <= figure.bbox.height
        size = legend.get_texts()[0].get_fontsize()
        whole = plt.rcParams["font.size"]
        assert size == pytest.approx(whole if classes == 2 else 0.833 * whole)
        assert all(h.get_markersize() >= 0.7 * size for h in legend.legend_handles)


@pytest.mark.parametrize(
    ("kind", "color"),
    [("density", None), ("scatter", None), ("scatter", "age"), ("scatter", "type")],
)
def test_panels_are_square_and_do_not_overlap(kind, color):
    axes = pl.sweep(make(), kind, color=color)
    axes[0, 0].figure.canvas.draw()
    boxes = [ax.get_window_extent() for ax in axes.flat]
    assert all(box.width == pytest.approx(box.height, abs=1) for box in boxes)
    tight = [ax.get_tightbbox() for ax in axes.flat]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(tight, 2))
    assert inside(axes[0, 0].figure, tight)


def test_numbers_have_a_colour_bar():
    axes = pl.sweep(make(), "scatter", color="age")
    assert not axes[0, 0].figure.legends
    (bar,) = [child for ax in axes.flat for child in ax.child_axes]
    assert bar.get_ylabel() == "age"


def test_missing_classes_are_named():
    result = make()
    result.samples.obs.loc[result.samples.obs_names[:9], "type"] = None
    legend = pl.sweep(result, "scatter", color="type")[0, 0].figure.legends[0]
    assert legend.get_texts()[-1].get_text() == "missing"


def test_a_combination_without_a_result_says_so():
    result = make(lacking=[2])
    result.samples.obsm["X_4"][:] = np.nan
    for kind in ("density", "scatter"):
        axes = pl.sweep(result, kind)
        said = [bool(ax.texts) and ax.texts[0].get_text() == "no result" for ax in axes.flat]
        assert said == [False, False, True, False, True, False]
        axes[0, 0].figure.canvas.draw()


@pytest.mark.parametrize(
    ("options", "shape", "title", "label"),
    [
        ({"l2": (0.0, 1e6, 2.5)}, (1, 3), "l2 = 0", ""),
        ({"decoder": ("a", "b"), "hidden": ((100, 50), ()), "l2": (0, 1)}, (4, 2), "l2 = 0",
         "decoder = a\nhidden = 100, 50"),
    ],
)  # fmt: skip
def test_one_option_is_a_row_and_many_share_the_rows(options, shape, title, label):
    axes = pl.sweep(make(options))
    assert axes.shape == shape
    assert (axes[0, 0].get_title(), axes[0, 0].get_ylabel()) == (title, label)
    if len(options) == 1:
        assert axes[0, 1].get_title() == "l2 = 1e6"


def test_a_single_combination_is_drawn_into_an_ax():
    result = make({"gene_dim": (10,), "l2": (1e-8,)})
    ax = plt.figure().add_subplot()
    for kind, color in (("density", None), ("scatter", "type"), ("scatter", "age")):
        assert pl.sweep(result, kind, color=color, ax=ax) is ax
    assert ax.get_title() == "gene_dim = 10\nl2 = 1e-8"
    assert pl.sweep(result, "scatter", color="type").get_legend() is not None
    with pytest.raises(ValueError, match="6 panels"):
        pl.sweep(make(), ax=ax)


def test_stored_colours_are_drawn_and_kept():
    result = make(classes=2)
    result.samples.uns["type_colors"] = ["#ff0000", "#0000ff"]
    ax = pl.sweep(result, "scatter", color="type")[0, 0]
    drawn = {to_hex(color) for color in ax.collections[0].get_facecolors()}
    assert drawn == {"#ff0000", "#0000ff"}
    ax = pl.sweep(result, "scatter", color="type", palette=["k", "w"])[0, 0]
    drawn = {to_hex(color) for color in ax.collections[0].get_facecolors()}
    assert drawn == {"#000000", "#ffffff"}
    assert result.samples.uns["type_colors"] == ["#ff0000", "#0000ff"]


def test_a_column_of_the_embedding_is_chosen():
    result = make()
    result.samples.obsm["X_0"] = np.c_[result.samples.obsm["X_0"], np.full(200, 9.0)]
    ax = pl.sweep(make({"l2": (0,)}), "scatter")
    single = Sweep(result.table[:1], result.samples, {"l2": (0,)})
    drawn = pl.sweep(single, "scatter", dimensions=(2, 0)).collections[0].get_offsets()
    assert (drawn[:, 0] == 9).all()
    assert not (ax.collections[0].get_offsets()[:, 0] == 9).any()


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"kind": "hex"}, ValueError, "'density', 'scatter'"),
        ({"color": "type"}, ValueError, "kind='scatter'"),
        ({"kind": "scatter", "color": "tipe"}, KeyError, "tipe"),
        ({"bins": 0}, ValueError, "bins"),
        ({"cmap": "viridsi"}, ValueError, "viridis"),
        ({"kind": "scatter", "size": 0}, ValueError, "size"),
        ({"dimensions": (0, 3)}, ValueError, "dimensions"),
    ],
)
def test_bad_input(given, error, words):
    with pytest.raises(error, match=words):
        pl.sweep(make(), **given)


def test_what_is_no_sweep_is_an_error():
    for wrong in (pd.DataFrame({"l2": [0]}), None, make().samples):
        with pytest.raises(TypeError, match=r"fe\.tl\.sweep"):
            pl.sweep(wrong)
    with pytest.raises(ValueError, match="no combination has a result"):
        pl.sweep(make(lacking=range(6)))
