"""Model: how it was trained, how well, with what, and the command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import __version__
from ..._access.results import require_trained
from ...get import history
from ...models import family
from ...models.options import options_of
from ...pl._ended import ending_of
from ...tl._resume import IDENTITY
from ..asking import Asked, plain, table_of
from ..site import Site, api

LOSSES = {"mse": "mean squared error per entry", "cross-entropy": "nats per token",
          "nll": "nats per entry"}  # fmt: skip
OF_THE_CALL = tuple(name for name in IDENTITY if name != "model")


def model(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the parameters, the history and what is to be said of a training."""
    data = site.data
    if not data.families:
        raise ValueError("no model was trained in this file: train on the page Home.")
    key = asked.text("key", next(iter(data.families)))
    stored = require_trained(data.adata, key)
    params, loss = stored["params"], str(stored.get("loss", "mse"))
    table = history(data.adata, key=key)
    ending = ending_of(data.adata.uns[key], key, table)
    held = table["validation_loss"].dropna()
    given = _given(params)
    r2 = _held_out_r2(stored, float(held.min())) if len(held) and loss == "mse" else None
    return {
        "key": key, "family": params["model"], "families": list(data.families),
        "params": [[name, plain(value)] for name, value in params.items()],
        "history": table_of(table), "loss": loss, "unit": LOSSES.get(loss, loss),
        "validation_loss": float(held.min()) if len(held) else None, "held_out_r2": r2,
        "best_step": params["best_step"], "ended": ending.words,
        "warnings": _warnings(params, stored, ending, len(held)),
        "versions": {"written by fe_anndata": stored.get("version"), "format": stored.get("format"),
                     "fe_anndata here": __version__},
        "facts": plain(stored["preprocessing"]),
        "command": _command(site, params, key, given),
        "python": [data.opening, f"fe.get.history(adata, key={key!r})",
                   f"fe.tl.train(adata, {_call(params, key, given)})"],
    }  # fmt: skip


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a call must be given to do the same, with the values that were chosen for it."""
    options = options_of(family(params["model"]).options)
    defaults = {name: of.default for name, of in options.items()}
    found = {}
    for name, default in (dict.fromkeys(OF_THE_CALL) | defaults).items():
        value = plain(params.get(name))
        value = tuple(value) if isinstance(value, list) else value
        if value not in (None, "", default):
            found[name] = value
    if found.get("recipe") == "default":
        del found["recipe"]
    return found


def _call(params: Mapping[str, Any], key: str, given: Mapping[str, Any]) -> str:
    words = [f"{name}={value!r}" for name, value in given.items()]
    as_is = [] if params["normalize"] else ["normalize=None"]
    return ", ".join([repr(params["model"]), *as_is, *words, f"key_added={key!r}"])


def _command(site: Site, params: Mapping[str, Any], key: str, given: Mapping[str, Any]) -> str:
    path = site.data.path
    name = "cells.h5ad" if path is None else path.name
    words = ["fe-anndata", "train", name, "--model", params["model"], "--key-added", key]
    words += [] if params["normalize"] else ["--normalize", "none"]
    for option, value in given.items():
        typed = option.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{typed}" if value else f"--no-{typed}")
        else:
            listed = value if isinstance(value, tuple) else (value,)
            words += [f"--{typed}", *map(str, listed)]
    return shlex.join([*words, "-o", "again.h5ad"])


def _held_out_r2(stored: Mapping[str, Any], loss: float) -> float | None:
    """Return 1 less the held-out error over the variance of the entries, whose root is kept."""
    known = stored["preprocessing"]
    return float(1 - loss / known["scale"] ** 2) if known.get("centered") else None


def _warnings(
    params: Mapping[str, Any], stored: Mapping[str, Any], ending: Any, n_held: int
) -> list[str]:
    found = []
    if (
        params["model"] == "fe"
        and params["normalize"] is None
        and stored["preprocessing"].get("counts")
    ):
        found.append("It was trained on raw counts: logarithms are what it is meant for. "
                     "fe.tl.train(adata, normalize='log1p_cp10k')")  # fmt: skip
    if ending.stopped:
        found.append(f"{ending.stopped}. To go on: {ending.cure}")
    if not n_held:
        found.append("Nothing was held out, so how well it predicts is not known.")
    if str(stored.get("version", __version__)) != __version__:
        found.append(
            f"It was written by fe_anndata {stored.get('version')}; this is {__version__}."
        )
    if not np.isfinite(stored["history"]["train_loss"].dropna()).all():
        found.append("The history holds losses that are not finite.")
    return found


ROUTES = [api("/model", model)]
