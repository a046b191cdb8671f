"""Warnings that point at the line of the user."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def warn_user(message: str) -> None:
    """Warn of `message`, at the line that called this package.

    A fixed number of frames would not do, since there are several ways to get to a kernel; nor
    would the innermost foreign frame, since decorators of torch lie between ours.
    """
    frame, level, of_user = sys._getframe(1), 2, 2
    while frame.f_back is not None:
        if frame.f_code.co_filename.startswith(_PACKAGE):
            of_user = level + 1
        frame, level = frame.f_back, level + 1
    warnings.warn(message, UserWarning, stacklevel=of_user)
