"""Maps between species: what they recover, and what never shapes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from fe_anndata.genespace import Recipe, classes, score
from fe_anndata.genespace._vectors import unit
from fe_anndata.genespace.align import align, guess
from fe_anndata.genespace.retrieval import ranks

N = 200


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def same(n):
    return np.column_stack([np.arange(n), np.arange(n)])


@pytest.fixture
def turned():
    """Return a space, the same one turned, and the rotation."""
    a = normal(N, 6) * np.array([4, 3, 2, 2, 1, 1], np.float32)
    rotation = ortho_group.rvs(6, random_state=1)
    return a, (a @ rotation).astype(np.float32), rotation


def maps(a, b, pairs, method="procrustes", refine=0, **more):
    return align(a, b, pairs, method=method, refine=refine, k=10, **more)


def test_procrustes_recovers_a_known_rotation(turned):
    a, b, rotation = turned
    to_a, to_b = maps(a, b, same(N)[:40])
    np.testing.assert_allclose(to_a.matrix @ to_b.matrix.T, rotation, atol=1e-5)
    np.testing.assert_allclose(to_a(a), to_b(b), atol=1e-5)


def test_procrustes_against_scipy():
    a, b, pairs = normal(N, 5), normal(N, 5, seed=1), same(N)[:90]
    to_a, to_b = maps(a, b, pairs)
    x, y = (unit(v - v.mean(axis=0))[:90] for v in (a, b))
    np.testing.assert_allclose(
        to_a.matrix @ to_b.matrix.T, orthogonal_procrustes(x, y)[0], atol=1e-4
    )


@pytest.mark.parametrize("method", ["procrustes", "cca"])
def test_dimensions_may_differ(turned, method):
    a, b, _ = turned
    wide = np.column_stack([a, normal(N, 5, seed=2) * 0.1]).astype(np.float32)
    to_a, to_b = maps(wide, b, same(N)[:100], method)
    assert to_a(wide).shape == to_b(b).shape == (N, 6)
    assert to_a(wide).dtype == np.float32
    found = ranks(to_a(wide), to_b(b), same(N)[100:], 10)
    assert (found == 1).mean() > 0.9


def test_cca_undoes_what_rotations_cannot():
    a = normal(N, 6)
    b = (a @ normal(6, 6, seed=1)).astype(np.float32)  # stretched as well
    share = {}
    for method in ("procrustes", "cca"):
        to_a, to_b = maps(a, b, same(N)[:100], method)
        share[method] = (ranks(to_a(a), to_b(b), same(N)[100:], 10) == 1).mean()
    assert share["cca"] > 0.8 > share["procrustes"]


def noisy(seed=0, noise=0.4):
    a = normal(300, 8, seed=seed)
    return a, a + noise * normal(300, 8, seed=seed + 1)


def scored(a, b, pairs, folds=4, seed=0, **recipe):
    return score(a, b, pairs, Recipe(**recipe), folds=folds, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("recipe", [{}, {"method": "procrustes", "k": 0}, {"refine": 2}])
def test_held_out_pairs_never_shape_the_maps(recipe):
    # Whatever the partners of the pairs that a fold holds out: no vector of its maps moves.
    a, b = noisy()
    seen = []

    class Spy(Recipe):
        def maps(self, a, b, pairs, rng):
            found = super().maps(a, b, pairs, rng)
            seen.append([m.matrix.tobytes() for m in found])
            return found

    def run(pairs):
        seen.clear()
        table, *_ = score(a, b, pairs, Spy(**recipe), folds=4, rng=np.random.default_rng(0))
        return table[table["held_out"]], list(seen)

    pairs = same(300)[:200]
    first, maps_first = run(pairs)
    out = first.loc[first["fold"] == 2, "pair"].to_numpy()
    changed = pairs.copy()
    changed[out, 1] = pairs[np.roll(out, 1), 1]
    second, maps_second = run(changed)
    # Calls: all pairs, folds 0 to 3, shuffled pairs of fold 3.
    assert len(maps_first) == 6
    assert maps_first[3] == maps_second[3]
    assert maps_first[0] != maps_second[0]
    assert maps_first[1] != maps_second[1]
    assert first.loc[first["fold"] == 2, "rank"].median() < 5
    assert second.loc[second["fold"] == 2, "rank"].median() > 30


def test_every_pair_is_held_out_once_and_used_once():
    table, summary, _ = scored(*noisy(), same(300)[:150])
    assert sorted(table.loc[table["held_out"], "pair"]) == list(range(150))
    assert sorted(table.loc[~table["held_out"], "pair"]) == list(range(150))
    assert table["fold"].nunique() == 4
    rows = summary.set_index(["training", "pairs", "direction"])
    held_out = table[table["held_out"]]
    row = rows.loc[("orthologs", "held out", "human to mouse")]
    assert row["top_1"] == (held_out["rank"] == 1).mean()
    assert row["top_10"] == (held_out["rank"] <= 10).mean()
    assert (row["n_pairs"], row["n_candidates"]) == (150, 300)
    back = rows.loc[("orthologs", "held out", "mouse to human")]
    assert back["top_10"] == (held_out["rank_back"] <= 10).mean()


def test_scores_against_brute_force():
    a, b = noisy()
    pairs = same(300)[:120]
    table, _, (to_a, to_b) = scored(a, b, pairs, k=0)
    fitted = table[~table["held_out"]].sort_values("pair")
    cosines = to_a(a).astype(np.float64) @ to_b(b).T.astype(np.float64)
    np.testing.assert_allclose(fitted["similarity"], cosines.diagonal()[:120], atol=1e-5)
    expected = [1 + (cosines[i] > cosines[i, i] + 1e-7).sum() for i in range(120)]
    assert fitted["rank"].tolist() == expected


def test_pairs_used_for_training_flatter_and_shuffled_ones_find_nothing():
    # Many dimensions and few pairs: the maps learn the pairs by heart.
    a, b = normal(300, 40), normal(300, 40, seed=1)
    _, summary, _ = scored(a, b, same(300)[:80])
    top = summary.set_index(["training", "pairs", "direction"])["top_10"]
    assert top[("orthologs", "used for training", "human to mouse")] > 0.5
    assert top[("orthologs", "held out", "human to mouse")] < 0.15
    _, summary, _ = scored(*noisy(), same(300))
    top = summary.set_index(["training", "pairs", "direction"])["top_10"]
    assert top[("orthologs", "held out", "human to mouse")] > 0.8
    assert top[("shuffled orthologs", "held out", "human to mouse")] < 0.2


def test_refinement_adds_pairs_that_help():
    a, b = noisy(noise=0.3)
    few = same(300)[:7]
    share = []
    for refine in (0, 3):
        to_a, to_b = maps(a, b, few, refine=refine)
        share.append((ranks(to_a(a), to_b(b), same(300)[7:], 10) == 1).mean())
    assert share[1] > share[0]


def test_a_turned_copy_is_found_without_orthologs(turned):
    a, b, _ = turned
    order = np.random.default_rng(3).permutation(N)
    pairs = np.column_stack([order, np.arange(N)])
    found = guess(a, b[order], k=10, rng=np.random.default_rng(0))
    assert len(found) > N / 2
    assert (order[found[:, 1]] == found[:, 0]).mean() > 0.9
    table, summary, _ = scored(a, b[order], pairs, supervised=False, refine=5)
    assert (table["rank"] == 1).mean() > 0.99
    assert summary["training"].unique().tolist() == ["none"]
    assert table["held_out"].all()


def test_unsupervised_maps_do_not_look_at_the_pairs():
    a, b = noisy()
    wrong = np.column_stack([np.arange(300), np.roll(np.arange(300), 7)])
    found = [scored(a, b, pairs, supervised=False, refine=1)[2] for pairs in (same(300), wrong)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.matrix, other.matrix)


def test_classes_by_hand():
    rank = np.array([1, 1, 3, 50, 900, 900, 5000, 2, 60, 7000])
    identity = np.array([0.95, 0.5, 0.9, 0.8, 0.97, 0.4, 0.3, np.nan, 0.85, 0.99])
    table = classes(rank, identity)
    # 40th and 60th percentiles: of the ranks 31.2 and 396, of the identities 0.81 and 0.89.
    assert table["rna"].tolist() == [
        *["high"] * 3,
        "between",
        *["low"] * 3,
        "high",
        "between",
        "low",
    ]
    assert table["dna"].tolist()[:2] == ["high", "low"]
    assert table["class"][0] == "high RNA, high DNA"
    assert table["class"][1] == "high RNA, low DNA"
    assert table["class"][4] == "low RNA, high DNA"
    assert table["class"][6] == "low RNA, low DNA"
    assert table["class"][3] is None
    assert table["class"][7] is None
    assert isinstance(table, pd.DataFrame)
