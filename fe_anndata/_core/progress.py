"""How long work shows how far it is: a bar, or, in a log, one line a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, Self

from tqdm.auto import tqdm

EVERY = 60.0
"""Seconds between two lines of a log."""
SOON = 3.0
"""Work that is mostly short shows a bar after so many seconds."""


class Progress(Protocol):
    """What work in progress is told."""

    def update(self, n: float = 1) -> Any:
        """Be told that so many units more are done."""

    def set_description(self, desc: str) -> Any:
        """Be told what is done now."""

    def set_postfix_str(self, s: str) -> Any:
        """Be told what has been found so far."""

    def close(self) -> Any:
        """Be told that it is over."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> Any: ...


class Lines:
    """Progress as lines of a log, one a minute; work that takes less than one leaves none.

    Parameters
    ----------
    total
        Number of units, None if it is not known.
    done
        How many of them are done by now.
    unit
        What a unit is called.
    desc
        What is done.
    say
        What prints a line.
    every
        Seconds between two lines.
    """

    def __init__(
        self,
        total: float | None,
        done: float,
        unit: str,
        desc: str,
        say: Callable[[str], None],
        every: float = EVERY,
    ) -> None:
        self.total, self.done, self.unit, self.desc, self.say = total, done, unit, desc, say
        self.every = every
        self.before, self.found = done, ""
        self.started = self.told = time.monotonic()

    def update(self, n: float = 1) -> None:
        """Count, and print a line if one is due."""
        self.done += n
        now = time.monotonic()
        if now - self.told >= self.every:
            self.told = now
            self.say(self.line(now - self.started))

    def line(self, elapsed: float) -> str:
        """Return how far the work is after so many seconds, and how long the rest will take."""
        at = f"{self.done:,.0f}" if self.total is None else f"{self.done:,.0f} of {self.total:,.0f}"
        share = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
        parts = [f"{self.unit} {at}{share}", f"{duration(elapsed)} so far"]
        if self.total and self.done > self.before:
            rest = elapsed * max(0.0, self.total - self.done) / (self.done - self.before)
            parts.append(f"about {duration(rest)} to go")
        what = f"{self.desc}: " if self.desc else ""
        return what + ", ".join([*parts, self.found] if self.found else parts)

    def set_description(self, desc: str) -> None:
        """Note what is done now."""
        self.desc = desc

    def set_postfix_str(self, s: str) -> None:
        """Note what has been found so far."""
        self.found = s

    def close(self) -> None:
        """End without a word."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


_SAY: ContextVar[tuple[Callable[[str], None], float] | None] = ContextVar("say", default=None)
"""What prints lines, and how often; of each thread its own."""


def remark(text: str, *, shown: bool) -> None:
    """Say what is waited for, where no bar can tell how far it is."""
    if shown:
        lines = _SAY.get()
        (_beside_bars if lines is None else lines[0])(text)


def _beside_bars(text: str) -> None:
    tqdm.write(text, file=sys.stderr)


@contextmanager
def in_lines(say: Callable[[str], None] | None, every: float | None = None) -> Iterator[None]:
    """Show all progress within this block as lines that `say` prints; None: as bars, as ever.

    `every` is the number of seconds between two lines, by default `EVERY`.
    """
    earlier = _SAY.set(None if say is None else (say, EVERY if every is None else every))
    try:
        yield
    finally:
        _SAY.reset(earlier)


def progress_bar(
    total: float | None,
    *,
    shown: bool,
    unit: str,
    desc: str = "",
    initial: int = 0,
    delay: float = 0.0,
) -> Progress:
    """Return what is to be told of work in progress.

    Parameters
    ----------
    total
        Number of units, None if it is not known.
    shown
        Whether anything is shown.
    unit
        What a unit is called.
    desc
        What is done.
    initial
        How many units are done by now.
    delay
        Seconds before a bar appears; `SOON` for what is mostly over by then.
    """
    lines = _SAY.get()
    if shown and lines is not None:
        return Lines(total, initial, unit, desc, *lines)
    bar: Progress = tqdm(
        total=total, initial=initial, disable=not shown, unit=unit, desc=desc or None, delay=delay
    )
    return bar
