"""Several processes that train one model: what they add up, hand over and agree on.

They are those that ``torchrun`` starts, one per core, GPU or machine, and speak by
torch.distributed, which nothing else here knows: by gloo, and by nccl between GPUs. Alone, and
outside of :func:`together`, every function here does what one process does without others.

Some families share out the *pieces of a step*: each process has all samples, and gradients are
added up. Others share out the *rows*: each process knows its samples alone, and what is summed
over samples is added up.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from .ending import ending
from .log import logger

if TYPE_CHECKING:
    from torch import Tensor

TIMEOUT = timedelta(minutes=10)
"""A process that says nothing for so long is given up. One that has died is noticed at once, by
its closed connection; this is for a machine that is cut off."""
PATIENCE = 3.0
"""Seconds for which the first process, when it fails, waits for the others to hear of it."""
LEAST = 16
"""Samples of a process, at least."""
_NAMES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Variables of the environment that ``torchrun`` sets."""
_ENDED = "fe_anndata ended"

Share = TypeVar("Share")


class OtherProcessError(RuntimeError):
    """Another process has ended, or cannot be reached."""


class _Meeting:
    """Where processes that were started together leave word for each other."""

    store: Any = None


_kind: ContextVar[str] = ContextVar("fe_anndata_processes", default="alone")


def are_launched() -> bool:
    """Return whether this process is one of several that were started together."""
    return all(name in os.environ for name in _NAMES) and os.environ["WORLD_SIZE"] != "1"


def is_first() -> bool:
    """Return whether this is the process that writes and speaks; True if it is alone."""
    if _is_initialised():
        return _rank() == 0
    return not are_launched() or os.environ["RANK"] == "0"


def on_this_machine() -> tuple[int, int]:
    """Return the place of this process among those of its machine, and how many they are."""
    if not are_launched():
        return 0, 1
    place, of = (
        int(os.environ.get(f"LOCAL_{name}", os.environ[name])) for name in ("RANK", "WORLD_SIZE")
    )
    return place, of


@contextmanager
def joined() -> Iterator[None]:
    """Meet the processes that were started together, if it was so, until the end of the block.

    Raises
    ------
    OtherProcessError
        If they are not there.
    """
    if _is_initialised() or not are_launched():
        yield
        return
    import torch
    from torch import distributed
    from torch.distributed.rendezvous import rendezvous

    backend = "gloo"
    if torch.cuda.is_available() and distributed.is_nccl_available():
        backend = "cpu:gloo,cuda:nccl"
    try:
        store, rank, number = next(iter(rendezvous("env://", timeout=TIMEOUT)))
        distributed.init_process_group(
            backend, store=store, rank=rank, world_size=number, timeout=TIMEOUT
        )
    except (RuntimeError, ValueError) as error:
        raise OtherProcessError(
            f"the {os.environ['WORLD_SIZE']} processes that were started together do not find "
            f"each other: {str(error).splitlines()[0]}"
        ) from error
    _Meeting.store = store
    yield
    # Not after an error: others would see the end of this process before it has said why.
    distributed.destroy_process_group()


def ends_first(code: int) -> tuple[bool, int]:
    """Return whether no other process has failed before this one, and the exit code of the first.

    Only that one says why.
    """
    if _Meeting.store is None:
        return is_first(), code
    rank, number_of = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    store, own = _Meeting.store, f"{rank} {code}"
    try:
        first = store.compare_set(_ENDED, "", own).decode()
        asked, until = store.add(f"{_ENDED} too", 1), time.monotonic() + PATIENCE
        # The first process may be the one that keeps the word, and the others are to hear it.
        while rank == 0 and asked < number_of and time.monotonic() < until:
            time.sleep(0.02)
            asked = store.add(f"{_ENDED} too", 0)
    except RuntimeError:
        # The process that keeps it, which is the first one where nobody else does, has died.
        return rank == 1, code
    return first == own, int(first.split()[1])


@contextmanager
def together(*, rows: bool) -> Iterator[None]:
    """Let what is called in this block be done by all processes; each has `rows` of its own.

    Raises
    ------
    ValueError
        If they cannot speak about what is on the processor.
    """
    several = _is_initialised()
    if several:
        from torch import distributed

        spoken = distributed.get_backend_config()
        if "cpu:" not in spoken:
            raise ValueError(
                f"the processes speak by {spoken} alone; call "
                "torch.distributed.init_process_group('cpu:gloo,cuda:nccl'), or leave the call out."
            )
    token = _kind.set("alone" if not several else "rows" if rows else "pieces")
    try:
        with ExitStack() as stack:
            if several:
                # All end after the same step, which they agree on.
                stack.enter_context(ending.watched())
            if not is_first():
                stack.enter_context(_silence())
            yield
    finally:
        _kind.reset(token)


@contextmanager
def _silence() -> Iterator[None]:
    """Let the first process alone warn and log."""
    before, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda *_: None
            yield
    finally:
        logger.disabled = before


def number() -> int:
    """Return how many processes there are."""
    if _kind.get() == "alone":
        return 1
    from torch import distributed

    return distributed.get_world_size()


def greatest(here: int) -> int:
    """Return the greatest of the numbers of all processes."""
    if number() == 1:
        return here
    from torch import distributed

    found = _numbers([here])
    _heard(distributed.all_reduce, found, distributed.ReduceOp.MAX)
    return int(found)


def agree(here: bool) -> bool:
    """Return whether something is so in any process."""
    return bool(greatest(int(here)))


def require_same(what: Mapping[str, str]) -> None:
    """Raise ValueError if processes were given different things; `what` names what they are.

    Every process raises the same error.
    """
    found = _all_of(dict(what)) if number() > 1 else []
    differ = [name for name in what if len({str(of.get(name)) for of in found}) > 1]
    if differ:
        raise ValueError(
            f"the {len(found)} processes were given different {', '.join(differ)}: start all of "
            "them by the same line, on the same data."
        )


# pieces of a step


def share(n: int) -> list[int]:
    """Return which of `n` pieces of a step this process takes; all if it is alone."""
    if _kind.get() != "pieces":
        return list(range(n))
    return list(range(_rank(), n, number()))


def summed(gradients: list[Tensor], *numbers: float) -> tuple[float, ...]:
    """Add up gradients, in place, and numbers over all processes, in float64."""
    if _kind.get() != "pieces":
        return numbers
    return _add_all(gradients, numbers)


# rows


def share_rows() -> bool:
    """Return whether each process has rows of its own."""
    return _kind.get() == "rows"


def part(n: int) -> slice:
    """Return which of `n` rows are those of this process; all if it is alone."""
    if not share_rows():
        return slice(0, n)
    return slice(n * _rank() // number(), n * (_rank() + 1) // number())


def require_enough(n: int) -> None:
    """Raise ValueError if there are too few rows for so many processes."""
    if share_rows() and n < LEAST * number():
        most = n // LEAST
        instead = f"at most {most} processes" if most > 1 else "one process"
        raise ValueError(
            f"{n} samples are too few for {number()} processes, each of which takes at least "
            f"{LEAST}: start {instead}."
        )


def add(*tensors: Tensor) -> None:
    """Add up tensors over the processes, in place; several go in one message, in float64."""
    if not share_rows():
        return
    if len(tensors) == 1 and tensors[0].is_contiguous():
        _added(tensors[0])
    else:
        _add_all(tensors, ())


def total(*numbers: float) -> tuple[float, ...]:
    """Return the sums of numbers over the processes."""
    return tuple(_added(_numbers(numbers)).tolist()) if share_rows() else numbers


def place(n: int) -> slice:
    """Return where the `n` rows of this process are among the rows of all, in their order."""
    if not share_rows():
        return slice(0, n)
    numbers = _lengths(n)
    first = sum(numbers[: _rank()])
    return slice(first, first + n)


def gathered(rows: Tensor) -> Tensor:
    """Return the rows of all processes, in their order."""
    found = _gathered(rows, everywhere=True)
    assert found is not None
    return found


def collected(rows: Tensor) -> Tensor | None:
    """Return the rows of all processes in the first one, and None in the others."""
    return _gathered(rows, everywhere=False)


def exchanged(own: Share) -> list[Share]:
    """Return what each process has found, in their order; small things of any type."""
    return _all_of(own) if share_rows() else [own]


def _gathered(rows: Tensor, *, everywhere: bool) -> Tensor | None:
    if not share_rows():
        return rows
    import torch
    from torch import distributed

    numbers = _lengths(len(rows))
    padded = rows.new_zeros(max(numbers), *rows.shape[1:])
    padded[: len(rows)] = rows
    parts: list[Tensor] | None = None
    if everywhere or _rank() == 0:
        parts = [torch.empty_like(padded) for _ in range(number())]
    if everywhere:
        _heard(distributed.all_gather, parts, padded)
    else:
        _heard(distributed.gather, padded, parts)
    if parts is None:
        return None
    return torch.cat([of[:n] for of, n in zip(parts, numbers, strict=True)])


def _lengths(n: int) -> list[int]:
    lengths = _numbers([0] * number())
    lengths[_rank()] = n
    return [int(length) for length in _added(lengths).tolist()]


def _add_all(tensors: Sequence[Tensor], numbers: Sequence[float]) -> tuple[float, ...]:
    import torch

    device = tensors[0].device
    flat = [tensor.flatten().double() for tensor in tensors]
    joint = _added(torch.cat([*flat, _numbers(numbers).to(device)]))
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, of in zip(tensors, torch.split(joint[: sum(sizes)], sizes), strict=True):
        tensor.copy_(of.view_as(tensor))
    return tuple(joint[sum(sizes) :].tolist())


def _numbers(numbers: Sequence[float]) -> Tensor:
    import torch

    return torch.tensor(numbers, dtype=torch.float64)


def _added(tensor: Tensor) -> Tensor:
    from torch import distributed

    _heard(distributed.all_reduce, tensor)
    return tensor


def _all_of(own: Share) -> list[Share]:
    from torch import distributed

    found: list[Any] = [None] * distributed.get_world_size()
    _heard(distributed.all_gather_object, found, own)
    return found


def _heard(speak: Callable[..., Any], *arguments: Any) -> None:
    """Speak with the other processes.

    Raises
    ------
    OtherProcessError
        If one does not answer.
    """
    try:
        speak(*arguments)
    except RuntimeError as error:
        raise OtherProcessError(
            f"another of the {number()} processes has ended, so all of them end and nothing was "
            "written. A run with a checkpoint goes on from there with resume=True, with any number "
            "of processes."
        ) from error


def _rank() -> int:
    from torch import distributed

    return distributed.get_rank()


def _is_initialised() -> bool:
    # Not before torch is there: who has met others has loaded it.
    module = sys.modules.get("torch.distributed")
    return bool(module and module.is_available() and module.is_initialized())
