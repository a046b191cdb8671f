"""Warnings that point at a line of the user's code."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


class UnitsWarning(UserWarning):
    """Values may be in other units than they are taken for."""


def warn_user(message: str, category: type[UserWarning] = UserWarning) -> None:
    """Warn of `message`, at the line that called this package.

    That line is in the frame outside the outermost frame of this package. The number of frames up
    to it differs, since a kernel can be reached in several ways, and frames of torch's decorators
    may lie between those of this package.
    """
    frame, level, level_of_user = sys._getframe(1), 2, 2
    while frame.f_back is not None:
        if frame.f_code.co_filename.startswith(_PACKAGE):
            level_of_user = level + 1
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level_of_user)
