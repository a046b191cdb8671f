from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from scipy.sparse import csr_matrix

import fe_anndata as fe
from fe_anndata import pl
from fe_anndata.pl._colors import FEW

MISSING = "#d9d9d9"


def facecolors(ax):
    """Return the colour of every point in the order of drawing; missing ones come first."""
    found = []
    for points in ax.collections:
        colors = points.get_facecolor()
        found += [to_hex(colors[i % len(colors)]) for i in range(len(points.get_offsets()))]
    return found


def offsets(ax):
    return np.concatenate([np.asarray(c.get_offsets()) for c in ax.collections])


def inside(figure, box):
    return box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1


# colours


def test_33_classes_get_33_colours_and_keep_them(make_adata):
    adata = make_adata(classes=33)
    pl.embedding(adata, "type")
    stored = list(adata.uns["type_colors"])
    assert len(set(stored)) == 33
    pl.embedding(adata, "type")
    assert list(adata.uns["type_colors"]) == stored


def test_stored_colours_are_used(adata):
    adata.uns["type_colors"] = ["#000001", "#000002", "#000003", "#000004"]
    ax = pl.embedding(adata, "type")
    assert set(facecolors(ax)) == set(adata.uns["type_colors"])


def test_a_view_is_not_copied_for_its_colours(adata):
    view = adata[:100]
    pl.embedding(view, "type")
    assert view.is_view
    assert "type_colors" not in adata.uns


def test_input_is_unchanged_but_for_the_colours(adata):
    before = adata.copy()
    pl.embedding(adata, ["type", "text", "flag", "number", "LYZ"])
    assert set(adata.uns) == {"type_colors", "text_colors", "flag_colors"}
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    np.testing.assert_array_equal(adata.X, before.X)
    np.testing.assert_array_equal(adata.obsm["X_fe"], before.obsm["X_fe"])


# points


def test_every_point_has_its_colour(adata):
    ax = pl.embedding(adata, "flag")
    order = [tuple(p) for p in np.asarray(adata.obsm["X_fe"], dtype=float)]
    flag = dict(zip(order, adata.obs["flag"], strict=True))
    drawn = [flag[tuple(p)] for p in offsets(ax)]
    assert facecolors(ax) == [FEW[int(f)] for f in drawn]


def test_order_is_random_but_the_same_for_a_seed(adata):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (offsets(pl.embedding(adata, rng=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, adata.obsm["X_fe"])
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(other, axis=0))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_missing_values_are_grey_and_below(adata):
    adata.obs.loc[adata.obs_names[:50], "text"] = None
    adata.obs.loc[adata.obs_names[:60], "number"] = np.nan
    for name, n in (("text", 50), ("number", 60)):
        ax = pl.embedding(adata, name)
        assert [c == MISSING for c in facecolors(ax)] == [True] * n + [False] * (300 - n)
    assert "missing" in [t.get_text() for t in pl.embedding(adata, "text").get_legend().texts]


def test_missing_coordinates_are_left_out(adata):
    adata.obsm["X_fe"][:7] = np.nan
    assert len(offsets(pl.embedding(adata, "type"))) == 293
    pl.embedding(adata, "type", legend="on data")


@pytest.mark.parametrize(("n", "expected"), [(50_000, False), (50_001, True)])
def test_many_points_are_an_image(make_adata, n, expected):
    ax = pl.embedding(make_adata(n=n))
    assert ax.collections[0].get_rasterized() is expected


@pytest.mark.parametrize("n", [1, 2])
def test_few_samples_are_drawn(make_adata, n):
    adata = make_adata(n=n)
    for color in ("type", "number", "LYZ"):
        pl.embedding(adata, color).figure.canvas.draw()


def test_expression_is_read_from_dense_sparse_and_layers(adata):
    def values(**keywords):
        return np.asarray(pl.embedding(adata, "APOE", **keywords).collections[-1].get_array())

    dense = values()
    np.testing.assert_array_equal(values(layer="twice"), 2 * dense)
    adata.X = csr_matrix(adata.X)
    np.testing.assert_array_equal(values(), dense)


def test_a_column_wins_over_a_gene_of_the_same_name(adata):
    adata.obs["LYZ"] = "column"
    assert pl.embedding(adata, "LYZ").get_legend() is not None


# panels and legends


@pytest.mark.parametrize("classes", [2, 33, 100])
def test_legend_lies_in_the_figure_and_beside_the_points(make_adata, classes):
    ax = pl.embedding(make_adata(classes=classes), "type")
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.x0 > ax.get_window_extent().x1
    assert inside(ax.figure, legend)
    assert len(ax.get_legend().texts) == classes


def test_nothing_in_a_grid_overlaps_or_is_cut_off(make_adata):
    adata = make_adata(classes=33)
    names = ["type", "number", "LYZ", "flag", "type"]
    axes = pl.embedding(adata, names, ncols=2)
    assert isinstance(axes, np.ndarray)
    assert axes.shape == (5,)
    figure = axes[0].figure
    figure.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in axes]
    assert all(inside(figure, box) for box in boxes)
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    sizes = np.array([ax.get_window_extent().size for ax in axes])
    np.testing.assert_allclose(sizes, sizes[0, 0], rtol=1e-6)  # equal squares
    assert axes[0].get_position().x0 == pytest.approx(axes[2].get_position().x0)


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_legend_leaves_the_neighbour_of_a_given_ax_alone(adata, layout):
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout=layout)
    size = figure.get_size_inches().copy()
    assert pl.embedding(adata, "type", ax=left) is left
    pl.embedding(adata, "number", ax=right)
    figure.canvas.draw()
    legend = left.get_legend().get_window_extent()
    assert legend.x0 >= left.get_window_extent().x1
    assert not legend.overlaps(right.get_tightbbox())
    np.testing.assert_array_equal(figure.get_size_inches(), size)


def test_text_is_not_too_small(make_adata):
    for legend, least in (("right", 8), ("on data", 6)):
        axes = pl.embedding(make_adata(classes=33), ["type", "number"], legend=legend)
        for text in axes[0].figure.findobj(plt.Text):
            assert not text.get_text() or text.get_fontsize() >= least


def test_axes_are_named_after_the_basis(adata):
    adata.obsm["X_fe"] = np.column_stack([adata.obsm["X_fe"], np.ones(300)])
    adata.obsm["plain"] = adata.obsm["X_fe"]
    ax = pl.embedding(adata, dimensions=(2, 0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("FE3", "FE1")
    assert pl.embedding(adata, basis="plain").get_xlabel() == "PLAIN1"
    assert len(ax.get_xticks()) == 0


def test_colour_bar_is_labelled_and_keeps_the_limits(adata):
    ax = pl.embedding(adata, "number", vmin=-1, vmax=1)
    assert ax.child_axes[0].get_ylabel() == "number"
    assert ax.collections[-1].get_clim() == (-1, 1)


@pytest.mark.parametrize("show", [True, False, None])
def test_show(adata, monkeypatch, show):
    calls = []
    monkeypatch.setattr(plt, "show", lambda: calls.append(1))
    pl.embedding(adata, show=show)
    assert bool(calls) is bool(show)  # None: this backend has no windows


def test_show_opens_a_window_where_there_are_windows(adata, monkeypatch):
    calls = []
    monkeypatch.setattr(plt, "show", lambda: calls.append(1))
    monkeypatch.setattr(plt, "get_backend", lambda: "qtagg")
    pl.embedding(adata)
    pl.embedding(adata, ax=plt.subplots()[1])  # not ours to show
    assert len(calls) == 1


# errors


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (KeyError, "did you mean 'fe'", {"basis": "fee"}),
        (KeyError, "did you mean 'type'", {"color": "tpye"}),
        (KeyError, "LYZ", {"color": "LYS"}),
        (KeyError, "twice", {"color": "LYZ", "layer": "twise"}),
        (ValueError, "legend must be one of", {"color": "type", "legend": "left"}),
        (ValueError, "dimensions", {"dimensions": (0, 2)}),
        (ValueError, "dimensions", {"dimensions": (0, 0)}),
        (ValueError, "dimensions", {"dimensions": (0, -1)}),
        (TypeError, "dimensions", {"dimensions": (0, 1.0)}),
        (ValueError, "3 colours", {"color": "type", "palette": ["red", "blue", "green"]}),
        (ValueError, "no colour", {"color": "type", "palette": ["redd", "b", "g", "k"]}),
        (ValueError, "no colour for", {"color": "type", "palette": {"x": "red"}}),
        (ValueError, "did you mean 'tab10'", {"color": "type", "palette": "tab1o"}),
        (ValueError, "did you mean 'viridis'", {"color": "number", "cmap": "virids"}),
        (ValueError, "size", {"size": 0}),
        (ValueError, "alpha", {"alpha": 2}),
        (ValueError, "vmin", {"color": "number", "vmin": 1, "vmax": 0}),
        (ValueError, "ncols", {"ncols": 0}),
        (ValueError, "empty list", {"color": []}),
        (TypeError, "rng", {"rng": "seed"}),
        (TypeError, "ax", {"ax": 3}),
        (TypeError, "color must name", {"color": [3]}),
    ],
)
def test_errors_come_before_anything_is_drawn_or_written(adata, error, match, keywords):
    with pytest.raises(error, match=match):
        pl.embedding(adata, **keywords)
    assert plt.get_fignums() == []
    assert not adata.uns


def test_more_errors(adata, make_adata):
    with pytest.raises(ValueError, match="one by one"):
        pl.embedding(adata, ["type", "flag"], ax=plt.subplots()[1])
    adata.obs["name"] = adata.obs_names.to_numpy()
    with pytest.raises(ValueError, match="legend=None"):
        pl.embedding(adata, "name")
    pl.embedding(adata, "name", legend=None)
    with pytest.raises(TypeError, match="AnnData"):
        pl.embedding(adata.obs)
    with pytest.raises(ValueError, match=r"adata\.X is empty"):
        pl.embedding(AnnData(obs=adata.obs, var=adata.var, obsm=adata.obsm), "LYZ")
    adata.var_names = ["LYZ", "LYZ", "BRCA1"]
    with pytest.raises(ValueError, match="var_names_make_unique"):
        pl.embedding(adata, "LYZ")
    adata.obsm["X_fe"][:] = np.nan
    with pytest.raises(ValueError, match="no sample has coordinates"):
        pl.embedding(adata)


# new samples


@pytest.fixture
def query(make_adata):
    """Return 40 samples: three of the classes of the others, and one more."""
    made = make_adata(n=40, classes=5)[:, :2].copy()
    made.obs["type"] = made.obs["type"].cat.remove_categories(made.obs["type"].cat.categories[0])
    made.obs["own"] = np.linspace(0, 1, 40)
    made.obsm["X_fe"] += 0.5
    return made


def drawn(ax):
    """Return places, colours and edges: of circles, and of triangles."""
    found = []
    for edged in (False, True):
        of_marker = [c for c in ax.collections if bool(c.get_linewidths()[0]) is edged]
        for points in of_marker:
            points.update_scalarmappable()
        colors = np.concatenate(
            [np.resize(c.get_facecolor(), (len(c.get_offsets()), 4)) for c in of_marker]
        )
        places = np.concatenate([np.asarray(c.get_offsets()) for c in of_marker])
        found.append((places, colors, of_marker))
    return found


def sorted_rows(places):
    return np.array(sorted(map(tuple, np.asarray(places, dtype=float))))


def test_new_samples_are_triangles_with_a_black_edge_above_circles(adata, query):
    ax = pl.embedding(adata, "type", query=query)
    (circles, _, of_circles), (triangles, _, of_triangles) = drawn(ax)
    np.testing.assert_array_equal(sorted_rows(circles), sorted_rows(adata.obsm["X_fe"]))
    np.testing.assert_array_equal(sorted_rows(triangles), sorted_rows(query.obsm["X_fe"]))
    for points in of_triangles:
        assert to_hex(points.get_edgecolor()[0]) == "#000000"
        assert len(points.get_paths()[0].vertices) == 4
    assert of_triangles[-1].get_sizes()[0] > of_circles[-1].get_sizes()[0]
    assert of_circles[-1].get_alpha() < 1
    assert ax.collections.index(of_triangles[0]) > ax.collections.index(of_circles[-1])


def test_a_class_has_one_colour_for_both(adata, query):
    ax = pl.embedding(adata, "type", query=query)
    labels = list(adata.obs["type"].cat.categories)
    united = [t.get_text() for t in ax.get_legend().texts]
    new = [label for label in query.obs["type"].cat.categories if label not in labels]
    assert united == [*labels, *new, "missing"]
    patches = [to_hex(p.get_facecolor()) for p in ax.get_legend().get_patches()]
    color = dict(zip(united, patches, strict=True))
    for of, (places, colors, _) in zip((adata, query), drawn(ax), strict=True):
        at = {tuple(p): i for i, p in enumerate(np.asarray(of.obsm["X_fe"], dtype=float))}
        for place, shown in zip(places, colors, strict=True):
            label = of.obs["type"].iloc[at[tuple(place)]]
            assert to_hex(shown) == color.get(label, MISSING)
    assert list(adata.uns["type_colors"]) == patches[:4]
    assert not query.uns


def test_stored_colours_are_kept_beside_new_classes(adata, query):
    stored = ["#000001", "#000002", "#000003", FEW[0]]
    adata.uns["type_colors"] = list(stored)
    ax = pl.embedding(adata, "type", query=query)
    patches = [to_hex(p.get_facecolor()) for p in ax.get_legend().get_patches()]
    assert patches[:4] == stored
    assert len(set(patches)) == len(patches)
    assert list(adata.uns["type_colors"]) == stored


@pytest.mark.parametrize("color", ["number", "LYZ"])
def test_numbers_have_one_scale_for_both(adata, query, color):
    query.obs["number"] += 10
    query.X = query.X + 10
    ax = pl.embedding(adata, color, query=query)
    limits = {c.get_clim() for c in ax.collections if len(c.get_offsets())}
    both = [
        np.asarray(of.obs[color] if color == "number" else of[:, color].X) for of in (adata, query)
    ]
    assert limits == {(both[0].min(), both[1].max())}
    assert len(ax.child_axes) == 1


@pytest.mark.parametrize(("color", "grey"), [("flag", 1), ("BRCA1", 1), ("own", 0)])
def test_what_only_one_has_leaves_the_other_grey(adata, query, color, grey):
    del query.obs["flag"]
    colors = [c for _, c, _ in drawn(pl.embedding(adata, color, query=query))]
    assert {to_hex(c) for c in colors[grey]} == {MISSING}
    assert len({to_hex(c) for c in colors[1 - grey]} - {MISSING}) > 1


def test_without_colour_the_two_differ(adata, query):
    (_, circles, _), (_, triangles, _) = drawn(pl.embedding(adata, query=query))
    assert {to_hex(c) for c in circles}.isdisjoint({to_hex(c) for c in triangles})


@pytest.mark.parametrize("legend", ["right", "on data"])
def test_the_markers_are_explained_where_nothing_else_is(adata, query, legend):
    names = ["type", "number", "flag"]
    axes = pl.embedding(adata, names, query=query, legend=legend, ncols=2)
    figure = axes[0].figure
    figure.canvas.draw()
    for ax in axes:
        (markers,) = (a for a in ax.artists if isinstance(a, Legend))
        assert [t.get_text() for t in markers.texts] == ["trained on", "new"]
        box = markers.get_window_extent()
        assert inside(figure, box)
        assert box.y1 <= ax.xaxis.label.get_window_extent().y0
        assert not any(box.overlaps(other.get_window_extent()) for other in axes)
        assert not any(box.overlaps(other.title.get_window_extent()) for other in axes)
        assert all(t.get_fontsize() >= 8 for t in markers.texts)
    boxes = [ax.get_tightbbox() for ax in axes]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_without_query_and_without_legend_no_marker_is_explained(adata, query):
    assert not pl.embedding(adata, "type").artists
    assert not pl.embedding(adata, "type", query=query, legend=None).artists


def test_new_samples_without_a_place_are_left_out(adata, query):
    query.obsm["X_fe"][:5] = np.nan
    _, (triangles, _, _) = drawn(pl.embedding(adata, "type", query=query))
    assert len(triangles) == 35


def test_before_and_after_of_placement(adata, query):
    for of in (adata, query):
        of.obsm["X_before"] = of.obsm["X_fe"] * 2
    for basis in ("before", "fe"):
        ax = pl.embedding(adata, "type", query=query, basis=basis)
        np.testing.assert_array_equal(
            sorted_rows(drawn(ax)[1][0]), sorted_rows(query.obsm[f"X_{basis}"])
        )


def no_place(query):
    del query.obsm["X_fe"]


def other_width(query):
    query.obsm["X_fe"] = np.zeros((40, 3))


def numbers(query):
    query.obs["type"] = 1.5


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (no_place, KeyError, r"no query\.obsm\['X_fe'\].*fe\.tl\.transform"),
        (other_width, ValueError, "3 columns.*adata 2"),
        (numbers, ValueError, "categories in one.*numbers in the other"),
    ],
)
def test_a_query_that_does_not_fit(adata, query, change, error, match):
    change(query)
    with pytest.raises(error, match=match):
        pl.embedding(adata, "type", query=query)
    assert plt.get_fignums() == []
    assert not adata.uns


def test_a_query_of_another_kind(adata, query):
    with pytest.raises(TypeError, match="query must be an AnnData"):
        pl.embedding(adata, query=query.obs)
    with pytest.raises(KeyError, match="did you mean 'type'"):
        pl.embedding(adata, "tpye", query=query)


def test_a_gene_is_drawn_as_it_was_trained_on():
    draw = np.random.default_rng(0)
    counts = AnnData(draw.poisson(draw.gamma(0.6, 20, size=(60, 30))).astype(np.float32))
    with pytest.warns(UserWarning, match="raw counts"):
        fe.tl.train(counts, steps=5, progress=False)
    ax = fe.pl.embedding(counts, "3", show=False)
    values = np.concatenate(
        [np.ravel(c.get_array()) for c in ax.collections if c.get_array() is not None]
    )
    expected = np.log1p(counts.X[:, 3] / counts.X.sum(axis=1) * 1e4)
    np.testing.assert_allclose(np.sort(values), np.sort(expected), rtol=1e-5)
    (bar,) = ax.child_axes
    assert "counts per 10,000" in bar.get_ylabel().replace("\n", " ")
    counts.obsm["X_other"] = counts.obsm["X_fe"].copy()
    ax = fe.pl.embedding(counts, "3", basis="other", show=False)
    values = np.concatenate(
        [np.ravel(c.get_array()) for c in ax.collections if c.get_array() is not None]
    )
    np.testing.assert_array_equal(np.sort(values), np.sort(counts.X[:, 3]))
