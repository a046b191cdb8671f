"""What holds for the whole session: `fe.settings`."""

from __future__ import annotations

import logging
import operator
from dataclasses import dataclass, fields
from typing import Any

from .errors import near, require_choice
from .log import logger

KERNELS = ("auto", "reference", "cpu", "triton")
PRECISIONS = ("auto", "float32", "bf16")


@dataclass
class Settings:
    """Defaults of this session; an argument given to a function wins over them.

    Values are checked when they are set.

    Attributes
    ----------
    device
        Where models are trained: ``"auto"`` (a CUDA device where there is one, else the
        processor), ``"cpu"``, ``"cuda"`` or any device name that torch knows.
    progress
        Whether long work shows how far it is: a bar, or in a log of the command line a line a
        minute.
    precision
        Precision of the matrix products of the ``"concat"`` decoder: ``"float32"``; ``"bf16"``,
        which needs a device that multiplies it in hardware; or ``"auto"``, which is bf16 on GPUs
        that do and float32 elsewhere.
    kernel
        What computes the ``"concat"`` decoder: ``"cpu"``, ``"triton"`` (for CUDA devices),
        ``"reference"`` (plain torch, slower) or ``"auto"``, the fastest one that there is.
    threads
        How many threads training uses; None for as many as torch uses.
    """

    device: str = "auto"
    progress: bool = True
    precision: str = "auto"
    kernel: str = "auto"
    threads: int | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Check and set a value; `fe.settings.thread = 4` would otherwise do nothing."""
        known = [field.name for field in fields(self)]
        if name not in known:
            raise AttributeError(f"there is no setting {name!r}: {near(name, known)}")
        if name == "progress" and not isinstance(value, bool):
            raise TypeError(f"fe.settings.progress must be True or False, not {value!r}.")
        if name == "precision":
            require_choice(value, PRECISIONS, "fe.settings.precision")
        elif name == "kernel":
            require_choice(value, KERNELS, "fe.settings.kernel")
        elif name == "threads" and value is not None:
            value = _thread_count(value)
        super().__setattr__(name, value)

    def shows(self, progress: bool | None) -> bool:
        """Return whether to show a progress bar, by the argument of a verb or else by `progress`.

        Raises
        ------
        TypeError
            If the argument is none of True, False and None.
        """
        if progress is not None and not isinstance(progress, bool):
            raise TypeError(f"progress must be True, False or None, not {progress!r}.")
        return self.progress if progress is None else progress

    def verbosity(self, level: int | str = "INFO") -> None:
        """Print to the standard error stream what the package does.

        The package logs to the logger ``fe_anndata`` and configures nothing on import; this is
        the short way to see that log in a notebook.

        Parameters
        ----------
        level
            A level of Python's logging, such as ``"INFO"`` or ``"WARNING"``.
        """
        for earlier in list(logger.handlers):
            if earlier.name == logger.name:  # ours; its stream may be closed by now
                logger.removeHandler(earlier)
        handler = logging.StreamHandler()
        handler.name = logger.name
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(level)


def _thread_count(value: Any) -> int:
    try:
        n = operator.index(value)
    except TypeError:
        n = None
    if n is None or isinstance(value, bool):
        raise TypeError(
            f"fe.settings.threads must be an int or None, not {type(value).__name__}."
        ) from None
    if n < 1:
        raise ValueError(
            f"fe.settings.threads must be at least 1, or None for torch's own, not {n}."
        )
    return n


settings = Settings()
