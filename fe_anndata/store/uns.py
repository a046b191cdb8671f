"""What ``uns["fe"]`` holds, and the way back to a model.

Everything is a number, a string, an array, a DataFrame or a dict of such, so that it survives
``write_h5ad`` and ``read_h5ad`` unchanged; sizes are arrays because tuples cannot be written.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import torch

from ..models.factorized import Factorized
from ..training import Config, Fitted
from ..training.config import FIELDS, plain
from ..training.loop import Progress, State
from ..training.sizes import build

_TABLES = ("samples", "genes")
HISTORY_COLUMNS = (
    "step",
    "epoch",
    "seconds",
    "train_loss",
    "validation_loss",
    "cells_per_second",
)


def pack_config(config: Config) -> dict[str, Any]:
    """Return the configuration as it is stored."""
    return {
        name: np.array(value, dtype=np.int64) if isinstance(value, tuple) else value
        for name, value in asdict(config).items()
    }


def unpack_config(params: dict[str, Any]) -> Config:
    """Return the configuration that :func:`pack_config` stored among other parameters."""
    # What an older version did not know has its default: it did nothing then.
    return Config(**{name: plain(params[name]) for name in FIELDS if name in params})


def pack_model(model: Factorized, trained: np.ndarray) -> dict[str, np.ndarray]:
    """Return the weights of `model` but its two tables; what is per gene covers all genes."""
    arrays = {
        name: value.numpy().copy()
        for name, value in model.state_dict().items()
        if name not in _TABLES
    }
    arrays["offset"] = scatter(arrays["offset"], trained)
    return arrays


def unpack_model(
    config: Config,
    arrays: dict[str, np.ndarray],
    samples: np.ndarray,
    genes: np.ndarray,
    trained: np.ndarray,
) -> Factorized:
    """Return the model of the trained genes from its stored weights and its two tables."""
    model = build(config, len(samples), int(trained.sum()))
    arrays = {**arrays, "offset": arrays["offset"][trained]}
    # The mean of a gene, which may follow its factors, comes from the offset.
    factors = model.genes.shape[1]
    arrays |= {"samples": samples, "genes": genes[trained, :factors]}
    model.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in arrays.items()})
    return model


def pack_history(history: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the history as a tidy table."""
    return pd.DataFrame(history, columns=list(HISTORY_COLUMNS))


def pack_state(state: State) -> dict[str, Any]:
    """Return what a run needs to go on; its history stands in the table beside it."""
    packed: dict[str, Any] = {
        "progress": asdict(state.progress),
        "parameters": state.parameters,
        "moments": state.moments,
    }
    if state.best is not state.parameters:
        packed["best"] = state.best
    return packed


def unpack_state(packed: dict[str, Any], history: pd.DataFrame) -> State:
    """Return what :func:`pack_state` stored."""
    progress = Progress(**{name: plain(value) for name, value in packed["progress"].items()})
    records = history[history["step"] <= progress.step].to_dict("records")
    return State(
        progress=progress,
        parameters=dict(packed["parameters"]),
        best=dict(packed.get("best", packed["parameters"])),
        moments=dict(packed["moments"]),
        history=[{str(k): v for k, v in record.items()} for record in records],
    )


def pack_fitted(fitted: Fitted, params: dict[str, Any], trained: np.ndarray) -> dict[str, Any]:
    """Return all of ``uns["fe"]`` but the version and the fingerprint."""
    model = fitted.model
    minimum, maximum = model.bounds.tolist()
    packed = {
        "params": {
            **params,
            **pack_config(fitted.config),
            "ended": fitted.ended,
            "best_step": fitted.best_step,
            "validation_loss": fitted.validation_loss,
        },
        "history": pack_history(fitted.history),
        "preprocessing": {
            "n_obs": len(model.samples),
            "n_vars": len(model.genes),
            "centered": fitted.config.center,
            "scale": float(model.scale),
            "minimum": minimum,
            "maximum": maximum,
        },
        "model": pack_model(model, trained),
        "noise": {
            "genes": scatter(fitted.residuals.noise.genes.cpu().numpy(), trained),
            "factors": fitted.residuals.noise.factors.cpu().numpy(),
            "log_misfit_limit": fitted.residuals.log_misfit_limit,
            "spacing": fitted.residuals.spacing,
        },
    }
    if fitted.ended != "converged":
        packed["state"] = pack_state(fitted.resumable)
    return packed


def fingerprint(table: np.ndarray) -> np.ndarray:
    """Return a hash of every row, uint64: tells later whether rows are the ones trained."""
    hashed: np.ndarray = pd.util.hash_pandas_object(
        pd.DataFrame(np.ascontiguousarray(table)), index=False
    ).to_numpy()
    return hashed


def scatter(values: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Return `values` of the trained genes among all genes, NaN elsewhere."""
    full = np.full((len(trained), *values.shape[1:]), np.nan, dtype=np.float32)
    full[trained] = values
    return full
