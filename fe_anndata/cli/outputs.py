"""Outputs of commands, checked before anything is read or computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

from .._core.ending import ending
from .._core.endings import ANIMATION, OF_KIND, PICTURE, require_ending
from .._core.paths import destination, is_same
from .._core.whole import require_writable


def require_outputs(
    outputs: Iterable[tuple[Path | None, str | None]],
    *,
    overwrite: bool,
    inputs: Mapping[str, str | Path | None],
) -> None:
    """Raise ValueError unless all outputs can be written, and expect them from now on.

    Parameters
    ----------
    outputs
        Each path, None for one that is not wanted, with its kind, a word of ``_core/endings.py``;
        None for one whose ending has been checked.
    overwrite
        Whether they may exist; pictures always may.
    inputs
        What is read, and is not to be replaced by any of them, by what messages call it.
    """
    given = [(path, kind) for path, kind in outputs if path is not None]
    for path, kind in given:
        if kind is not None:
            require_ending(path, kind)
        if kind == PICTURE:
            _require_format(path)
        may_replace = overwrite or is_picture(path)
        require_writable(path, overwrite=may_replace, inputs=inputs)
    for (a, _), (b, _) in combinations(given, 2):
        if is_same(destination(a), destination(b)):
            raise ValueError(f"{a} and {b} are the same file; name another output for one of them.")
    expect(*(path for path, _ in given))


def is_picture(path: Path) -> bool:
    """Return whether a file is a picture by its name, which is drawn again at any time.

    Of a link that of its target counts, too.
    """
    endings = {*OF_KIND[PICTURE], *OF_KIND[ANIMATION]}
    return all(name.suffix.lower() in endings for name in (path, destination(path)))


def expect(*paths: Path) -> None:
    """Let a signal from now on end the command in an orderly way, since outputs may be lost."""
    for path in paths:
        ending.expect(destination(path))


def _require_format(path: Path) -> None:
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix and path.suffix[1:].lower() not in known:
        raise ValueError(
            f"{path} is to be a picture, and its ending {path.suffix} is of no known format; take "
            f"one of {', '.join(sorted(known))}."
        )
