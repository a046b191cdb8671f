"""Work is shared, errors come back, and torch's own threads are put back."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from fe_anndata.kernels.workers import in_parallel, number, workers


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("pieces", [0, 1, 2, 17])
def test_every_piece_is_done_once(n, pieces):
    done = []
    with workers(n):
        in_parallel(done.append, pieces)
    assert sorted(done) == list(range(pieces))


def test_two_threads_take_part():
    meet = threading.Barrier(2, timeout=30)
    with workers(2):
        in_parallel(lambda piece: meet.wait(), 2)  # one thread alone would wait for ever


def test_an_error_comes_back():
    def fail(piece):
        raise KeyError(piece)

    with workers(2), pytest.raises(KeyError):
        in_parallel(fail, 4)


def test_no_thread_is_at_work_when_an_error_comes_back():
    busy, done = threading.Event(), []

    def run(piece):
        if piece == 0:
            busy.wait(30)
            raise KeyError(piece)
        busy.set()
        time.sleep(0.2)
        done.append(piece)

    with workers(2), pytest.raises(KeyError):
        in_parallel(run, 100)
    assert done == [1]


@pytest.mark.parametrize("by", [0, 1])
def test_threads_are_put_back(by):
    before = torch.get_num_threads()
    with workers(before + by):
        assert number() == before + by
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
    assert number() == 1
    with pytest.raises(KeyboardInterrupt), workers(before + by):
        raise KeyboardInterrupt
    assert torch.get_num_threads() == before
