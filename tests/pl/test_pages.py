"""Maps on pages of all kinds: white, dark, and in Scanpy's style; measured as a reader judges."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text

import fe_anndata as fe
from fe_anndata import pl
from fe_anndata.pl._colors import numbers_map
from fe_anndata.pl._text import ink, is_dark, paper
from fe_anndata.pl._vision import apart_by_each, luminance
from tests.refusals import small

BLACK_INSIDE = {"axes.facecolor": "black"}  # on a white page, with black letters beside it
STYLES = ["default", "dark_background", "scanpy", "grayscale", BLACK_INSIDE]


@contextmanager
def drawn_in(style):
    with mpl.rc_context():
        if style == "scanpy":
            sc.set_figure_params()
        elif isinstance(style, dict):
            mpl.rcParams.update(style)
        else:
            plt.style.use(style)
        yield


@pytest.fixture(scope="module")
def trained():
    made = small()
    made.obs["some"] = made.obs["group"].where(np.arange(40) % 5 > 0)
    made.obs["long"] = made.obs["group"].map(lambda name: f"{name}, " + "a very long name " * 4)
    made.obs["score"] = np.where(np.arange(40) % 4, np.arange(40.0), np.nan)
    fe.tl.train(made, steps=30, record_every=10, progress=False)
    return made


MAPS = {
    "classes": lambda a: pl.embedding(a, "some"),
    "numbers": lambda a: pl.embedding(a, "score"),
    "plain": lambda a: pl.embedding(a),
    "on data": lambda a: pl.embedding(a, "long", legend="on data"),
    "new": lambda a: pl.embedding(a, "some", query=a[:9].copy()),
    "hexagons": lambda a: pl.density(a, groupby="group"),
    "smooth": lambda a: pl.density(a, kind="smooth"),
    "expression": lambda a: pl.expression_map(a, "gene7", points=9),
    "similarity": lambda a: pl.similarity_map(a, ("group", "group 1"), points=9),
    "trajectories": lambda a: pl.trajectories(a, "some"),
    "path": lambda a: pl.path(a, [("group", "group 1"), ("group", "group 2")]),
}


def contrast(a, b):
    low, high = sorted(map(luminance, (a, b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("name", MAPS)
def test_all_text_can_be_read(trained, name, style):
    with drawn_in(style):
        ax = np.ravel(MAPS[name](trained))[0]
        figure = ax.figure
        figure.canvas.draw()
        inner = ax.get_window_extent()
        for text in figure.findobj(Text):
            if not text.get_text().strip() or not text.get_visible():
                continue
            halo = [e._gc["foreground"] for e in text.get_path_effects() or []]
            box = text.get_window_extent()
            within = inner.contains(box.x0, box.y0) and inner.contains(box.x1, box.y1)
            behind = halo[0] if halo else paper(ax) if within else figure.get_facecolor()
            if name == "similarity" and halo:
                assert contrast(text.get_color(), to_hex(halo[0])) > 4.5  # letters on the ground
            else:
                assert contrast(to_hex(text.get_color()), to_hex(behind)) > 4.5, text.get_text()


@pytest.mark.parametrize("style", STYLES, ids=str)
@pytest.mark.parametrize("name", ["classes", "numbers", "plain", "new", "hexagons", "trajectories"])
def test_no_mark_vanishes(trained, name, style):
    with drawn_in(style):
        for ax in np.ravel(MAPS[name](trained)):
            page = paper(ax)
            for marks in ax.collections:
                marks.update_scalarmappable()
                for color in {to_hex(c) for c in marks.get_facecolor()}:
                    normal, *blind = apart_by_each([color], [page])[:, 0, 0]
                    assert normal > 9
                    assert min(blind) > 9


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_what_is_missing_is_fainter_than_what_is_there(trained, style):
    with drawn_in(style):
        ax = pl.embedding(trained, "score")
        missing, known = ax.collections
        known.update_scalarmappable()
        far = [
            [contrast(to_hex(color), paper(ax)) for color in marks.get_facecolor()]
            for marks in (missing, known)
        ]
        assert max(far[0]) < np.quantile(far[1], 0.1) or not is_dark(ax)
        assert max(far[0]) < np.median(far[1])


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_ink_is_seen_on_paper(style):
    with drawn_in(style):
        _, ax = plt.subplots()
        assert contrast(ink(ax), paper(ax)) > 4.5
        faint = [contrast(ink(ax, share), paper(ax)) for share in (0.05, 0.15, 0.4, 0.8)]
        assert faint == sorted(faint)
        assert faint[0] > 1.05


@pytest.mark.parametrize("name", MAPS)
def test_no_grid_lies_over_a_map(trained, name):
    with drawn_in("scanpy"):
        ax = np.ravel(MAPS[name](trained))[0]
        for panel in (ax, *ax.child_axes):
            ax.figure.canvas.draw()
            assert not any(line.get_visible() for line in panel.get_xgridlines())
            assert not any(line.get_visible() for line in panel.get_ygridlines())


@pytest.mark.parametrize("style", ["default", "scanpy"])
def test_names_of_genes_along_a_path_do_not_meet(trained, style):
    with drawn_in(style):
        ax = MAPS["path"](trained)
        ax.figure.canvas.draw()
        boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
        tops = sorted((box.y0, box.y1) for box in boxes)
        for (_, below), (above, _) in pairwise(tops):
            assert above > below - 0.15 * boxes[0].height


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_no_change_along_a_path_has_the_colour_of_the_page(trained, style):
    with drawn_in(style):
        ax = MAPS["path"](trained)
        middle = ax.images[0].cmap(0.5)
        assert np.abs(np.subtract(middle[:3], to_rgb(ax.get_facecolor()))).max() < 0.05


def test_a_map_of_numbers_that_is_given_is_taken_as_it_is():
    with drawn_in("dark_background"):
        _, ax = plt.subplots()
        assert numbers_map(ax, "viridis").name == "viridis"
        assert min(map(luminance, map(to_hex, numbers_map(ax, None)([0.0, 1.0])))) > 0.06
        assert luminance(to_hex(numbers_map(ax, None, "viridis_r")(1.0))) > 0.06


# legends and panels

LONG = [f"Adenocarcinoma of the {place} tract, subtype {i}" for i in range(11) for place in "abc"]


@pytest.mark.parametrize("style", ["default", "scanpy"])
@pytest.mark.parametrize("names", [LONG, LONG[:11], LONG[:2], [f"c{i}" for i in range(100)]])
def test_a_legend_is_no_wider_than_its_map(make_adata, names, style):
    adata = make_adata(n=400, classes=len(names))
    adata.obs["type"] = adata.obs["type"].cat.rename_categories(names)
    with drawn_in(style):
        ax = pl.embedding(adata, "type")
        ax.figure.canvas.draw()
        legend = ax.get_legend()
        assert legend.get_window_extent().width <= ax.get_window_extent().width + 1
        assert legend.get_window_extent().height <= 1.02 * ax.get_window_extent().height
        shown = [text.get_text() for text in legend.texts]
        assert len(set(shown)) == len(names)  # what is cut can still be told apart
        assert min(text.get_fontsize() for text in legend.texts) >= 6


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)),
                                          (5, (2, 3)), (10, (3, 4)), (20, (5, 4))])  # fmt: skip
def test_panels_are_about_a_square(adata, n, shape):
    axes = np.ravel(pl.embedding(adata, ["number"] * n))
    left = {round(ax.get_position().x0, 3) for ax in axes}
    top = {round(ax.get_position().y1, 3) for ax in axes}
    assert (len(top), len(left)) == shape


# natural order


def legend_of(adata):
    return [text.get_text() for text in pl.embedding(adata, "name").get_legend().texts]


def test_text_with_numbers_is_listed_in_natural_order(adata):
    adata.obs["name"] = [f"c{i}" for i in [2, 10, 1] * 100]
    assert legend_of(adata) == ["c1", "c2", "c10"]
    adata.obs["name"] = adata.obs["name"].astype("category")  # pandas: c1, c10, c2
    assert legend_of(adata) == ["c1", "c2", "c10"]
    stored = dict(zip(adata.obs["name"].cat.categories, adata.uns["name_colors"], strict=True))
    patches = pl.embedding(adata, "name").get_legend().get_patches()
    assert [to_hex(p.get_facecolor()) for p in patches] == [stored[n] for n in ["c1", "c2", "c10"]]


def test_an_order_that_was_chosen_stays(adata):
    values = [f"c{i}" for i in [2, 10, 1] * 100]
    adata.obs["name"] = pd.Categorical(values, ["c10", "c1", "c2"])
    assert legend_of(adata) == ["c10", "c1", "c2"]
    adata.obs["name"] = pd.Categorical(values, ["c1", "c10", "c2"], ordered=True)
    assert legend_of(adata) == ["c1", "c10", "c2"]


# many points


@pytest.mark.parametrize("color", [None, "type"])
def test_many_points_leave_no_lattice(make_adata, color):
    """Points between the pixels share them: lone points of one colour give pixels of all shades."""
    adata = make_adata(n=100_000, classes=1)
    rng = np.random.default_rng(0)
    adata.obsm["X_fe"] = rng.uniform(size=(100_000, 2)).astype(np.float32)
    adata.obsm["X_fe"][2000:, 0] *= 0.2  # the others are alone
    ax = pl.embedding(adata, color, legend=None)
    ax.figure.canvas.draw()
    picture = np.asarray(ax.figure.canvas.buffer_rgba())[..., 0].astype(int)
    top, left = int(picture.shape[0] - ax.bbox.y1), int(ax.bbox.x0)
    lone = picture[top + 50 : top + 300, left + 150 : left + 330]
    marked = lone[lone < 250]
    _, often = np.unique(marked, return_counts=True)
    assert 0.02 < marked.size / lone.size < 0.5
    assert len(often) > 30
    assert often.max() < 0.15 * marked.size
