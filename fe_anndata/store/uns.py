"""What ``uns["fe"]`` holds, and the way back to a trained model.

Everything is a number, a string, an array, a DataFrame or a dict of such, so that it survives
``write_h5ad`` and ``read_h5ad`` unchanged; sizes are arrays because tuples cannot be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ..models import families, family
from ..models.base import Family, Trained
from ..models.kinds import plain
from ..models.options import Options, options_of
from ..training import Fitted
from ..training.state import HISTORY_COLUMNS, Counters, State

FORMAT = 2
"""Of the layout of ``uns``, not of the package; 1 named options in other words."""
_OLD_COLUMNS = {"cells_per_second": "entries_per_second"}


def pack_options(options: Options) -> dict[str, Any]:
    """Return options as they are stored."""
    return {
        name: np.array(value, dtype=np.int64) if isinstance(value, tuple) else value
        for name, value in options.chosen().items()
    }


def unpack_options(of: Family, params: Mapping[str, Any]) -> Options:
    """Return the options that :func:`pack_options` stored among other parameters."""
    known = of.upgraded(params)
    # What an older version did not know has its default.
    return of.options(
        **{name: plain(known[name]) for name in options_of(of.options) if name in known}
    )


def pack_history(history: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the history as a tidy table."""
    return pd.DataFrame(history, columns=list(HISTORY_COLUMNS))


def unpack_history(stored: pd.DataFrame) -> pd.DataFrame:
    """Return a stored history with the columns of today."""
    return stored.rename(columns=_OLD_COLUMNS)


def pack_state(state: State) -> dict[str, Any]:
    """Return what a run needs to go on; its history stands in the table beside it."""
    packed: dict[str, Any] = {
        "progress": asdict(state.counters),
        "facts": dict(state.facts),
        "parameters": state.parameters,
        "moments": state.moments,
    }
    if state.best is not state.parameters:
        packed["best"] = state.best
    return packed


def unpack_state(packed: Mapping[str, Any], history: pd.DataFrame) -> State:
    """Return what :func:`pack_state` stored."""
    numbers = {name: plain(value) for name, value in packed["progress"].items()}
    facts = {name: float(value) for name, value in packed.get("facts", {}).items()}
    if "noise" in numbers:  # where format 1 kept it
        facts["sample_noise"] = float(numbers.pop("noise"))
    counters = Counters(**numbers)
    records = unpack_history(history)
    records = records[records["step"] <= counters.step]
    return State(
        counters=counters,
        parameters=dict(packed["parameters"]),
        best=dict(packed.get("best", packed["parameters"])),
        moments=dict(packed["moments"]),
        history=[{str(k): v for k, v in record.items()} for record in records.to_dict("records")],
        facts=facts,
    )


def pack_fitted(
    of: Family, fitted: Fitted, identity: Mapping[str, Any], trained: np.ndarray
) -> dict[str, Any]:
    """Return all of ``uns["fe"]`` but what is known of the matrix, and the fingerprint.

    Parameters
    ----------
    of
        The family.
    fitted
        Its result.
    identity
        What the run is named by, beside its options.
    trained
        Which genes it knows, bool (n_vars,).
    """
    model = fitted.trained
    packed: dict[str, Any] = {
        name: {
            key: scatter(value, trained) if f"{name}/{key}" in of.per_gene else value
            for key, value in section.items()
        }
        for name, section in model.arrays().items()
    }
    packed["params"] = {
        **identity,
        **pack_options(model.options),
        "ended": fitted.ended,
        "best_step": fitted.best_step,
        "validation_loss": fitted.validation_loss,
    }
    packed["history"] = pack_history(fitted.history)
    packed["loss"] = of.loss
    packed["format"] = FORMAT
    if fitted.ended != "converged":
        packed["state"] = pack_state(fitted.resumable)
    return packed


def unpack_trained(
    stored: Mapping[str, Any], samples: np.ndarray, genes: np.ndarray, trained: np.ndarray
) -> Trained:
    """Return the trained model.

    Parameters
    ----------
    stored
        ``uns["fe"]``.
    samples, genes
        Both embeddings, float32, the latter of all genes.
    trained
        Which genes the model knows, bool (n_vars,).
    """
    of = family_of(stored)
    arrays = {
        name: {
            key: np.asarray(value)[trained] if f"{name}/{key}" in of.per_gene else value
            for key, value in section.items()
        }
        for name, section in stored.items()
        if isinstance(section, Mapping)
    }
    return of.load(unpack_options(of, stored["params"]), samples, genes[trained], arrays)


def family_of(stored: Mapping[str, Any]) -> Family:
    """Return the family of a stored result.

    Raises
    ------
    ValueError
        If it is not known here.
    """
    name = str(stored["params"]["model"])
    if name not in families():
        raise ValueError(
            f"the model is of the family {name!r}, which is not known here; import the package "
            "that adds it by fe.models.register."
        )
    return family(name)


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
