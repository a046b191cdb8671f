"""The command line: thin fronts over the verbs.

Files of commands import verbs, and with them torch and anndata, only when a command runs, so that
help is there at once.

Exit codes: 0 done, 2 bad input (one line says what and what to do), 130 interrupted,
141 if nobody reads the output any more.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from cyclopts import CycloptsError

from . import bins as bins  # files of commands, which register themselves
from . import classify as classify
from . import demo as demo
from . import evaluate as evaluate
from . import genes as genes
from . import info as info
from . import layers as layers
from . import models as models
from . import plot as plot
from . import train as train
from . import transform as transform
from . import vectors as vectors
from .app import app


def main() -> None:
    """Run the command line; bad input ends in one clear line and exit code 2."""
    with warnings.catch_warnings():
        warnings.showwarning = _say  # type: ignore[assignment]  # it takes the rest as *_
        _run()


def _say(message: Warning | str, category: type[Warning], *_: Any) -> None:
    """Print a warning as one line; the line of code that it points at means nothing here."""
    print(f"fe-anndata: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _run() -> None:
    try:
        app(exit_on_error=False, print_error=False)
    except BrokenPipeError:
        # Whoever read the output, such as head, has seen enough; nothing is left to be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, KeyError, TypeError, OSError, MemoryError, CycloptsError) as error:
        # A KeyError shows its message in quotes.
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"fe-anndata: {' '.join(str(message).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("fe-anndata: interrupted; no output was written", file=sys.stderr)
        sys.exit(130)
