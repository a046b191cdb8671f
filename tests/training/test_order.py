from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.training.order import Permutation, entries_of_step, n_minibatches, tile_of_step


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


def test_an_epoch_of_entries_is_every_entry_with_the_tail():
    shape, size = (7, 11), 10
    minibatches = [entries_of_step(step, size, shape, 0) for step in range(n_minibatches(77, size))]
    assert [len(rows) for rows, _ in minibatches] == [10] * 7 + [7]
    seen = np.concatenate([rows * 11 + cols for rows, cols in minibatches])
    assert np.array_equal(np.sort(seen), np.arange(77))
    again = entries_of_step(8, size, shape, 0)  # the next epoch has another order
    assert not np.array_equal(again[0], minibatches[0][0])


def test_an_epoch_of_tiles_is_every_entry_with_the_tails():
    shape, size = (7, 11), (3, 4)
    seen = np.zeros(shape, dtype=int)
    for step in range(9):
        rows, cols = tile_of_step(step, size, shape, 0)
        seen[np.ix_(rows, cols)] += 1
    assert (seen == 1).all()


def test_no_tile_is_a_mere_edge():
    sizes = {tuple(map(len, tile_of_step(step, (100, 100), (101, 101), 0))) for step in range(4)}
    assert sizes == {(51, 51), (51, 50), (50, 51), (50, 50)}


def test_tiles_are_cut_anew_in_each_epoch():
    def parts(epoch):
        steps = range(9 * epoch, 9 * epoch + 9)
        return {tuple(sorted(tile_of_step(step, (3, 4), (7, 11), 0)[0])) for step in steps}

    assert len(parts(0)) == len(parts(1)) == 3
    assert parts(0) != parts(1)
