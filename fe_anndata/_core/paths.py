"""Paths as the user types them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | Path) -> Path:
    """Return a path in which ``~`` is the folder of the user.

    Raises
    ------
    ValueError
        If there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError(f"{path}: there is no such user; type the whole path.") from None


def destination(path: str | Path) -> Path:
    """Return the path that is written to: where a link points, there or not yet there.

    Raises
    ------
    ValueError
        If it is a link that leads in a circle.
    """
    path = expanded(path)
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise ValueError(f"{path} is a link that leads in a circle; name another output.")
    return target


def is_same(a: Path, b: Path) -> bool:
    """Return whether two paths are one file or folder, also by links of any kind."""
    if a.exists() and b.exists():
        return a.samefile(b)
    return os.path.realpath(a) == os.path.realpath(b)
