"""How commands end when the system asks for it: Ctrl-C, SIGTERM and SIGHUP alike.

Until a command has named its outputs nothing can be lost, and the process ends at once. After that
KeyboardInterrupt is raised, so that a training keeps its last evaluation. An output that is being
written is finished first; a second signal ends that, too.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .._core.ending import ending
from .streams import say

ASKING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def handled() -> Iterator[None]:
    """Handle signals within this block, unless they are ignored, as nohup does."""
    ending.begin()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in ASKING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, _receive)
    try:
        yield
    finally:
        ending.begin()
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code() -> int:
    """Return the exit code of a command that was interrupted."""
    return 128 + (ending.signal or signal.SIGINT)


def interrupted() -> str:
    """Return what is said at the end of a command that was interrupted."""
    written = ", ".join(map(str, ending.written()))
    return f"interrupted; {f'wrote {written}' if written else 'no output was written'}"


def _receive(number: int, _: FrameType | None) -> None:
    if not ending.outputs:
        ending.signal = number
        say(interrupted())
        os._exit(exit_code())
    was_put_off = ending.was_put_off
    if ending.receive(number) and not was_put_off:
        say("interrupted; the output is finished first, unless you interrupt once more")
