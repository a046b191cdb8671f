"""Maps of what a model predicts over the plane, and along a path."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet

import fe_anndata as fe
from tests.refusals import small


@pytest.fixture(scope="module")
def _trained():
    made = small()
    made.var["symbol"] = [f"SYM{i}" for i in range(30)]
    fe.tl.train(made, steps=60, mask_var=np.arange(30) != 4, progress=False)
    fe.tl.train(made, steps=20, layer="truth", key_added="other", progress=False)
    fe.tl.train(made, steps=10, sample_dim=4, key_added="four", progress=False)
    return made


@pytest.fixture
def trained(_trained):
    return _trained.copy()


def ground(ax):
    (image,) = ax.images
    return image


def nodes_of(ax, n):
    """Return the nodes of the grid that an image stands for, in the order of its rows."""
    left, right, bottom, top = ground(ax).get_extent()
    x, y = np.meshgrid(np.linspace(left, right, n), np.linspace(bottom, top, n))
    return np.stack([x.ravel(), y.ravel()], axis=1)


@pytest.mark.parametrize("key", ["fe", "other"])
def test_the_ground_is_predicted_and_points_are_observed(trained, key):
    ax = fe.pl.expression_map(trained, "gene7", key=key, points=9)
    expected = fe.tl.generate(trained, nodes_of(ax, 9), key=key)[:, "gene7"].X
    np.testing.assert_allclose(ground(ax).get_array().ravel(), expected.ravel(), rtol=1e-4)
    points = ax.collections[-1]
    values = trained[:, "gene7"].X if key == "fe" else trained[:, "gene7"].layers["truth"]
    by_place = dict(zip(map(tuple, trained.obsm[f"X_{key}"].tolist()), values.ravel(), strict=True))
    shown = [by_place[tuple(np.float32(place).tolist())] for place in points.get_offsets()]
    np.testing.assert_allclose(points.get_array(), shown, rtol=1e-6)
    assert ax.get_xlabel() == f"{key.upper()}1"


def test_one_scale_for_both_and_for_nothing_that_is_far(trained):
    ax = fe.pl.expression_map(trained, "gene7", points=20)
    image, points = ground(ax), ax.collections[-1]
    near = np.asarray(image.get_alpha()) > 0.5
    seen = np.concatenate([np.asarray(image.get_array())[near], points.get_array()])
    assert image.norm is points.norm
    assert (image.norm.vmin, image.norm.vmax) == pytest.approx((seen.min(), seen.max()))
    ax = fe.pl.expression_map(trained, "gene7", vmin=-1, vmax=9)
    assert (ground(ax).norm.vmin, ground(ax).norm.vmax) == (-1, 9)


def test_the_ground_fades_where_no_sample_is_near(trained):
    def alpha(reach):
        ax = fe.pl.expression_map(trained, "gene7", points=40, reach=reach)
        return np.asarray(ground(ax).get_alpha())

    assert alpha(0.3).min() == 0
    assert alpha(0.3).max() == 1
    assert alpha(0.5).sum() > 1.2 * alpha(0.3).sum()
    assert (alpha(np.inf) == 1).all()
    corner = fe.pl.expression_map(trained, "gene7", points=40, reach=0.3)
    apart = np.linalg.norm(nodes_of(corner, 40)[:, None] - trained.obsm["X_fe"], axis=2).min(axis=1)
    assert apart[alpha(0.3).ravel() == 1].max() < apart[alpha(0.3).ravel() == 0].min()


def test_missing_values_are_grey_and_several_genes_have_panels(trained):
    fe.tl.train(trained, steps=20, progress=False)
    trained.X[3, 6] = np.nan
    axes = fe.pl.expression_map(trained, ["SYM6", "gene9"], gene_symbols="symbol", points=5)
    assert [ax.get_title() for ax in axes] == ["SYM6", "gene9"]
    missing, known = axes[0].collections
    assert len(missing.get_offsets()) == 1
    assert len(known.get_offsets()) == 39
    bare = fe.pl.expression_map(trained, "gene9", size=0, points=5)
    assert not bare.collections


@pytest.mark.parametrize(
    ("error", "match", "gene", "keywords"),
    [
        (KeyError, "did you mean 'gene7'", "Gene7", {}),
        (KeyError, "'gene5' was not trained on.*did you mean", "gene5", {}),
        (KeyError, "'ef'", "gene7", {"key": "ef"}),
        (ValueError, "has 4.*sample_dim=2.*fe.pl.path.*umap", "gene7", {"key": "four"}),
        (ValueError, "points", "gene7", {"points": 1}),
        (ValueError, "reach", "gene7", {"reach": 0}),
        (ValueError, "reach", "gene7", {"reach": "far"}),
        (ValueError, "vmin", "gene7", {"vmin": 3, "vmax": 2}),
        (ValueError, "size", "gene7", {"size": -1}),
        (ValueError, "viridis", "gene7", {"cmap": "virids"}),
        (ValueError, "empty", [], {}),
    ],
)
def test_maps_that_cannot_be(trained, error, match, gene, keywords):
    with pytest.raises(error, match=match):
        fe.pl.expression_map(trained, gene, **keywords)
    assert not plt.get_fignums()


def test_a_family_that_does_not_decode():
    adata = small()
    few = {"tokens": 16, "width": 8, "layers": 1, "heads": 1, "steps": 2, "progress": False}
    fe.tl.train(adata, "generain", **few)
    for draw in (
        lambda: fe.pl.expression_map(adata, "gene7", key="generain"),
        lambda: fe.pl.similarity_map(adata, "x", key="generain"),
        lambda: fe.pl.path(adata, list(adata.obs_names[:2]), key="generain"),
    ):
        with pytest.raises(ValueError, match="does not predict expression"):
            draw()


def test_counts_are_brought_to_the_total_of_the_prediction():
    draw = np.random.default_rng(0)
    counts = AnnData(draw.poisson(draw.gamma(1.0, 8.0, 60), (40, 60)).astype(np.float32))
    few = {"width": 8, "latents": 2, "heads": 2, "steps": 5, "progress": False}
    fe.tl.train(counts, "exceiver", sample_dim=2, **few)
    deep = counts.copy()
    deep.X = 7 * deep.X
    shown = []
    for adata in (counts, deep):
        ax = fe.pl.expression_map(adata, "3", key="exceiver", points=4)
        alike = fe.pl.similarity_map(adata, "5", metric="mse", key="exceiver", points=4)
        values = np.sort(ax.collections[-1].get_array()), ground(alike).get_array().ravel()
        shown.append(np.concatenate(values))
    np.testing.assert_allclose(shown[0], shown[1], rtol=1e-4)


# similarity


def likeness(trained, ax, profile, n, metric):
    predicted = fe.tl.generate(trained, nodes_of(ax, n)).X.astype(np.float64)
    if metric == "mse":
        return ((predicted - profile) ** 2).mean(axis=1)
    return np.array([np.corrcoef(profile, row)[0, 1] for row in predicted])


TRAINED = np.arange(30) != 4


@pytest.mark.parametrize("metric", ["pearson", "mse"])
@pytest.mark.parametrize("kind", ["sample", "group", "series", "array"])
def test_similarity_is_that_of_the_profile(trained, metric, kind):
    X = np.asarray(trained.X, dtype=np.float64)
    rows = (trained.obs["group"] == "group 2").to_numpy()
    values = X[rows].mean(axis=0) if kind == "group" else X[5]
    profile = {
        "sample": trained.obs_names[5],
        "group": ("group", "group 2"),
        "series": pd.Series(values, trained.var_names, name="mine")[::-1],
        "array": values,
    }[kind]
    ax = fe.pl.similarity_map(trained, profile, metric=metric, points=8)
    expected = likeness(trained, ax, values[TRAINED], 8, metric)
    np.testing.assert_allclose(ground(ax).get_array().ravel(), expected, rtol=1e-4)
    names = {"sample": trained.obs_names[5], "group": f"group 2 (n = {rows.sum()})"}
    assert ax.get_title() == names.get(kind, "mine" if kind == "series" else "the profile")
    own = ax.collections[1].get_offsets()
    assert len(own) == {"sample": 1, "group": rows.sum()}.get(kind, 0)


@pytest.mark.parametrize("metric", ["pearson", "mse"])
def test_a_cross_marks_the_place_that_is_most_alike(trained, metric):
    ax = fe.pl.similarity_map(trained, trained.obs_names[5], metric=metric, points=15)
    values = np.asarray(ground(ax).get_array()).ravel()
    near = np.asarray(ground(ax).get_alpha()).ravel() > 0.5
    best = np.flatnonzero(near)[(-values if metric == "mse" else values)[near].argmax()]
    for line in ax.lines:
        np.testing.assert_allclose(line.get_xydata()[0], nodes_of(ax, 15)[best], rtol=1e-5)


def test_contours_keep_to_where_samples_are(trained):
    ax = fe.pl.similarity_map(trained, trained.obs_names[5], points=20)
    (contours,) = (c for c in ax.collections if isinstance(c, ContourSet))
    image = ground(ax)
    near = np.asarray(image.get_array())[np.asarray(image.get_alpha()) > 0.5]
    assert 1 <= len(contours.levels) <= 8
    assert near.min() < contours.levels.min()
    assert contours.levels.max() < near.max()


def test_genes_without_a_value_have_no_say(trained):
    values = np.asarray(trained.X[5], dtype=np.float64)
    some = values.copy()
    some[10:] = np.nan
    ax = fe.pl.similarity_map(trained, pd.Series(values, trained.var_names)[:10], points=6)
    other = fe.pl.similarity_map(trained, some, points=6)
    np.testing.assert_array_equal(ground(ax).get_array(), ground(other).get_array())


@pytest.mark.parametrize(
    ("error", "match", "profile", "keywords"),
    [
        (KeyError, "no sample", "nobody", {}),
        (KeyError, "did you mean 'group 1'", ("group", "goup 1"), {}),
        (ValueError, "30 genes", np.zeros(29), {}),
        (ValueError, "fewer than two", pd.Series([1.0, 2], ["x", "y"]), {}),
        (ValueError, "several values", pd.Series([1.0, 2], ["gene1", "gene1"]), {}),
        (TypeError, "profile must be", ["a"] * 30, {}),
        (ValueError, "does not vary", np.ones(30), {}),
        (ValueError, "metric", np.arange(30.0), {"metric": "cosine"}),
        (ValueError, "contours", np.arange(30.0), {"contours": 1}),
        (ValueError, "has 4", np.arange(30.0), {"key": "four"}),
    ],
)
def test_profiles_that_do_not_fit(trained, error, match, profile, keywords):
    with pytest.raises(error, match=match):
        fe.pl.similarity_map(trained, profile, **keywords)
    assert not plt.get_fignums()


# paths


def profiles_of(trained, stops, points=100, key="fe"):
    return fe.tl.generate(trained, fe.get.path(trained, stops, points, key=key), key=key)


@pytest.mark.parametrize("key", ["fe", "four"])
def test_a_heat_map_of_the_genes_that_change_most(trained, key):
    stops = [("group", "group 1"), ("group", "group 3")]
    ax = fe.pl.path(trained, stops, n_genes=6, key=key)
    profiles = profiles_of(trained, stops, key=key)
    ranges = pd.Series(np.ptp(profiles.X, axis=0), profiles.var_names)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert set(labels) == set(ranges.nlargest(6).index)
    expected = profiles[:, labels].X - profiles[0, labels].X
    np.testing.assert_allclose(ground(ax).get_array(), expected.T, atol=1e-4)
    assert ground(ax).norm.vmin == -ground(ax).norm.vmax
    assert [text.get_text() for text in ax.get_xticklabels()] == ["group 1", "group 3"]


def test_lines_of_chosen_genes(trained):
    stops = [trained.obs_names[0], [0.0, 0.0], ("group", "group 3")]
    ax = fe.pl.path(
        trained, stops, ["SYM2", "gene9"], kind="lines", gene_symbols="symbol", points=7
    )
    profiles = profiles_of(trained, stops, 7)
    for line, gene in zip(ax.lines, ["gene3", "gene9"], strict=True):
        np.testing.assert_allclose(line.get_ydata(), profiles[:, gene].X.ravel(), rtol=1e-4)
    names = {text.get_text() for text in ax.get_legend().get_texts()}
    assert names == {"gene3", "gene9"}
    assert len(ax.get_xticks()) == 3


def test_a_strip_says_where_no_sample_is_near(trained):
    u = trained.obsm["X_fe"]
    far = fe.pl.path(trained, [u[0].tolist(), (u.max(axis=0) + 50).tolist()])
    (strip,) = (ax for ax in far.child_axes if "far" in ax.get_title(loc="left"))
    shown = strip.images[0].get_array().ravel()
    assert shown[0] == 0
    assert shown[-1] == 1
    near = fe.pl.path(trained, [u[0].tolist(), u[1].tolist()], reach=np.inf)
    assert not [ax for ax in near.child_axes if ax.get_title(loc="left")]


def test_names_of_stops_that_would_meet_are_aslant(trained):
    u = trained.obsm["X_fe"].astype(float)
    close = fe.pl.path(trained, [u[0], u[0] + 0.01 * (u[9] - u[0]), u[9]])
    assert {text.get_rotation() for text in close.get_xticklabels()} == {30}
    apart = fe.pl.path(trained, [u[0], u[9]])
    assert {text.get_rotation() for text in apart.get_xticklabels()} == {0}


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (ValueError, "kind", {"kind": "bars"}),
        (ValueError, "101 genes", {"n_genes": 101}),
        (ValueError, "21 genes", {"n_genes": 21, "kind": "lines"}),
        (TypeError, "whole number", {"n_genes": 2.5}),
        (ValueError, "0 genes", {"genes": []}),
        (KeyError, "was not trained on", {"genes": "gene5"}),
        (ValueError, "points", {"points": 0}),
        (ValueError, "reach", {"reach": -1}),
    ],
)
def test_paths_that_cannot_be(trained, error, match, keywords):
    with pytest.raises(error, match=match):
        fe.pl.path(trained, [[0.0, 0], [1, 1]], **keywords)
    assert not plt.get_fignums()


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_nothing_is_cut_off_or_lost_on_dark_paper(trained, style):
    with mpl.rc_context(), plt.style.context(style):
        for ax in (
            fe.pl.expression_map(trained, "gene7", points=9),
            fe.pl.similarity_map(trained, ("group", "group 1"), points=9),
            fe.pl.path(trained, [("group", "group 1"), ("group", "group 2")]),
            fe.pl.path(trained, [("group", "group 1"), ("group", "group 2")], kind="lines"),
        ):
            ax.figure.canvas.draw()
            box, page = ax.get_tightbbox(), ax.figure.bbox
            assert box.x0 >= 0
            assert box.y0 >= 0
            assert box.x1 <= page.x1
            assert box.y1 <= page.y1
    dots = fe.pl.similarity_map(trained, ("group", "group 1"), points=9).collections[0]
    assert to_rgb(dots.get_facecolor()[0]) == (0, 0, 0)
