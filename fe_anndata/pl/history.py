"""The losses of a training, step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter
from numpy.typing import ArrayLike, NDArray

from .._access.results import require_trained
from .._core.errors import near, require_key
from .._core.keys import DEFAULT_KEY, Keys
from ._axes import SMALL, finish, make_room, panels
from ._colors import MANY
from ._text import ink

Floats = NDArray[np.float64]
LOSSES = {
    "mse": "mean squared error per entry",
    "cross-entropy": "cross-entropy per token, nats",
    "nll": "negative log-likelihood, nats",
}
"""What a history holds, by its name in ``uns``."""
COLUMNS = ["step", "seconds", "train_loss", "validation_loss"]


def history(
    adata: AnnData,
    *,
    key: str = DEFAULT_KEY,
    log: bool = False,
    ax: Axes | None = None,
    show: bool | None = None,
) -> Axes:
    """Draw the training and validation loss against the steps.

    The model of the least validation loss was kept; its step is marked. The upper axis gives the
    seconds since the call.

    Parameters
    ----------
    adata
        A trained AnnData; ``uns[key]["history"]`` is read.
    key
        Name of the result.
    log
        Whether the losses are drawn on a logarithmic axis.
    ax
        Where to draw. It shrinks to make room for the legend, unless its figure has a layout
        engine.
    show
        Whether to open a window; see :mod:`fe_anndata.pl`.

    Returns
    -------
    Axes
        Losses are mean squared errors per entry, in squared units of the matrix. Nothing is
        written.

    Raises
    ------
    KeyError
        If there is no such result, or it has no history.
    ValueError
        If the history is empty.
    TypeError
        If `adata` is not an AnnData.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.pl.history(adata).get_ylabel()
    'mean squared error per entry'
    """
    table = _table(adata, key)
    own = ax is None
    panel = panels(1, 1, ax, show, (4.8, 3.0))[0]
    for name, colour in (("train", MANY[0]), ("validation", MANY[1])):
        measured = table[np.isfinite(table[f"{name}_loss"])]
        if len(measured):
            marker = "o" if len(measured) == 1 else None  # a line through one point cannot be seen
            panel.plot(
                measured["step"], measured[f"{name}_loss"], color=colour, label=name, marker=marker
            )
    validated = table[np.isfinite(table["validation_loss"])]
    if len(validated):
        best = validated.loc[validated["validation_loss"].idxmin()]
        kept = f"kept: {best['validation_loss']:#.4g}\nat step {best['step']:,.0f}"
        panel.plot(best["step"], best["validation_loss"], "o", color=ink(panel), ms=6, label=kept)
    if log:
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter(LogFormatter())  # 2 and not 2 x 10^0
        panel.yaxis.set_minor_formatter(LogFormatter())
    panel.set(xlabel="step", ylabel=LOSSES[str(adata.uns[Keys(key).uns].get("loss", "mse"))])
    panel.spines[["right"]].set_visible(False)
    panel.legend(
        loc="upper left", bbox_to_anchor=(1.03, 1), borderaxespad=0, frameon=False, fontsize=SMALL
    )
    _seconds_axis(panel, table)
    make_room([panel], 1, own)
    finish([panel], own, show)
    return panel


def _table(adata: AnnData, key: str) -> pd.DataFrame:
    if not hasattr(adata, "uns"):
        raise TypeError(f"adata must be an AnnData, not {type(adata).__name__}.")
    name = Keys(key).uns
    if not isinstance(adata.uns.get(name), dict) or "history" not in adata.uns[name]:
        trained = [k for k, v in adata.uns.items() if isinstance(v, dict) and "history" in v]
        raise KeyError(f"no training history in adata.uns[{name!r}]: {near(name, trained)}")
    if "fingerprint" in adata.uns[name]:  # a whole result, whose parts are checked
        table = require_trained(adata, key)["history"]
    else:
        table = pd.DataFrame(adata.uns[name]["history"])
    for column in COLUMNS:
        require_key(column, table.columns, f"column of adata.uns[{name!r}]['history'],")
    if not np.isfinite(table["train_loss"]).any():
        raise ValueError(f"adata.uns[{name!r}]['history'] holds no loss: train again.")
    return table.sort_values("step").reset_index(drop=True)


def _seconds_axis(ax: Axes, table: pd.DataFrame) -> None:
    """Show the seconds of the steps on the upper axis, if two of them are known."""
    moments = table.drop_duplicates("step")
    steps, seconds = (moments[c].to_numpy(dtype=np.float64) for c in ("step", "seconds"))
    if len(steps) < 2 or not (np.diff(seconds) > 0).all():
        ax.spines[["top"]].set_visible(False)
        return
    upper = ax.secondary_xaxis(
        "top", functions=(_piecewise(steps, seconds), _piecewise(seconds, steps))
    )
    upper.set_xlabel("seconds")


def _piecewise(x: Floats, y: Floats) -> Callable[[ArrayLike], Floats]:
    """Return the line through the points, continued at both ends by their mean slope."""
    slope = (y[-1] - y[0]) / (x[-1] - x[0])

    def line(steps: ArrayLike) -> Floats:
        at = np.asarray(steps, dtype=np.float64)
        outside = np.minimum(at - x[0], 0) + np.maximum(at - x[-1], 0)
        inside: Floats = np.interp(at, x, y)
        outer: Floats = slope * outside
        return inside + outer

    return line
