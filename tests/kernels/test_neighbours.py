"""The neighbour term against the same loss by automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from fe_anndata.kernels.members import Members
from fe_anndata.kernels.neighbours import Neighbours

N, MEMBERS = 700, torch.arange(0, 700, 2)


@pytest.fixture(scope="module")
def scores():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(N, 9)).astype(np.float32))


@pytest.fixture(scope="module")
def neighbours(scores):
    return Neighbours.of(scores, Members.numbered(MEMBERS, slice(0, N)))


def test_the_nearest_are_those_of_scikit_learn(scores, neighbours):
    points = scores[MEMBERS].numpy()
    expected = NearestNeighbors(n_neighbors=15).fit(points).kneighbors(return_distance=False)
    np.testing.assert_array_equal(np.sort(neighbours.nearest.numpy()), np.sort(expected))


def test_few_samples_have_all_others_as_neighbours(scores):
    nearest = Neighbours.of(scores, Members.numbered(torch.tensor([5, 3, 8]), slice(0, N))).nearest
    assert sorted(map(sorted, nearest.tolist())) == [[0, 1], [0, 2], [1, 2]]


@pytest.mark.parametrize("sharpness", [0.5, 8.0])
def test_gradient(neighbours, sharpness):
    rng = np.random.default_rng(1)
    table = torch.from_numpy(rng.normal(size=(N, 3)).astype(np.float32))
    drawn = torch.from_numpy(rng.permutation(len(MEMBERS))[:20])
    leaf = table.double().requires_grad_()
    places = leaf[MEMBERS]
    loss = 0.0
    for i in drawn.tolist():
        similarity = 1 / (1 + sharpness**2 * (places[i] - places).square().sum(1))
        others = torch.cat([similarity[:i], similarity[i + 1 :]]).sum()
        for j in neighbours.nearest[i].tolist():
            loss = loss - torch.log(similarity[j] / others) / 15 / 20
    (expected,) = torch.autograd.grad(loss, leaf)
    got = neighbours.gradient(table, drawn, sharpness)
    assert float(expected.norm()) > 1e-3
    torch.testing.assert_close(got.double(), expected, rtol=1e-4, atol=1e-6)
    assert not got[1::2].any()


def test_where_the_table_stands_does_not_matter(neighbours):
    table = torch.randn(N, 2, generator=torch.Generator().manual_seed(0))
    here, there = (neighbours.gradient(t, torch.arange(30), 8.0) for t in (table, table + 100))
    torch.testing.assert_close(there, here, rtol=0, atol=2e-3 * float(here.abs().max()))


def test_one_sample_has_no_neighbour():
    alone = Neighbours.of(torch.randn(1, 4), Members.numbered(torch.tensor([0]), slice(0, 1)))
    assert not alone.gradient(torch.randn(1, 2), torch.tensor([0]), 8.0).any()


def test_samples_at_one_place_do_not_break_it(neighbours):
    gradient = neighbours.gradient(torch.zeros(N, 2), torch.arange(10), 8.0)
    assert not gradient.any()
