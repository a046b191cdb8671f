"""The losses of a training, step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from .._access.results import require_trained, train_first
from .._core.errors import require_key
from .._core.keys import DEFAULT_KEY, Keys
from ._axes import SMALL, finish, make_room, panels
from ._colors import new_colors
from ._ended import Ending, ending_of
from ._text import ink, lines_of, paper

Floats = NDArray[np.float64]
LOSSES = {
    "mse": "mean squared error per entry",
    "cross-entropy": "cross-entropy per token, nats",
    "nll": "negative log-likelihood, nats",
}
"""What a history holds, by its name in ``uns``."""
APART = 0.13  # of the width: from one number of seconds to the next
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

    The training loss is the mean of the steps since the evaluation before, and is drawn over these
    steps. The model of the least validation loss was kept; its step is marked. A run that was
    stopped while its loss was still falling is marked too, with the call that goes on. The upper
    axis gives the seconds since the first evaluation; its name says how long the preparation took
    before.

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
    stored = adata.uns[Keys(key).uns]
    own = ax is None
    panel = panels(1, 1, ax, show, (4.8, 3.0))[0]
    _draw_losses(panel, table)
    ending = ending_of(stored, key, table)
    _mark(panel, table, ending)
    if log:
        _logarithmic(panel)
    panel.set(xlabel="step", ylabel=LOSSES[str(stored.get("loss", "mse"))])
    panel.set_title(lines_of(f"training of {key}{f', {ending.words}' * bool(ending.words)}", 48))
    panel.spines[["right"]].set_visible(False)
    panel.legend(
        loc="upper left", bbox_to_anchor=(1.03, 1), borderaxespad=0, frameon=False, fontsize=SMALL,
        handlelength=1.6, handletextpad=0.6,
    )  # fmt: skip
    _seconds_axis(panel, table)
    make_room([panel], 1, own)
    finish([panel], own, show)
    return panel


def _draw_losses(panel: Axes, table: pd.DataFrame) -> None:
    """Draw the validation loss where it was measured, and each mean over the steps it is of."""
    blue, orange = new_colors("losses", ["train", "validation"])
    trained = table[["step", "train_loss"]].dropna()
    before = table.loc[table["step"] < trained["step"].min(), "step"]
    steps, losses = trained["step"].to_numpy(), trained["train_loss"].to_numpy()
    if len(before):  # of the steps before the first evaluation that knows a training loss
        steps, losses = np.r_[before.iloc[-1], steps], np.r_[losses[:1], losses]
    panel.plot(
        steps, losses, color=blue, label="train, mean of steps", marker=_marker(steps),
        drawstyle="steps-pre",
    )  # fmt: skip
    validated = table[["step", "validation_loss"]].dropna()
    if len(validated):
        x, y = validated["step"], validated["validation_loss"]
        panel.plot(x, y, color=orange, label="validation", marker=_marker(x))


def _marker(steps: ArrayLike) -> str | None:
    return "o" if np.size(steps) == 1 else None  # a line through one point cannot be seen


def _mark(panel: Axes, table: pd.DataFrame, ending: Ending) -> None:
    """Mark the model that was kept, and the end of a run that was stopped too early."""
    black = ink(panel)
    validated = table[np.isfinite(table["validation_loss"])]
    if len(validated):
        best = validated.loc[validated["validation_loss"].idxmin()]
        kept = f"kept: {best['validation_loss']:#.4g}\nat step {best['step']:,.0f}"
        # Its edge is seen where the legend has another ground than the panel.
        panel.plot(
            best["step"], best["validation_loss"], "o", color=black, ms=6.5, mec=paper(panel),
            mew=0.8, label=kept,
        )  # fmt: skip
    if ending.stopped:
        watched = "validation_loss" if len(validated) else "train_loss"
        last = table[np.isfinite(table[watched])].iloc[-1]
        said = f"{ending.stopped};\nto go on:\n{lines_of(ending.cure, 26)}"
        panel.plot(
            last["step"], last[watched], ">", ms=11, mec=black, mfc=paper(panel), mew=1.3,
            label=said, zorder=1.9,
        )  # fmt: skip


def _logarithmic(panel: Axes) -> None:
    """Make the losses logarithmic, with enough ticks however small their range is."""
    panel.set_yscale("log")
    low, high = panel.get_ylim()
    few = high / low < 10
    panel.yaxis.set_major_locator(
        MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]) if few else LogLocator(subs=(1, 2, 5))
    )
    panel.yaxis.set_major_formatter("{x:g}")  # 2 and not 2 x 10^0
    panel.yaxis.set_minor_locator(NullLocator())


def _table(adata: AnnData, key: str) -> pd.DataFrame:
    if not hasattr(adata, "uns"):
        raise TypeError(f"adata must be an AnnData, not {type(adata).__name__}.")
    name = Keys(key).uns
    if not isinstance(adata.uns.get(name), dict) or "history" not in adata.uns[name]:
        trained = [k for k, v in adata.uns.items() if isinstance(v, dict) and "history" in v]
        missing = f"no training history in adata.uns[{name!r}]"
        raise KeyError(f"{missing}: {train_first(key, trained)}")
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
    begun = seconds[0]
    seconds = seconds - begun
    upper = ax.secondary_xaxis(
        "top", functions=(_piecewise(steps, seconds), _piecewise(seconds, steps))
    )
    upper.grid(False)
    upper.set_xticks(_apart(seconds, steps), minor=False)
    upper.xaxis.set_major_formatter("{x:g}")
    upper.set_xlabel(f"seconds, after {begun:.3g} of preparation")


def _apart(seconds: Floats, steps: Floats) -> Floats:
    """Return round numbers of seconds whose places among the steps are apart."""
    for number in (6, 5, 4, 3, 2, 1):
        ticks = MaxNLocator(number).tick_values(0, seconds[-1])
        ticks = ticks[ticks <= seconds[-1]]
        places = np.interp(ticks, seconds, steps)
        if (np.diff(places) >= APART * (steps[-1] - steps[0])).all():
            break
    return np.asarray(ticks, dtype=np.float64)


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
