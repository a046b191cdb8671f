"""The command line: thin fronts over the verbs.

Files of commands import verbs, and with them torch and anndata, only when a command runs, so that
help is there at once.

Exit codes: 0 done, 1 failed (a full disk, or a fault of this program), 2 bad input, 130, 143 and
129 interrupted by Ctrl-C, SIGTERM and SIGHUP, 141 if nobody reads the output any more. One line
says what happened and what to do.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from traceback import extract_tb
from typing import Any

from .._core.disk import NotWrittenError, is_of_disk
from .._core.ending import ending
from .._core.settings import settings
from .signals import exit_code, handled, interrupted
from .streams import NAME, flushed, is_terminal, open_all, say


def main() -> None:
    """Run the command line; whatever a user can cause ends in one clear line and an exit code."""
    open_all()
    shown = settings.progress
    try:
        with handled(), warnings.catch_warnings():
            warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the rest as *_
            settings.progress = shown and is_terminal()
            code = _run()
            code = flushed() or code
    finally:
        settings.progress = shown
    if code:
        sys.exit(code)


def _warn(message: Warning | str, category: type[Warning], *_: Any) -> None:
    """Print a warning as one line; the line of code that it points at means nothing here."""
    say(f"warning: {message}")


def _run() -> int:
    """Run a command and return its exit code."""
    try:
        from .commands import app

        app(exit_on_error=False, print_error=False)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        say(interrupted())
        return exit_code()
    except BrokenPipeError:
        return 141  # whoever read the output, such as head, has seen enough
    except Exception as error:
        return _failed(error)
    return 0 if ending.signal is None else exit_code()


def _failed(error: Exception) -> int:
    """Say what went wrong, and return the exit code."""
    from cyclopts import CycloptsError

    # A KeyError shows its message in quotes.
    message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, NotWrittenError):
        say(message)
        return 1
    if isinstance(error, OSError) and error.filename is None and is_of_disk(error):
        say(f"standard output could not be written: {error.strerror}.")
        return 1
    bad_input = (ValueError, KeyError, TypeError, OSError, MemoryError, ImportError, CycloptsError)
    if isinstance(error, bad_input):
        say(message or type(error).__name__)
        return 2
    last = extract_tb(error.__traceback__)[-1]
    say(
        f"failed, which is a fault of this program: {type(error).__name__}: {message} "
        f"({Path(last.filename).name}, line {last.lineno}). Please report this line with what "
        f'"{NAME} info" prints.'
    )
    return 1
