"""What the neighbour term does to a training, and for whom."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from fe_anndata._core.random import generator
from fe_anndata.kernels.neighbours import Neighbours
from fe_anndata.models.fe import neighbours
from fe_anndata.models.fe.neighbours import Keeping
from fe_anndata.models.fe.sizes import sized
from fe_anndata.training.ranks import Ranks
from tests.helpers import choose, fit, in_order

SHAPE = (300, 80)


@pytest.fixture(scope="module")
def X():  # noqa: N802
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(SHAPE[0], 5))
    X = np.tanh(latent @ rng.normal(size=(5, SHAPE[1]))) + 0.3 * rng.normal(size=SHAPE)
    return X.astype(np.float32)


def nearest(points: np.ndarray) -> list[set[int]]:
    found = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    return [set(row) for row in found.tolist()]


def kept(X: np.ndarray, table: np.ndarray) -> float:
    pairs = zip(nearest(X), nearest(table), strict=True)
    return float(np.mean([len(before & after) for before, after in pairs])) / 10


def test_more_neighbours_are_kept(X):
    runs = {
        weight: fit(X, choose(neighbor_weight=weight, place_samples=False, steps=60))
        for weight in (0.0, 1.0)
    }
    tables = {weight: run.trained.samples() for weight, run in runs.items()}
    assert kept(X, tables[1.0]) > kept(X, tables[0.0]) + 0.02
    assert runs[1.0].validation_loss < 1.2 * runs[0.0].validation_loss


def test_auto_depends_on_the_dimension_and_the_start():
    def settled(**changes):
        return sized(choose(**changes), (300, 200)).neighbor_weight

    assert settled() > settled(sample_dim=8) > 0
    assert settled(sample_start="random") == 0
    assert settled(neighbor_weight=0.5, sample_start="random") == 0.5


def test_samples_held_out_whole_take_no_part(X):
    scores, counted = torch.from_numpy(X[:, :10]), torch.ones(len(X), 1)
    counted[7] = 0
    options = sized(choose(), SHAPE)
    keeping = Keeping.of(scores, counted, in_order(SHAPE), options, seed=0)
    assert keeping.neighbours.members.rows.tolist() == [i for i in range(len(X)) if i != 7]
    assert not keeping.gradient(torch.randn(len(X), 2), 0)[7].any()


def test_of_many_samples_some_take_part_the_same_in_any_order(X, monkeypatch):
    monkeypatch.setattr(neighbours, "MOST", 100)
    options = sized(choose(), SHAPE)
    order = np.random.default_rng(1).permutation(len(X))
    ranks = Ranks(order, np.arange(SHAPE[1]))  # the name of row i has rank order[i]
    scores, table = torch.from_numpy(X[:, :10]), torch.from_numpy(X[:, :2])
    counted = torch.ones(len(X), 1)
    first = Keeping.of(scores, counted, in_order(SHAPE), options, seed=0)
    other = Keeping.of(scores[order], counted, ranks, options, seed=0)
    assert first.neighbours.members.number == 100
    expected = first.gradient(table, 3)[order]
    torch.testing.assert_close(other.gradient(table[order], 3), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("value", [-1.0, "much", float("nan"), True])
def test_bad_weights(value):
    with pytest.raises(ValueError, match="neighbor_weight must be a number that is not negative"):
        choose(neighbor_weight=value)


def test_the_term_is_for_the_whole_matrix_at_once():
    with pytest.raises(ValueError, match="neighbor_weight does not apply to minibatch='tiles'"):
        choose(minibatch="tiles", neighbor_weight=0.1)
    assert choose(minibatch="tiles").settled().neighbor_weight == 0


@pytest.mark.parametrize(("dim", "sharpness"), [(2, 8.0), (3, 8.0), (4, 1.0)])
def test_who_takes_part_and_how_strongly(dim, sharpness):
    """Of many samples 2048, of which 64 look for 15 neighbours in each step, in 50 components."""
    rng = torch.Generator().manual_seed(0)
    scores, table = torch.randn(2100, 60, generator=rng), torch.randn(2100, dim, generator=rng)
    options = sized(choose(sample_dim=dim, neighbor_weight=0.5), (2100, 80))
    keeping = Keeping.of(scores, torch.ones(2100, 1), in_order((2100, 80)), options, seed=0)
    assert keeping.neighbours.nearest.shape == (2048, 15)
    assert (keeping.weight, keeping.sharpness) == (0.5, sharpness)
    members = keeping.neighbours.members
    of_some = Neighbours.of(scores[:, :50], members)
    assert torch.equal(keeping.neighbours.nearest, of_some.nearest)
    drawn = torch.from_numpy(generator(0, "neighbours", 3).permutation(2048)[:64])
    expected = 0.5 * of_some.gradient(table, drawn, sharpness)
    torch.testing.assert_close(keeping.gradient(table, 3), expected)
