"""Compiling functions: which arithmetic may be changed, and where the result is kept.

Compiled code is kept on disk, where numba keeps it, and is never older than its source. numba
itself looks only at the file in which a function stands. But the functions and constants that it
takes from other files are compiled into it as well. So the name of each function, after which
numba names the files that it keeps, is given a digest of all the source in this folder and those
within it. After any change here, everything is compiled anew. For this to be enough, compiled
functions take nothing from other folders of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numba.extending import intrinsic
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_F = TypeVar("_F", bound=Callable[..., Any])


def _digest_of_source() -> str:
    """Return 16 characters that change whenever a file of source in this folder does."""
    digest = sha256()
    for name, file in sorted(_sources(files(__name__.rpartition(".")[0]))):
        content = file.read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.is_dir():
            yield from _sources(file, f"{above}{file.name}/")
        elif file.name.endswith(".py") and file.is_file():
            yield above + file.name, file


# Taken when the first file with something to compile is imported: every such file imports this
# one. Were it taken later, code that is already in memory could be older than it says.
DIGEST = _digest_of_source()
"""Stands for all the source in this folder and those within it."""


def exact(function: _F) -> _F:
    """Compile a function in which each operation is done as it is written."""
    return compiled(function, frozenset())


def compiled(function: _F, fastmath: frozenset[str] = frozenset({"contract"})) -> _F:
    """Compile a function on its first call; products and sums may become multiply-adds."""
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": set(fastmath)}
    function.__qualname__ += f"_source_{DIGEST}"
    try:
        made = njit(function, cache=True, **options)
    except RuntimeError:  # There is no folder for the cache that we may write to.
        return cast(_F, njit(function, **options))
    if hasattr(made, "stats"):  # Compiling is not switched off.
        _remove_stale(Path(made.stats.cache_path))
    return cast(_F, made)


def reordered(function: _F) -> _F:
    """Compile a function in which the order of a sum does not matter."""
    return compiled(function, frozenset({"contract", "reassoc"}))


built: Callable[[Callable[..., Any]], Callable[..., None]] = intrinsic
"""Make a function, for compiled code only, from one that writes the compiler's own language."""


@lru_cache
def _remove_stale(folder: Path) -> None:
    """Remove what was compiled from other source, in the folder of this source.

    A process that still runs other source, and misses a file, compiles it again: numba allows for
    that. Files that are still being written have other names.
    """
    for file in folder.glob(f"*_source_{'?' * len(DIGEST)}-*.nb[ci]"):
        if DIGEST not in file.name:
            with suppress(OSError):
                file.unlink()
