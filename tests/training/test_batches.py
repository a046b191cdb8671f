from __future__ import annotations

import numpy as np
import pytest
from fe_anndata.training.batches import Permutation, cell_batch, n_batches, tile_batch


@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 1023, 65537])
def test_a_permutation_takes_every_number_once(n):
    numbers = Permutation(n, 0, "test")(np.arange(n))
    assert np.array_equal(np.sort(numbers), np.arange(n))


def test_a_permutation_looks_random():
    """Neighbours end up independent, and every part of the range is visited evenly."""
    n = 100_000
    numbers = Permutation(n, 0, "test")(np.arange(n))
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.02
    first = np.histogram(numbers[: n // 10], bins=20, range=(0, n))[0]
    assert abs(first - n / 200).max() < 5 * np.sqrt(n / 200)


def test_seeds_and_epochs_differ():
    places = np.arange(1000)
    orders = [Permutation(1000, seed, "t", epoch)(places) for seed in (0, 1) for epoch in (0, 1)]
    assert len({order.tobytes() for order in orders}) == 4


def test_an_epoch_of_cells_is_every_cell_with_the_tail():
    shape, size = (7, 11), 10
    batches = [cell_batch(step, size, shape, 0) for step in range(n_batches(77, size))]
    assert [len(rows) for rows, _ in batches] == [10] * 7 + [7]
    seen = np.concatenate([rows * 11 + cols for rows, cols in batches])
    assert np.array_equal(np.sort(seen), np.arange(77))
    again = cell_batch(8, size, shape, 0)  # the next epoch has another order
    assert not np.array_equal(again[0], batches[0][0])


def test_an_epoch_of_tiles_is_every_cell_with_the_tails():
    shape, size = (7, 11), (3, 4)
    seen = np.zeros(shape, dtype=int)
    for step in range(9):
        rows, cols = tile_batch(step, size, shape, 0)
        seen[np.ix_(rows, cols)] += 1
    assert (seen == 1).all()
