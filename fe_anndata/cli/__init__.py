"""The command line: thin fronts over the verbs.

Files of commands import verbs, and with them torch and anndata, only when a command runs, so that
help is there at once.

Exit codes: 0 done, 1 failed (a full disk, or a fault of this program), 2 bad input, 130, 143 and
129 interrupted by Ctrl-C, SIGTERM and SIGHUP, 141 if nobody reads the output any more. One line
says what happened and what to do.
"""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any

from .._core import processes
from .._core.disk import NotWrittenError, is_of_disk
from .._core.ending import ending
from .._core.log import logger
from .._core.progress import in_lines
from .._core.warn import UnitsWarning
from .signals import exit_code, handled, interrupted
from .streams import NAME, flushed, is_terminal, open_all, say


def main() -> None:
    """Run the command line; whatever a user can cause ends in one clear line and an exit code."""
    open_all()
    logger.disabled = not processes.is_first()
    if processes.are_launched():
        # torch's own account of a process that has died would stand beside the one line of it.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    asks_for_a_bar = any(word.startswith("--progress") for word in sys.argv)
    lines = None if is_terminal() or asks_for_a_bar else say
    with handled(), _quiet(), _plain_warnings(), in_lines(lines):
        code = _run()
        code = flushed() or code
    if code:
        sys.exit(code)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings as one line each: a line of code that they point at means nothing here.

    Those of what will change in other packages are for people who write programs, and left out.
    Doubt of the units of a matrix stops the command, which nobody may be watching.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("error", UnitsWarning)
        warnings.showwarning = _warn  # type: ignore[assignment]  # it takes the rest as *_
        yield


def _warn(message: Warning | str, category: type[Warning], *_: Any) -> None:
    from .wording import as_typed

    say(f"warning: {as_typed(str(message))}")


def _run() -> int:
    """Run a command and return its exit code."""
    try:
        from .commands import FIRST_EXAMPLE, app

        if len(sys.argv) < 2:
            print(FIRST_EXAMPLE)
            return 0
        if processes.are_launched() and sys.argv[1] != "train":
            say(f"several processes only train; start {sys.argv[1]} once, without torchrun.")
            return 2
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


def _leave_hdf5_alone() -> None:
    """End the process, when it ends, without HDF5, which crashes over a file it cannot close."""
    h5f = sys.modules.get("h5py.h5f")
    if h5f is not None and h5f.get_obj_count(h5f.OBJ_ALL, h5f.OBJ_FILE):
        atexit.register(os._exit, 1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off standard error what HDF5 says again of each object it cannot close on a full disk.

    Every error of a command is caught and said in one line; nothing else comes to these hooks.
    """
    hooks = sys.excepthook, sys.unraisablehook
    sys.excepthook = lambda *_: None
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook = hooks


def _failed(error: Exception) -> int:
    """Say what went wrong, and return the exit code.

    Of several processes the one that fails first says it, and all return its exit code.
    """
    message, code = _explained(error)
    is_first, code = processes.ends_first(code)
    if is_first:
        say(message, always=True)
    if isinstance(error, NotWrittenError):
        _leave_hdf5_alone()
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """Return what went wrong, in a line, and the exit code."""
    from cyclopts import CycloptsError, MissingArgumentError

    from .wording import as_typed, swallowed

    # A KeyError shows its message in quotes.
    message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, MissingArgumentError):
        message += swallowed(error)
    elif not isinstance(error, CycloptsError):
        message = as_typed(message)
    if isinstance(error, NotWrittenError | processes.OtherProcessError):
        return message, 1
    if isinstance(error, OSError) and error.filename is None and is_of_disk(error):
        return f"standard output could not be written: {error.strerror}.", 1
    bad_input = (
        ValueError,
        KeyError,
        TypeError,
        OSError,
        MemoryError,
        ImportError,
        CycloptsError,
        UnitsWarning,
    )
    if isinstance(error, bad_input):
        return message or type(error).__name__, 2
    last = extract_tb(error.__traceback__)[-1]
    return (
        f"failed, which is a fault of this program: {type(error).__name__}: {message} "
        f"({Path(last.filename).name}, line {last.lineno}). Please report this line with what "
        f'"{NAME} info" prints.'
    ), 1
