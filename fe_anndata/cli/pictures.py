"""Pictures, drawn and saved without a window."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.animation import FuncAnimation, writers
from matplotlib.axes import Axes

from .. import io, pl, tl
from .._core.whole import whole
from ..pl.markers import MOST as MOST_GENES
from .drawing import FUNCTIONS, Drawing
from .inputs import read
from .outputs import is_picture
from .places import named, stop

MOST_PIXELS = 2e8
"""Of a picture; matplotlib holds each in memory several times."""
MOST_DPI = 600
"""Of an animation, whose pictures are all in memory."""

OF_A_GROUP = 4
"""Genes in a picture of markers."""
PLACES = {"gene_sets": "lists"}
"""Options that functions take by another name."""


EXAMPLES = {
    "genes": "LYZ",
    "expression": '"APOE - APP + BRCA1"',
    "gene_sets": "sets.gmt",
    "profile": "cell_type=B, or a sample",
    "stops": "cell_type=B cell_type=T, or samples",
}
"""Of options that some pictures need."""


def draw(
    data: AnnData | pd.DataFrame, picture: str, chosen: Drawing
) -> Axes | np.ndarray | FuncAnimation:
    """Return the axes of a picture, or a moving one.

    Raises
    ------
    ValueError
        If an option does not belong to the picture, or one is missing.
    """
    function = getattr(pl, FUNCTIONS.get(picture, picture.replace("-", "_")))
    takes = dict(list(inspect.signature(function).parameters.items())[1:])
    given = {name: value for name, value in vars(chosen).items() if value is not None}
    arguments: dict[str, Any] = {"show": False}
    if "key" in given and "basis" in takes:
        arguments["basis"] = given.pop("key")
    for option, value in given.items():
        name = PLACES.get(option, option)
        if name not in takes:
            raise ValueError(f"{_typed(option)} does not apply to {picture}; leave it out.")
        arguments[name] = _argument(data, option, value, takes[name], picture)
    for name, of in takes.items():
        option = next((o for o, n in PLACES.items() if n == name), name)
        if of.default is of.empty and name not in arguments:
            raise ValueError(f"{picture} needs {_typed(option)}, such as {EXAMPLES[option]}.")
    if picture == "evaluate":
        arguments.setdefault("metric", metric_of(data))
    drawn: Axes | np.ndarray | FuncAnimation = function(data, **arguments)
    return drawn


def _typed(option: str) -> str:
    return f"--{option.replace('_', '-')}"


def _argument(data: Any, option: str, value: Any, of: inspect.Parameter, picture: str) -> Any:
    """Return what the function takes for an option as it was typed."""
    if option == "query":
        return read(value)
    if option == "gene_sets":
        return io.read_gmt(value)
    if option == "profile":
        return named(data, value)
    if option == "stops":
        return [stop(data, word) for word in value]
    if option == "legend":
        return None if value == "none" else value
    if option == "labels" and value in (["all"], ["none"]):
        return value == ["all"]
    if option == "palette":
        return value[0] if len(value) == 1 else value
    if isinstance(value, list) and "Sequence" not in str(of.annotation):
        if len(value) > 1:
            raise ValueError(f"{picture} takes one {_typed(option)}.")
        return value[0]
    return value


def metric_of(table: pd.DataFrame) -> str:
    """Return what is drawn of methods: accuracies, or for numbers the R2."""
    return "accuracy_new" if "accuracy_new" in table else "label_r2_new"


def save_evaluation(table: pd.DataFrame, path: Path, *, overwrite: bool) -> None:
    """Draw accuracies, or for numbers the R2, and write the picture."""
    save(pl.evaluate(table, metric=metric_of(table), show=False), path, overwrite=overwrite)


def save_sweep(
    found: tl.Sweep,
    density: Path | None,
    scatter: Path | None,
    color: str | None,
    *,
    overwrite: bool,
) -> None:
    """Draw the embeddings of a sweep, and write the pictures that have a path."""
    if density is not None:
        save(pl.sweep(found, "density", show=False), density, overwrite=overwrite)
    if scatter is not None:
        save(pl.sweep(found, "scatter", color=color, show=False), scatter, overwrite=overwrite)


def draw_markers(table: pd.DataFrame) -> Axes:
    """Return a picture of the first genes of each group: of fewer genes if there are many groups.

    Raises
    ------
    ValueError
        If not even one gene of each group can be drawn.
    """
    number = table["group"].nunique()
    if number > MOST_GENES:
        raise ValueError(
            f"there are {number} groups, and a picture has {MOST_GENES} genes at most: choose some "
            "groups by --groups, or leave out --plot."
        )
    return pl.markers(table, n_genes=min(OF_A_GROUP, MOST_GENES // number), show=False)


def save(axes: Axes | np.ndarray, path: Path, *, overwrite: bool, dpi: int = 150) -> None:
    """Write the figure of `axes` to a file, whose ending is its format."""
    first = axes if isinstance(axes, Axes) else axes.flat[0]
    figure = first.get_figure(root=True)
    assert figure is not None
    pixels = float(np.prod(figure.get_size_inches() * dpi))
    if dpi < 1 or pixels > MOST_PIXELS:
        raise ValueError(
            f"--dpi {dpi} makes a picture of {pixels:.3g} pixels; give a number from 1 to "
            f"{dpi * (MOST_PIXELS / max(pixels, 1)) ** 0.5:.0f}."
        )
    with whole(path, overwrite=overwrite or is_picture(path)) as made:
        figure.savefig(made, dpi=dpi, format=path.suffix[1:].lower() or "png")


def require_animated(path: Path, dpi: int) -> None:
    """Raise ValueError if no moving picture of this name, or with so many dots, can be made."""
    if not 1 <= dpi <= MOST_DPI:
        raise ValueError(f"--dpi {dpi}: give a number from 1 to {MOST_DPI} for an animation.")
    if path.suffix.lower() == ".mp4" and not writers.is_available("ffmpeg"):
        raise ValueError(
            f"{path}: ffmpeg, which makes an .mp4, is not installed; install it, or name a .gif."
        )


def save_animation(animation: FuncAnimation, path: Path, *, overwrite: bool, dpi: int) -> None:
    """Write a moving picture, an .mp4 if the name says so, else a .gif."""
    ending = ".mp4" if path.suffix.lower() == ".mp4" else ".gif"
    with whole(path, overwrite=overwrite or is_picture(path)) as made:
        moving = made.with_suffix(ending)
        animation.save(moving, writer="ffmpeg" if ending == ".mp4" else "pillow", dpi=dpi)
        moving.replace(made)
