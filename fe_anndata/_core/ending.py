"""Whether this process was asked to end, so that nothing is lost or left half-written.

Only the command line asks the system for signals (``cli/signals.py``); elsewhere Ctrl-C raises
KeyboardInterrupt as ever, and nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Ending:
    """What a handler of signals has to know, and what it has seen.

    Attributes
    ----------
    signal
        The number of the first signal that asked for the end.
    outputs
        What is to be written, and what tells whether it has been; empty if nothing can be lost.
    is_writing
        Whether an output is being written, which is then finished first.
    is_watched
        Whether the work itself looks for `signal`, between steps, and ends when it sees one.
    was_raised, was_put_off, is_now
        Whether KeyboardInterrupt was raised for a signal; whether one was put off until the output
        is complete; and whether, after that, the end was asked for once more.
    """

    signal: int | None = None
    outputs: dict[Path, tuple[int, int] | None] = field(default_factory=dict)
    is_writing: bool = False
    is_watched: bool = False
    was_raised: bool = False
    was_put_off: bool = False
    is_now: bool = False

    def begin(self) -> None:
        """Forget what an earlier command has seen."""
        vars(self).update(vars(Ending()))

    def expect(self, path: Path) -> None:
        """Note an output that is going to be written."""
        self.outputs[path] = _stamp(path)

    def written(self) -> list[Path]:
        """Return the outputs that have been written."""
        return [path for path, before in self.outputs.items() if _stamp(path) != before]

    def receive(self, number: int) -> bool:
        """Take a signal; return whether the work goes on until the output is complete.

        Raises
        ------
        KeyboardInterrupt
            If it ends here.
        """
        if self.is_now:
            return True
        self.signal = self.signal or number
        if self.is_watched and not self.was_raised:
            self.was_raised = True
            return True
        if (self.is_writing or self.was_raised) and not self.was_put_off:
            self.was_put_off = True
            return True
        self.is_now = self.was_put_off
        self.was_raised = True
        raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if the end was asked for, which other code may have caught."""
        if self.signal is not None:
            raise KeyboardInterrupt

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Do work that looks for the signal itself, and that no first one breaks off."""
        self.is_watched = True
        try:
            yield
        finally:
            self.is_watched = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write an output, which a first signal does not cut off."""
        outer, self.is_writing = self.is_writing, True
        try:
            yield
        finally:
            self.is_writing = outer
        if self.was_put_off and not self.was_raised and not outer:
            self.was_raised = True
            raise KeyboardInterrupt


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


ending = Ending()
