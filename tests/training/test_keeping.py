"""What the neighbour term does to a training, and for whom."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fe_anndata.training.config import resolve
from fe_anndata.training.names import Names
from fe_anndata.training.neighbours import Keeping
from fe_anndata.training.sizes import settle
from sklearn.neighbors import NearestNeighbors

from fe_anndata.training import neighbours
from fe_anndata.training.fit import fit

SHAPE = (300, 80)


def names(n: int) -> Names:
    return Names(np.arange(n), np.arange(SHAPE[1]))


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
        weight: fit(
            X,
            resolve("default", neighbor_weight=weight, relocate=False, steps=60),
            seed=0,
            names=names(len(X)),
        )
        for weight in (0.0, 1.0)
    }
    tables = {weight: run.model.sample_vectors().numpy() for weight, run in runs.items()}
    assert kept(X, tables[1.0]) > kept(X, tables[0.0]) + 0.02
    assert runs[1.0].validation_loss < 1.2 * runs[0.0].validation_loss


def test_auto_depends_on_the_dimension_and_the_start():
    def settled(**changes):
        return settle(resolve("default", **changes), (300, 200)).neighbor_weight

    assert settled() > settled(sample_dim=8) > 0
    assert settled(sample_start="random") == 0
    assert settled(neighbor_weight=0.5, sample_start="random") == 0.5


def test_samples_held_out_whole_take_no_part(X):
    scores, counted = torch.from_numpy(X[:, :10]), torch.ones(len(X), 1)
    counted[7] = 0
    config = settle(resolve("default"), SHAPE)
    keeping = Keeping.of(scores, counted, names(len(X)), config, seed=0)
    assert keeping.neighbours.members.tolist() == [i for i in range(len(X)) if i != 7]
    assert not keeping.gradient(torch.randn(len(X), 2), 0)[7].any()


def test_of_many_samples_some_take_part_the_same_in_any_order(X, monkeypatch):
    monkeypatch.setattr(neighbours, "MOST", 100)
    config = settle(resolve("default"), SHAPE)
    order = np.random.default_rng(1).permutation(len(X))
    ranks = Names(order, np.arange(SHAPE[1]))  # the name of row i has rank order[i]
    scores, table = torch.from_numpy(X[:, :10]), torch.from_numpy(X[:, :2])
    counted = torch.ones(len(X), 1)
    first = Keeping.of(scores, counted, names(len(X)), config, seed=0)
    other = Keeping.of(scores[order], counted, ranks, config, seed=0)
    assert len(first.neighbours.members) == 100
    expected = first.gradient(table, 3)[order]
    torch.testing.assert_close(other.gradient(table[order], 3), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("value", [-1.0, "much", float("nan"), True])
def test_bad_weights(value):
    with pytest.raises(ValueError, match="neighbor_weight must be a number that is not negative"):
        resolve("default", neighbor_weight=value)


def test_the_term_is_for_the_whole_matrix_at_once():
    with pytest.raises(ValueError, match="neighbor_weight needs"):
        resolve("default", batch="tiles", neighbor_weight=0.1)
    assert resolve("default", batch="tiles").neighbor_weight == 0
