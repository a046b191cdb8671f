"""Names on the data, judged as a reader does: whose points they stand on, and what they cover."""

from __future__ import annotations

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.transforms import Bbox
from scipy.spatial import cKDTree

import fe_anndata as fe
from benchmarks import cohorts
from fe_anndata import pl

LONG = [
    "Cervical squamous cell carcinoma and endocervical adenocarcinoma",
    "Kidney renal clear cell carcinoma",
    "Kidney renal papillary cell carcinoma",
    "Lymphoid neoplasm diffuse large B-cell lymphoma",
    "Pheochromocytoma and paraganglioma",
]


def heaps(centres, names, n=60, spread=0.25):
    """Return `n` samples around each centre, whose name is that of its category."""
    rng = np.random.default_rng(0)
    centres = np.asarray(centres, dtype=float)
    places = np.repeat(centres, n, axis=0) + spread * rng.normal(size=(n * len(centres), 2))
    index = [f"s{i}" for i in range(len(places))]
    obs = pd.DataFrame({"type": pd.Categorical(np.repeat(names, n))}, index=index)
    return AnnData(np.zeros((len(places), 1), np.float32), obs=obs, obsm={"X_fe": places})


def ring(names, radius=3.0):
    angles = 2 * np.pi * np.arange(len(names)) / len(names)
    return heaps(radius * np.column_stack([np.cos(angles), np.sin(angles)]), names)


def many(classes, names=None):
    """Return a map as real ones are: clusters of all sizes, many on each other."""
    rng = np.random.default_rng(1)
    names = [f"cluster {i}" for i in range(classes)] if names is None else names
    made = heaps(5 * rng.normal(size=(classes, 2)), names, n=100, spread=0.5)
    return made


def pixels(ax, adata):
    return ax.transData.transform(np.asarray(adata.obsm["X_fe"], dtype=float))


def drawn(adata, **keywords):
    """Return the panel, its texts and their boxes."""
    ax = pl.embedding(adata, "type", legend="on data", **keywords)
    ax.figure.canvas.draw()
    return ax, ax.texts, [text.get_window_extent() for text in ax.texts]


def category(text, labels):
    """Return which category a name stands for, that is cut or in several lines."""
    parts = text.get_text().replace("\n", " ").split("…")
    fits = [n for n in labels if n.startswith(parts[0].strip()) and n.endswith(parts[-1].strip())]
    return min(fits, key=len)


def densest(points, share):
    """Return which points have the nearest neighbours, as a share of all."""
    number = max(2, len(points) // 5)
    far = cKDTree(points).query(points, number)[0][:, -1]
    return far <= np.quantile(far, share)


def inside(box, points):
    return (
        (points[:, 0] > box.x0)
        & (points[:, 0] < box.x1)
        & (points[:, 1] > box.y0)
        & (points[:, 1] < box.y1)
    )


def ends_of(ax, box):
    """Return the other ends of the lines that begin at a name."""
    found = []
    for line in ax.lines:
        start, end = ax.transData.transform(line.get_xydata())
        if box.padded(4).contains(*start):
            found.append(end)
    return found


MAPS = {
    "a ring": lambda: ring([f"type {i}" for i in range(11)]),
    "long names": lambda: ring(LONG),
    "33 on each other": lambda: many(33),
    "100 on each other": lambda: many(100),
    "two of one": lambda: heaps([[0, 0], [4, 0], [0, 4], [4, 4]], ["a", "b", "c", "a"]),
    "one": lambda: ring(["all"]),
    "a heap": lambda: heaps([[0, 0], [0.1, 0], [0, 0.1], [9, 9]], ["a", "b", "c", "d"]),
}


@pytest.mark.parametrize("name", MAPS)
def test_names_are_in_the_panel_and_clear_of_each_other(name):
    ax, texts, boxes = drawn(MAPS[name]())
    panel = ax.get_window_extent()
    assert texts
    for box in boxes:
        assert panel.x0 <= box.x0 < box.x1 <= panel.x1
        assert panel.y0 <= box.y0 < box.y1 <= panel.y1
    shrunk = [box.shrunk(0.97, 0.97) for box in boxes]
    assert not any(a.overlaps(b) for a, b in combinations(shrunk, 2))


@pytest.mark.parametrize("name", MAPS)
def test_no_name_lies_on_the_core_of_another_category(name):
    adata = MAPS[name]()
    ax, texts, boxes = drawn(adata)
    points, types = pixels(ax, adata), adata.obs["type"].to_numpy()
    labels = list(adata.obs["type"].cat.categories)
    whose = cKDTree(points)
    for text, box in zip(texts, boxes, strict=True):
        own = category(text, labels)
        for other in set(types) - {own}:
            theirs = points[types == other]
            core = theirs[densest(theirs, 0.1)]
            # A core that lies among the points of others is nobody's.
            near = whose.query(core, 12)[1]
            core = core[(types[near] == other).mean(axis=1) > 0.7]
            if len(core) > 4:
                assert inside(box, core).mean() < 0.5, (own, other)


@pytest.mark.parametrize("name", MAPS)
def test_a_name_stands_on_its_category_or_has_a_line_to_it(name):
    adata = MAPS[name]()
    ax, texts, boxes = drawn(adata)
    points, types = pixels(ax, adata), adata.obs["type"].to_numpy()
    labels = list(adata.obs["type"].cat.categories)
    for text, box in zip(texts, boxes, strict=True):
        own = points[types == category(text, labels)]
        ways = [np.linalg.norm(own - end, axis=1).min() for end in ends_of(ax, box)]
        assert inside(box.padded(3), own).any() or min(ways, default=np.inf) < 8


@pytest.mark.parametrize("name", MAPS)
def test_no_name_is_far_from_where_its_line_ends(name):
    ax, _, boxes = drawn(MAPS[name]())
    for box in boxes:
        lengths = [np.linalg.norm(np.clip(e, box.min, box.max) - e) for e in ends_of(ax, box)]
        assert min(lengths, default=0) < 0.35 * ax.get_window_extent().width


@pytest.mark.parametrize("name", MAPS)
def test_lines_cross_no_name(name):
    ax, _, boxes = drawn(MAPS[name]())
    for line in ax.lines:
        start, end = ax.transData.transform(line.get_xydata())
        way = start + np.linspace(0.1, 0.9, 30)[:, None] * (end - start)
        crossed = [inside(box.shrunk(0.9, 0.9), way).any() for box in boxes]
        assert not any(crossed)


def test_a_category_in_two_clusters_has_two_names():
    _, texts, _ = drawn(MAPS["two of one"]())
    assert sorted(text.get_text() for text in texts) == ["a", "a", "b", "c"]


def test_a_few_strays_are_no_cluster():
    adata = MAPS["two of one"]()
    adata.obs["type"] = adata.obs["type"].where(np.arange(240) < 234, "b")
    adata.obsm["X_fe"][234:] = [2, 2]  # as dense as any, but few
    _, texts, _ = drawn(adata)
    assert sorted(text.get_text() for text in texts) == ["a", "a", "b", "c"]


def test_the_densest_place_is_named_and_not_the_middle():
    rng = np.random.default_rng(0)
    adata = heaps([[0, 0], [9, 0], [4, 7]], ["a", "a", "b"])
    adata.obsm["X_fe"][60:120] = [9, 0] + 2 * rng.normal(size=(60, 2))  # wide
    adata.obsm["X_fe"][60:90] = [9, 0] + 0.1 * rng.normal(size=(30, 2))
    _, texts, _ = drawn(adata)
    places = np.array([t.get_position() for t in texts if t.get_text() == "a"])
    for centre in ([0, 0], [9, 0]):
        assert np.linalg.norm(places - centre, axis=1).min() < 0.7


def test_names_with_room_need_no_line():
    adata = MAPS["a ring"]()
    ax, texts, boxes = drawn(adata)
    assert not ax.lines
    points, types = pixels(ax, adata), adata.obs["type"].to_numpy()
    for text, box in zip(texts, boxes, strict=True):
        own = points[types == text.get_text()]
        assert inside(box.padded(8), own[densest(own, 0.2)]).any()


@pytest.mark.parametrize("classes", [1, 33, 100])
def test_the_figure_does_not_grow(classes):
    sizes = [
        pl.embedding(many(classes), "type", legend=legend).get_window_extent().size
        for legend in ("on data", None)
    ]
    np.testing.assert_allclose(sizes[0], sizes[1])


def test_long_names_cover_little_and_stay_apart():
    ax, texts, boxes = drawn(ring(LONG))
    panel = ax.get_window_extent()
    assert sum(box.width * box.height for box in boxes) < 0.2 * panel.width * panel.height
    assert max(box.width for box in boxes) < 0.4 * panel.width
    assert len({text.get_text() for text in texts}) == len(LONG)


def test_what_is_left_out_is_said(caplog):
    _, texts, _ = drawn(many(100))
    left = 100 - len(texts)
    assert left > 0
    assert f"{left} of 100 names had no room" in caplog.text
    caplog.clear()
    drawn(ring(LONG))
    assert not caplog.text


def test_a_small_panel_of_ones_own_is_used(caplog):
    _, axes = plt.subplots(1, 4, figsize=(8, 2))
    ax = pl.embedding(ring(LONG), "type", legend="on data", ax=axes[1])
    ax.figure.canvas.draw()
    for text in ax.texts:
        box = text.get_window_extent()
        assert Bbox.intersection(box, ax.get_window_extent()).width >= box.width - 1


@pytest.mark.skipif(not cohorts.present("tcga"), reason="the cohort is absent")
def test_tumours_and_their_normal_tissues_have_names(tmp_path):
    adata = cohorts.load("tcga")
    fe.tl.train(adata, steps=150, progress=False)
    adata.obs["type"] = adata.obs["cancer_type"]
    ax, texts, boxes = drawn(adata)
    assert {text.get_text() for text in texts} == set(adata.obs["type"])
    assert len(texts) > 11  # most types lie in two clusters: tumours and normal tissue
    points, types = pixels(ax, adata), adata.obs["type"].to_numpy()
    for text, box in zip(texts, boxes, strict=True):
        if not ends_of(ax, box):
            covered = pd.Series(types[inside(box.padded(6), points)]).value_counts()
            assert covered.get(text.get_text(), 0) >= 0.4 * covered.max()
