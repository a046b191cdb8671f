"""Standard output and error, which may be closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from .._core import processes

NAME = "fe-anndata"


def open_all() -> None:
    """Open what was closed when the process began, or the next file would take its place."""
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            pass
        os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def say(text: str, *, always: bool = False) -> None:
    """Print one line to standard error, if anybody reads it.

    Of several processes the first one speaks, unless a line is `always` said.
    """
    if not always and not processes.is_first():
        return
    with suppress(OSError, ValueError):
        print(f"{NAME}: {' '.join(text.split())}", file=sys.stderr, flush=True)


def is_terminal() -> bool:
    """Return whether somebody watches standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def flushed() -> int:
    """Bring out what was printed; return 0, or the exit code if that fails."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop(sys.stdout)
        return 141
    except OSError as error:
        _drop(sys.stdout)
        say(f"standard output could not be written: {error.strerror}.")
        return 1
    return 0


def _drop(stream: TextIO) -> None:
    """Let nothing be left in a stream that could not be written, or it is tried again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
