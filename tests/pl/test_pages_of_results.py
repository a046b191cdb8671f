"""What the eye asks of pictures that are no maps of samples, on light, dark and Scanpy's page."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from anndata import AnnData
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.text import Text

import fe_anndata as fe
from benchmarks.contact_sheet import STYLES, styled
from fe_anndata.tl import Sweep
from tests.tl.test_survival import followed_cohort

LONG = "collection {} of gene sets with a name that says where all of them are from"


@pytest.fixture(scope="module")
def trained():
    adata = fe.datasets.simulated(120, 160, 3)
    adata.var_names = [f"GENE{i}" for i in range(160)]
    fe.tl.train(adata, steps=30, evaluate_every=5, progress=False)
    return adata


@pytest.fixture(scope="module")
def counts():
    draw = np.random.default_rng(0)
    found = AnnData(draw.poisson(draw.gamma(1.0, 2.0, 50), (40, 50)).astype(np.float32))
    found.obs["group"] = [f"group {i % 4}" for i in range(40)]
    few = {"sample_dim": 4, "width": 8, "latents": 6, "heads": 2, "steps": 5}
    fe.tl.train(found, "exceiver", progress=False, **few)
    return found


@pytest.fixture(scope="module")
def survived():
    few = {"bases": ["pca"], "dims": [2, 3, 4, 5], "ridge": 0.1, "resamples": 5}
    return fe.tl.survival(followed_cohort(), "days", "died", **few, progress=False)


def accuracies(n=2, classifiers=4):
    draw = np.random.default_rng(0)
    return pd.DataFrame([
        {"method": f"method {i} with all of its options", "decoder": "inner", "dim": dim, "fold": f,
         "classifier": f"classifier {c}", "accuracy_new": draw.random(), "accuracy_fitted": 0.9}
        for i in range(n) for dim in (2, 8) for f in range(2) for c in range(classifiers)
    ])  # fmt: skip


def properties(n):
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {"collection": [LONG.format(i) for i in range(n)] * 25,
         "auroc": draw.beta(6, 3, 25 * n), "auroc_permuted": draw.beta(20, 20, 25 * n)}
    )  # fmt: skip


def marking(groups, genes=8):
    draw = np.random.default_rng(0)
    return pd.DataFrame([
        {"group": f"kidney renal papillary cell carcinoma, part {g}", "names": f"HLA-DRB{i}",
         "scores": 9.0 - i, "difference_predicted": draw.normal(), "auc": draw.random()}
        for g in range(groups) for i in range(genes)
    ])  # fmt: skip


def swept(n=4):
    draw = np.random.default_rng(0)
    samples = AnnData(obs=pd.DataFrame(index=[str(i) for i in range(80)]))
    samples.obs["type"] = [f"a long name of a type of cancer, number {i % 33}" for i in range(80)]
    for i in range(n):
        samples.obsm[f"X_{i}"] = draw.normal(size=(80, 2))
    options = {"gene_dim": (10, 25)[: max(1, n // 2)], "l2": (0.0, 1e-5)[: min(n, 2)]}
    return Sweep(pd.DataFrame({"l2": np.zeros(n)}), samples, options)


GENES = [f"GENE{i}" for i in range(160)]
LISTS = {f"list {i}": GENES[6 * i : 6 * i + 6] for i in range(11)}
PICTURES = {
    "history": lambda t, c, s: fe.pl.history(t),
    "history, log": lambda t, c, s: fe.pl.history(t, log=True),
    "reconstruction": lambda t, c, s: fe.pl.reconstruction(t, entries="all"),
    "distances": lambda t, c, s: fe.pl.distance_preservation(t),
    "similar genes, 1": lambda t, c, s: fe.pl.similar_genes(t, "GENE3", 1),
    "similar genes, 100": lambda t, c, s: fe.pl.similar_genes(t, "GENE3", 100),
    "sum": lambda t, c, s: fe.pl.gene_arithmetic(t, "GENE1 - GENE2 + GENE3", 10),
    "lists": lambda t, c, s: fe.pl.gene_lists(t, LISTS, labels=GENES[:9]),
    "matrix, 1": lambda t, c, s: fe.pl.gene_similarity_matrix(t, GENES[:1]),
    "matrix, 11": lambda t, c, s: fe.pl.gene_similarity_matrix(t, GENES[:11]),
    "matrix, 120": lambda t, c, s: fe.pl.gene_similarity_matrix(t, GENES[:120]),
    "markers, 1": lambda t, c, s: fe.pl.markers(marking(1)),
    "markers, 33": lambda t, c, s: fe.pl.markers(marking(33)),
    "markers, 100": lambda t, c, s: fe.pl.markers(marking(100)),
    "accuracy": lambda t, c, s: fe.pl.evaluate(accuracies()),
    "accuracy, 33 methods": lambda t, c, s: fe.pl.evaluate(accuracies(33, 1)),
    "properties, 1": lambda t, c, s: fe.pl.classify_genes(properties(1)),
    "properties, 33": lambda t, c, s: fe.pl.classify_genes(properties(33)),
    "attention": lambda t, c, s: fe.pl.attention(c, key="exceiver"),
    "attention, 4 groups": lambda t, c, s: fe.pl.attention(c, groupby="group", key="exceiver"),
    "sweep": lambda t, c, s: fe.pl.sweep(swept()),
    "sweep, 33 types": lambda t, c, s: fe.pl.sweep(swept(), "scatter", color="type"),
    "survival": lambda t, c, s: fe.pl.survival(s),
}


@pytest.fixture
def picture(trained, counts, survived):
    """Return what draws a picture in a style: its panels, rendered."""

    @contextmanager
    def drawn(name, style):
        with styled(style):
            axes = np.ravel(PICTURES[name](trained, counts, survived))
            axes[0].figure.canvas.draw()
            yield axes

    return drawn


every_picture = pytest.mark.parametrize("name", PICTURES)
every_page = pytest.mark.parametrize("style", STYLES)


def luminance(color):
    rgb = np.array(to_rgba(color)[:3])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [
        0.2126, 0.7152, 0.0722,
    ]  # fmt: skip


def contrast(color, page):
    """Return the contrast by the guidelines of the web, of a colour with its opacity on a page."""
    red, green, blue, opacity = to_rgba(color)
    mixed = opacity * np.array([red, green, blue]) + (1 - opacity) * np.array(to_rgba(page)[:3])
    low, high = sorted([luminance(mixed), luminance(page)])
    return (high + 0.05) / (low + 0.05)


def texts(figure):
    found = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    page = figure.bbox
    return [t for t in found if t.get_window_extent().overlaps(page)]


def meet(a, b):
    """Return whether two boxes lie on each other by more than a pixel."""
    x = min(a.x1, b.x1) - max(a.x0, b.x0)
    y = min(a.y1, b.y1) - max(a.y0, b.y0)
    return min(x, y) > 1


def page_of(axes):
    figure = axes[0].figure
    return figure.get_facecolor() if to_rgba(figure.get_facecolor())[3] else "white"


@every_picture
@every_page
def test_all_that_is_drawn_is_seen_on_the_page(picture, name, style):
    with picture(name, style) as axes:
        page = page_of(axes)
        for text in texts(axes[0].figure):
            assert contrast(text.get_color(), page) > 4.5, text.get_text()
        for ax in axes:
            for line in ax.lines:
                if line.get_marker() in ("o", ">") and line.get_markersize() >= 5:
                    assert contrast(line.get_color(), page) > 1.6 or line.get_marker() == ">"
                if line.get_marker() == ">":
                    assert contrast(line.get_markeredgecolor(), page) > 4.5
            for points in ax.collections:
                if isinstance(points, PathCollection) and points.get_array() is None:
                    faces = points.get_facecolor()
                    assert min(contrast(face, page) for face in faces) > 1.25
                if isinstance(points, PolyCollection) and points.get_array() is not None:
                    assert min(contrast(c, page) for c in points.get_facecolor()[:40]) > 1.2
                    counts = points.get_array()
                    alone = points.get_facecolor()[np.argmin(counts)]
                    assert contrast(alone, page) > 1.9  # a single one in a hexagon


@every_picture
@every_page
def test_nothing_is_cut_off_or_meets_another_and_all_is_read(picture, name, style):
    with picture(name, style) as axes:
        figure = axes[0].figure
        page = figure.bbox
        for ax in axes:
            box = ax.get_tightbbox()
            assert box.x0 > -1
            assert box.y0 > -1
            assert box.x1 < page.x1 + 1
            assert box.y1 < page.y1 + 1
            for axis in (ax.xaxis, ax.yaxis):
                labels = [t for t in axis.get_ticklabels() if t.get_text() and t.get_visible()]
                boxes = [t.get_window_extent() for t in labels]
                assert not any(meet(a, b) for a, b in combinations(boxes, 2))
            named = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
            boxes = [t.get_window_extent() for t in named if t.get_text() and t.get_visible()]
            assert not any(meet(a, b) for a, b in combinations(boxes, 2))
        assert all(text.get_fontsize() >= 6 for text in texts(figure))


@every_picture
def test_no_grid_lies_over_colours(picture, name):
    with picture(name, "scanpy") as axes:
        for ax in axes:
            coloured = [*ax.images, *(c for c in ax.collections if c.get_array() is not None)]
            lines = [*ax.xaxis.get_gridlines(), *ax.yaxis.get_gridlines()]
            seen = [line for line in lines if line.get_visible()]
            if coloured and seen:
                assert ax.get_axisbelow() is True
                assert not ax.images
                assert not any(isinstance(c, PolyCollection) for c in ax.collections)
            for beside in ax.child_axes:
                lines = [*beside.xaxis.get_gridlines(), *beside.yaxis.get_gridlines()]
                assert not any(line.get_visible() for line in lines)


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("similar genes, 100", 14, 9),
        ("matrix, 1", 5, 5),
        ("matrix, 120", 17, 17),
        ("markers, 33", 17, 8),
        ("markers, 100", 20, 8),
        ("accuracy, 33 methods", 11, 9),
        ("properties, 33", 11, 10),
        ("sweep, 33 types", 12, 6),
    ],
)
@every_page
def test_a_picture_of_many_fits_a_screen(picture, name, width, height, style):
    with picture(name, style) as axes:
        found = axes[0].figure.get_size_inches()
        grown = max(1, plt.rcParams["font.size"] / 10)  # with the letters of the user
        assert found[0] < width * grown
        assert found[1] < height * grown


@every_page
def test_eleven_genes_have_letters_and_room(picture, style):
    with picture("matrix, 11", style) as axes:
        assert axes[0].figure.get_size_inches().min() > 2.8
        size = axes[0].get_yticklabels()[0].get_fontsize()
        assert size == pytest.approx(0.833 * plt.rcParams["font.size"])


@pytest.mark.parametrize("name", ["accuracy", "attention, 4 groups", "survival"])
def test_four_panels_are_two_by_two(picture, name):
    with picture(name, "light") as axes:
        assert len(axes) == 4
        boxes = [ax.get_position().bounds for ax in axes]
        assert len({round(x, 3) for x, *_ in boxes}) == 2
        assert len({round(y, 3) for _, y, *_ in boxes}) == 2


def test_columns_of_genes_have_one_scale_and_all_genes(picture, trained):
    with picture("similar genes, 100", "light") as axes:
        assert len(axes) == 4
        shown = [t.get_text() for ax in axes for t in ax.get_yticklabels()]
        assert shown == list(fe.tl.similar_genes(trained, "GENE3", 100)["gene"])
        assert len({ax.get_xlim() for ax in axes}) == 1
        assert len({ax.get_ylim() for ax in axes}) == 1
        assert all(len([c for c in ax.collections if isinstance(c, LineCollection)]) for ax in axes)


def test_every_list_has_its_colour(picture):
    with picture("lists", "light") as axes:
        colors = [handle.get_color() for handle in axes[0].get_legend().legend_handles][:11]
        assert len(set(colors)) == 11


def test_the_colours_of_a_difference_begin_at_the_page(picture):
    for style in ("light", "dark"):
        with picture("markers, 33", style) as axes:
            dots = axes[0].collections[0]
            middle, end = (dots.to_rgba(value) for value in (0.0, dots.get_clim()[1]))
            assert contrast(middle, page_of(axes)) < 1.2
            assert contrast(end, page_of(axes)) > 5


def test_styles_of_this_test_are_those_of_the_contact_sheet():
    assert set(STYLES) == {"light", "dark", "scanpy"}
    assert sc.__name__ == "scanpy"
