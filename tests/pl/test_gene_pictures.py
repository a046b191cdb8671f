"""Lists of genes, sums of genes and matrices of similarities: what is drawn."""

from __future__ import annotations

import logging
import sys
from itertools import pairwise as successive

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from fe_anndata import pl, tl
from fe_anndata.genespace.pairwise import by_likeness, pairwise

NAMES = [
    "HBA1",
    "HBB",
    "HLA-A",
    "APOE",
    "APP",
    "BRCA1",
    "TP53",
    "MDM2",
    "GFAP",
    "ALB",
    "ZERO",
    "NO",
]


@pytest.fixture
def genes() -> AnnData:
    vectors = np.random.default_rng(1).normal(size=(12, 6)).astype(np.float32)
    vectors[10], vectors[11] = 0, np.nan
    var = pd.DataFrame({"symbol": [f"S{i}" for i in range(12)]}, index=NAMES)
    return AnnData(np.empty((0, 12), np.float32), var=var, varm={"fe": vectors})


def many(n: int, spread: float = 1.0, name: str = "ENSG000001{:05d}") -> AnnData:
    """Return `n` genes; a small spread draws them all into one place."""
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=8) + spread * rng.normal(size=(n, 8))).astype(np.float32)
    vectors[0] += 5
    var = pd.DataFrame(index=[name.format(i) for i in range(n)])
    return AnnData(np.empty((0, n), np.float32), var=var, varm={"fe": vectors})


def unit(adata, names):
    vectors = adata[:, list(names)].varm["fe"].astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def drawn(ax):
    """Return the places of all markers."""
    found = [c for c in ax.collections if isinstance(c, PathCollection)]
    return np.vstack([c.get_offsets() for c in found])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def names(ax):
    return {text.get_text() for text in ax.texts if text.get_text()}


def require_apart(ax):
    """Check that names are inside the panel and lie neither on each other nor on a point."""
    figure = ax.get_figure()
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    panel = ax.get_window_extent()
    points = ax.transData.transform(drawn(ax))
    for i, box in enumerate(boxes):
        assert panel.x0 <= box.x0
        assert box.x1 <= panel.x1
        assert panel.y0 <= box.y0
        assert box.y1 <= panel.y1
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*point) for point in points)


# lists


def test_lists_are_principal_components_of_unit_vectors(genes):
    chosen = ["HBA1", "HBB", "APOE", "APP", "TP53"]
    ax = pl.gene_lists(genes, {"a": chosen[:3], "b": chosen[3:]})
    vectors = unit(genes, chosen)
    left, lengths, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
    expected = left[:, :2] * lengths[:2]
    np.testing.assert_allclose(np.abs(drawn(ax)), np.abs(expected), atol=1e-6)
    share = lengths[0] ** 2 / (lengths**2).sum()
    assert ax.get_xlabel() == f"PC1 ({share:.0%})"
    assert names(ax) == set(chosen)
    assert legend(ax) == ["a (3)", "b (2)"]


def test_a_gene_of_two_lists_is_drawn_once_in_both_colours(genes):
    ax = pl.gene_lists(
        genes, {"a": ["HBA1", "HBB", "HBB"], "b": ["HBB", "APOE"]}, palette=["r", "b"]
    )
    places = {}
    for points in ax.collections:
        at = tuple(np.round(points.get_offsets()[0], 6))
        places.setdefault(at, []).append(to_hex(points.get_facecolor()[0]))
    assert sorted(map(sorted, places.values())) == [
        ["#0000ff"],
        ["#0000ff", "#ff0000"],
        ["#ff0000"],
    ]
    assert legend(ax) == ["a (2)", "b (2)", "in several lists (1)"]
    assert names(ax) == {"HBA1", "HBB", "APOE"}


def test_two_names_of_one_gene_are_one_gene(genes):
    ax = pl.gene_lists(genes, [["HBA1", "HBB"], ["S0"]], gene_symbols="symbol")
    assert legend(ax) == ["list 1 (2)", "list 2 (1)", "in several lists (1)"]
    assert names(ax) == {"S0", "S1"}


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 10])
def test_few_genes(genes, method, n):
    arguments = {"lists": {"all": NAMES[:n]}, "method": method}
    if method != "pca" and n < 5:
        with pytest.warns(UserWarning, match=f"at least 5 genes, and there are {n}"):
            ax = pl.gene_lists(genes, **arguments)
        assert ax.get_xlabel().startswith("PC1")
    else:
        ax = pl.gene_lists(genes, **arguments)
        assert ax.get_xlabel().startswith({"pca": "PC1", "tsne": "t-SNE1", "umap": "UMAP1"}[method])
        again = pl.gene_lists(genes, **arguments)
        np.testing.assert_array_equal(drawn(ax), drawn(again))
    assert drawn(ax).shape == (n, 2)
    assert np.isfinite(drawn(ax)).all()
    assert names(ax) == set(NAMES[:n])
    require_apart(ax)


def test_without_umap_learn_the_error_says_what_to_install(genes, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r'pip install "fe-anndata\[umap\]"'):
        pl.gene_lists(genes, {"all": NAMES[:6]}, method="umap")
    assert not plt.get_fignums()  # nothing is left half drawn


def test_names_never_collide_and_those_without_room_are_counted(caplog):
    adata = many(50, 0.001)  # 49 long names for one place
    with caplog.at_level(logging.WARNING, "fe_anndata"):
        ax = pl.gene_lists(adata, {"a": adata.var_names[:25], "b": adata.var_names[20:]})
    require_apart(ax)
    lost = 50 - len(names(ax))
    assert lost > 0
    assert f"{lost} of 50 names had no room" in caplog.text
    assert adata.var_names[0] in names(ax)


def test_names_of_fifty_spread_genes_all_have_room(caplog):
    adata = many(50, name="GEN{}")
    ax = pl.gene_lists(adata, {"a": adata.var_names})
    require_apart(ax)
    assert len(names(ax)) == 50
    assert not caplog.records


def test_which_names_are_written(genes, caplog):
    adata = many(66, name="G{}")
    lists = {"most": list(adata.var_names[:61]), "few": list(adata.var_names[61:])}
    with caplog.at_level(logging.WARNING, "fe_anndata"):
        written = names(pl.gene_lists(adata, lists))
    assert len(drawn(plt.gca())) == 66
    assert "the names of 60 of 66 genes at most are written" in caplog.text
    assert "labels=[...]" in caplog.text
    vectors = unit(adata, lists["most"])
    far = np.linalg.norm(vectors - vectors.mean(axis=0), axis=1)
    left_out = {lists["most"][i] for i in np.argsort(far)[-6:]}  # those of the few are written
    assert not written & left_out
    assert len(written) > 40  # what finds no room is counted too
    some = list(adata.var_names[[5, 9]])
    assert names(pl.gene_lists(adata, lists, labels=some)) == set(some)
    assert not names(pl.gene_lists(genes, [["HBA1", "HBB"]], labels=False))
    with pytest.raises(ValueError, match="'APP', which is in none"):
        pl.gene_lists(genes, [["HBA1", "HBB"]], labels=["APP"])


def test_the_scale_is_equal_in_a_user_s_axes(genes):
    _, (_, ax) = plt.subplots(1, 2, figsize=(9, 3))
    assert pl.gene_lists(genes, {"list": NAMES[:8]}, ax=ax) is ax
    box = ax.get_window_extent()
    steps = [np.ptp(ax.get_xlim()) / box.width, np.ptp(ax.get_ylim()) / box.height]
    assert steps[0] == pytest.approx(steps[1])
    require_apart(ax)


@pytest.mark.parametrize(
    ("lists", "error", "match"),
    [
        ({"a": ["HBA1", "hbb"]}, KeyError, "did you mean 'HBB'"),
        ({"a": ["HBA1", "NO"]}, KeyError, "'NO'"),
        ({"a": ["HBA1", "ZERO"]}, ValueError, "'ZERO'"),
        ({"a": ["HBA1"], "b": ["HBA1"]}, ValueError, "at least two"),
        ({"a": ["HBA1", "HBB"], "b": []}, ValueError, "'b' is empty"),
        ({}, ValueError, "no list"),
        (["HBA1", "HBB"], TypeError, "'HBA1' is one gene"),
        ("HBA1", TypeError, "give lists"),
        ({"a": ["HBA1", 3]}, TypeError, "must be a string"),
    ],
)
def test_lists_refused(genes, lists, error, match):
    with pytest.raises(error, match=match):
        pl.gene_lists(genes, lists)
    assert not plt.get_fignums()


def test_arguments_of_lists_refused(genes):
    with pytest.raises(ValueError, match="'tsne'"):
        pl.gene_lists(genes, [["HBA1", "HBB"]], method="t-sne")
    with pytest.raises(ValueError, match="2 categories"):
        pl.gene_lists(genes, [["HBA1"], ["HBB"]], palette=["red"])
    with pytest.raises(KeyError, match="'fe'"):
        pl.gene_lists(genes, [["HBA1", "HBB"]], key="ef")
    assert not plt.get_fignums()


# arithmetic


def arrows(ax):
    """Return start and end of every arrow."""
    found = [t for t in ax.texts if getattr(t, "arrow_patch", None) is not None]
    return [(np.array(t.xyann), np.array(t.xy)) for t in found]


@pytest.mark.parametrize(
    "expression",
    ["HLA-A:APOE::APP:?", "APOE - HLA-A + APP", "APP + APOE - HLA-A", "-HLA-A + APOE + APP"],
)
def test_analogies_have_arrows_from_a_to_b_and_from_c_to_the_answer(genes, expression):
    ax = pl.gene_arithmetic(genes, expression)
    (a, b), (c, d) = arrows(ax)
    assert ax.get_title() == expression
    at = {tuple(np.round(p, 6)) for p in drawn(ax)}
    assert {tuple(np.round(p, 6)) for p in (a, b, c, d)} < at
    places = dict(zip([tuple(np.round(p, 6)) for p in (a, b, c, d)], "abcd", strict=True))
    colours = {}
    for points in ax.collections:
        point = tuple(np.round(points.get_offsets()[0], 6))
        colours[places.get(point, "sum")] = to_hex(points.get_facecolor()[0])
    assert colours["b"] == colours["c"]
    assert len(set(colours.values())) == 4
    assert legend(ax) == ["added", "subtracted", "answer", "the sum"]
    require_apart(ax)


def test_other_sums_have_lines_to_the_sum(genes):
    expression = "0.5*TP53 + MDM2 - 2*GFAP"
    table = tl.gene_arithmetic(genes, expression, 3)
    ax = pl.gene_arithmetic(genes, expression, 3)
    assert not arrows(ax)
    inputs = unit(genes, ["TP53", "MDM2", "GFAP"])
    total = np.array([0.5, 1, -2]) @ inputs
    total /= np.linalg.norm(total)
    vectors = np.vstack([inputs, unit(genes, table["gene"])])
    places = drawn(ax)  # the sum is drawn first, in the middle
    assert places[0].tolist() == [0, 0]
    whole = np.linalg.norm(vectors - total, axis=1)
    np.testing.assert_allclose(np.linalg.norm(places[1:], axis=1), whole, atol=1e-9)
    between, seen = pdist(vectors), pdist(places[1:])
    kept = 1 - ((seen - between) ** 2).sum() / (between**2).sum()
    said = "distances from the sum are true,\nthose between genes are kept to "
    assert ax.get_xlabel() == f"{said}{kept:.0%}"
    assert kept > 0.7
    answers = {f"{g} ({s:.2f})" for g, s in zip(table["gene"], table["similarity"], strict=True)}
    assert names(ax) == {"0.5 * TP53", "MDM2", "2 * GFAP"} | answers
    require_apart(ax)


def test_the_nearer_an_answer_is_drawn_the_more_similar_it_is():
    adata = many(200)
    for expression in ("ENSG00000100003 + ENSG00000100004", "ENSG00000100005 - ENSG00000100006"):
        ax = pl.gene_arithmetic(adata, expression, 10)
        answers = np.linalg.norm(drawn(ax)[-10:], axis=1)
        assert (np.diff(answers) >= 0).all()


PLANE = {"a": (1, 0), "b": (1, 1), "c": (3, 0), "d": (3, 1), "e": (0, -5), "f": (-4, 1)}


@pytest.mark.parametrize(("expression", "metric"), [("a:b::c:?", "euclidean"), ("a + e", "dot")])
def test_genes_in_one_plane_with_their_sum_are_drawn_as_they_are(expression, metric):
    vectors = np.zeros((6, 7), np.float32)
    vectors[:, 2:4] = list(PLANE.values())
    var = pd.DataFrame(index=list(PLANE))
    adata = AnnData(np.empty((0, 6), np.float32), var=var, varm={"fe": vectors})
    ax = pl.gene_arithmetic(adata, expression, metric=metric)
    inputs = [PLANE[name] for name in ("bac" if "?" in expression else "ae")]
    total = np.array([1, -1, 1] if "?" in expression else [1, 1]) @ np.array(inputs)
    order = np.argsort(pdist(np.vstack([total, inputs])))
    places = drawn(ax)[: 1 + len(inputs)]
    found = np.sort(pdist(places))
    np.testing.assert_allclose(found, pdist(np.vstack([total, inputs]))[order], atol=1e-4)
    assert ax.get_xlabel().endswith("100%")
    if arrows(ax):  # d is b - a + c
        (a, b), (c, d) = arrows(ax)
        np.testing.assert_allclose(b - a, d - c, atol=1e-4)


def test_sums_refused(genes):
    with pytest.raises(KeyError, match="'TP53'"):
        pl.gene_arithmetic(genes, "tp53 - APP")
    with pytest.raises(ValueError, match="character 8"):
        pl.gene_arithmetic(genes, "TP53 + ")
    with pytest.raises(ValueError, match="no answer"):
        pl.gene_arithmetic(genes[:, :2].copy(), "HBA1 + HBB")
    with pytest.raises(ValueError, match="metric"):
        pl.gene_arithmetic(genes, "TP53", metric="cos")
    assert not plt.get_fignums()


# matrices


def test_matrix_holds_the_cosines_of_the_names_beside_it(genes):
    ax = pl.gene_similarity_matrix(genes, [*NAMES[:6], "HBA1"])
    rows = [t.get_text() for t in ax.get_yticklabels()]
    assert rows == [t.get_text() for t in ax.get_xticklabels()]
    assert sorted(rows) == sorted(NAMES[:6])
    (image,) = ax.images
    vectors = unit(genes, rows)
    np.testing.assert_allclose(image.get_array(), vectors @ vectors.T, atol=1e-6)
    assert image.get_clim() == (-1, 1)


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
def test_order_puts_like_beside_like(metric):
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(4), 5, axis=0) * 3 + 0.1 * rng.normal(size=(20, 4))
    shuffled = rng.permutation(20)
    order = by_likeness(pairwise(vectors[shuffled], metric))
    groups = (shuffled // 5)[order]
    assert sorted(order) == list(range(20))
    assert (np.diff(groups) != 0).sum() == 3  # four blocks


def test_matrix_of_other_metrics_in_the_order_given(genes):
    chosen = ["APP", "HBA1", "TP53"]
    vectors = genes[:, chosen].varm["fe"].astype(float)
    ax = pl.gene_similarity_matrix(genes, chosen, metric="euclidean", order=False)
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=-1)
    np.testing.assert_allclose(ax.images[0].get_array(), -distances, atol=1e-6)
    assert [t.get_text() for t in ax.get_yticklabels()] == chosen
    ax = pl.gene_similarity_matrix(genes, chosen, metric="dot", order=False, vmax=9)
    np.testing.assert_allclose(ax.images[0].get_array(), vectors @ vectors.T, atol=1e-5)
    assert ax.images[0].get_clim()[1] == 9


def test_pictures_of_whitened_vectors():
    adata = many(40)
    chosen = list(adata.var_names[:5])
    white = PCA(whiten=True).fit_transform(adata.varm["fe"].astype(float))
    white /= np.linalg.norm(white, axis=1, keepdims=True)
    ax = pl.gene_similarity_matrix(adata, chosen, metric="whitened", order=False)
    np.testing.assert_allclose(ax.images[0].get_array(), white[:5] @ white[:5].T, atol=1e-4)
    assert ax.images[0].get_clim() == (-1, 1)
    ax = pl.similar_genes(adata, chosen[0], 3, metric="whitened")
    assert ax.get_xlabel() == "similarity (whitened)"
    ax = pl.gene_arithmetic(adata, f"{chosen[0]} + {chosen[1]}", 4, metric="whitened")
    total = white[0] + white[1]
    total /= np.linalg.norm(total)
    lengths = np.linalg.norm(drawn(ax)[1:3], axis=1)
    np.testing.assert_allclose(lengths, np.linalg.norm(white[:2] - total, axis=1), atol=1e-4)


@pytest.mark.parametrize("small", [False, True])
def test_names_of_a_matrix_do_not_collide(small):
    adata = many(60)
    ax = plt.figure(figsize=(7, 6)).add_subplot() if small else None
    ax = pl.gene_similarity_matrix(adata, adata.var_names, ax=ax)
    figure = ax.get_figure()
    figure.draw_without_rendering()
    for labels in (ax.get_yticklabels(), ax.get_xticklabels()):
        boxes = [label.get_window_extent() for label in labels]
        assert not any(a.overlaps(b) for a, b in successive(boxes))


def test_matrices_refused(genes):
    with pytest.raises(ValueError, match="1 to 200 genes"):
        pl.gene_similarity_matrix(many(201), list(many(201).var_names))
    with pytest.raises(TypeError, match="list"):
        pl.gene_similarity_matrix(genes, "HBA1")
    with pytest.raises(ValueError, match="colour map"):
        pl.gene_similarity_matrix(genes, ["HBA1", "HBB"], cmap="rdbu_")
    with pytest.raises(ValueError, match="vmin"):
        pl.gene_similarity_matrix(genes, ["HBA1", "HBB"], vmin=2)
    with pytest.raises(KeyError, match="'HLA-A'"):
        pl.gene_similarity_matrix(genes, ["HBA1", "HLAA"])
    assert not plt.get_fignums()
