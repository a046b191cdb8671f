"""One pool of threads for all that is computed in parallel on a processor.

torch's own threads wait for each other in a busy loop at the end of every operation. Where another
process keeps a core busy, each of the small operations of a training step then waits for a turn on
that core, and a step takes many times as long. So torch keeps to one thread during training, and
what is worth sharing is cut into pieces that the threads of this pool take in turn; they sleep
when there is none.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Barrier, Event

import torch

_number: ContextVar[int] = ContextVar("fe_anndata_workers", default=1)


def number() -> int:
    """Return how many threads share the work: one, unless inside :func:`workers`."""
    return _number.get()


@contextmanager
def workers(n: int) -> Iterator[None]:
    """Share work among `n` threads; torch itself keeps to one meanwhile."""
    before = torch.get_num_threads()
    token = _number.set(n)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _number.reset(token)


def in_parallel(run: Callable[[int], None], pieces: int) -> None:
    """Call `run` with 0 ... pieces - 1, each thread taking the next one when it is free.

    Returns, or raises what `run` has raised first, when no thread is at work any more.
    """
    following = itertools.count()
    failed = Event()

    def work() -> None:
        try:
            while not failed.is_set() and (piece := next(following)) < pieces:
                run(piece)
        except BaseException:
            failed.set()
            raise

    helpers: list[Future[None]] = []
    try:
        for _ in range(min(number(), pieces) - 1):
            helpers.append(_pool(number(), os.getpid()).submit(work))
        work()
    except BaseException:
        failed.set()
        raise
    finally:
        # Nothing is left for one that found no free core until now.
        wait([helper for helper in helpers if not helper.cancel()])
    for helper in helpers:
        if not helper.cancelled():
            helper.result()


@lru_cache(maxsize=1)
def _pool(n: int, process: int) -> ThreadPoolExecutor:
    # Threads do not survive a fork, so a new process has a pool of its own.
    pool = ThreadPoolExecutor(n, "fe_anndata", initializer=torch.set_num_threads, initargs=(1,))
    # All start now, while torch keeps to one thread anyway: later they would change its number.
    together = Barrier(n)
    wait([pool.submit(together.wait) for _ in range(n)])
    return pool
