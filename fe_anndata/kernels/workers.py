"""One pool of threads for all that is computed in parallel on a processor.

torch's own threads wait for each other in a busy loop at the end of every operation. Where another
process keeps a core busy, each of the small operations of a training step then waits for a turn on
that core, and a step takes many times as long. So torch keeps to one thread during training, and
what is worth sharing is cut into pieces that the threads of this pool take in turn; they sleep
when there is none. The pieces do not depend on the number of threads, and nor do results.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

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


def share(run: Callable[[int], None], pieces: int) -> None:
    """Call `run` with 0 ... pieces - 1, each thread taking the next one when it is free."""
    following = itertools.count()

    def work() -> None:
        while (piece := next(following)) < pieces:
            run(piece)

    n = number()
    helpers = [_pool(n, os.getpid()).submit(work) for _ in range(min(n, pieces) - 1)]
    try:
        work()
    finally:
        for helper in helpers:
            # Nothing is left for one that found no free core until now.
            if not helper.cancel():
                helper.result()


@lru_cache(maxsize=1)
def _pool(n: int, process: int) -> ThreadPoolExecutor:
    # Threads do not survive a fork, so a new process has a pool of its own.
    return ThreadPoolExecutor(n, "fe_anndata", initializer=torch.set_num_threads, initargs=(1,))
