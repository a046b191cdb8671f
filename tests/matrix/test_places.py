from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.matrix.nearness import between_samples, distances, in_spacings, nearness
from fe_anndata.matrix.places import along, grid_axes, nodes


def test_a_grid_goes_a_little_beyond_the_samples():
    table = np.array([[0.0, -2], [10, 2], [5, 0]])
    x, y = grid_axes(table, 5)
    np.testing.assert_allclose(x, np.linspace(-0.5, 10.5, 5))
    np.testing.assert_allclose(y, np.linspace(-2.2, 2.2, 5))


def test_samples_without_extent_have_a_grid():
    x, y = grid_axes(np.array([[1.0, 0], [1, 4]]), 3)
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) > 0).all()
    assert (np.diff(grid_axes(np.ones((2, 1)), 3)[0]) > 0).all()


def test_the_last_coordinate_runs_first():
    found = nodes([np.array([0.0, 1]), np.array([5.0, 6, 7])])
    assert found.tolist() == [[0, 5], [0, 6], [0, 7], [1, 5], [1, 6], [1, 7]]
    assert nodes([np.arange(4.0)] * 3).shape == (64, 3)


def test_a_path_is_even_over_unequal_lines():
    stops = np.array([[0.0, 0], [1, 0], [1, 3]])
    places, at = along(stops, 9)
    np.testing.assert_allclose(at, [0, 0.25, 1])
    np.testing.assert_allclose(places[[0, 2, 8]], stops)
    np.testing.assert_allclose(np.linalg.norm(np.diff(places, axis=0), axis=1), 0.5)


def test_a_path_needs_a_length():
    with pytest.raises(ValueError, match="one place"):
        along(np.ones((3, 2)), 5)


@pytest.mark.parametrize("d", [1, 2, 20])
def test_distances_are_those_of_all_pairs(d):
    draw = np.random.default_rng(0)
    places, table = draw.normal(size=(31, d)), draw.normal(size=(53, d))
    apart = np.linalg.norm(places[:, None] - table, axis=2).min(axis=1)
    np.testing.assert_allclose(distances(places, table), apart, atol=1e-6)
    own = np.linalg.norm(table[:, None] - table, axis=2)
    np.fill_diagonal(own, np.inf)
    np.testing.assert_allclose(between_samples(table), own.min(axis=1), atol=1e-6)
    expected = apart / np.median(own.min(axis=1))
    np.testing.assert_allclose(in_spacings(places, table), expected, rtol=1e-4)


def test_near_to_far():
    table = np.arange(100.0)[:, None]  # neighbours are 1 apart, so near is 1 and far is 3
    places = np.array([[50.0], [99.9], [100], [101], [102], [110], [-4]])
    np.testing.assert_allclose(nearness(places, table), [1, 1, 1, 0.5, 0, 0, 0])
    np.testing.assert_allclose(nearness(places, table, 2.0), [1, 1, 1, 1, 0.75, 0, 0.5])
    assert nearness(places, table, np.inf).tolist() == [1] * 7


def test_a_few_outliers_do_not_make_all_places_near():
    table = np.concatenate([np.arange(100.0), [1000, 2000, 3000]])[:, None]
    assert nearness(np.array([[500.0]]), table) == 0


def test_samples_upon_each_other():
    table = np.array([[0.0, 0]] * 5 + [[1, 0]] * 5)
    assert nearness(np.array([[0.0, 0], [0.5, 0]]), table).tolist() == [1, 0]
    assert nearness(np.zeros((1, 2)), np.zeros((1, 2))).tolist() == [1]
    assert not len(distances(np.empty((0, 2)), table))
