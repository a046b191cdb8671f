"""What ``uns["fe"]`` holds, and the way back to a trained model.

Everything is a number, a string, an array, a DataFrame or a dict of such, so that it survives
``write_h5ad`` and ``read_h5ad`` unchanged; sizes are arrays because tuples cannot be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_origin

import numpy as np
import pandas as pd

from ..models import families, family
from ..models.base import Family
from ..models.kinds import alternatives
from ..models.options import Options, types_of
from ..models.trained import Trained
from ..training import Fitted
from ..training.state import HISTORY_COLUMNS, Counters, State
from .checksums import is_given
from .records import pack_records, unpack_records
from .schema import as_kind, checked_tables, misfit, plain_values, require_arrays

FORMAT, WITH_CHECKSUMS = 3, 3
"""Of the layout of ``uns``, not of the package.

1 named options in other words; 2 had no checksums, and None for what was not given.
"""
_ARRAYS = ("parameters", "moments", "best")
_COUNTERS = {"step": int, "best_step": int, "best_loss": float, "reference_loss": float,
             "waited": int, "drops": int}  # fmt: skip
_OLD_COLUMNS = {"cells_per_second": "entries_per_second"}


def pack_options(options: Options) -> dict[str, Any]:
    """Return options as they are stored: sizes as arrays, and None as the empty string."""
    return {
        name: np.array(value, dtype=np.int64) if isinstance(value, tuple) else _or_empty(value)
        for name, value in options.chosen().items()
    }


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _identity(value: Any) -> Any:
    return np.array(value, dtype=object) if isinstance(value, tuple) else _or_empty(value)


def unpack_options(of: Family, params: Mapping[str, Any], place: str = "uns['fe']") -> Options:
    """Return the options that :func:`pack_options` stored among other parameters.

    Raises
    ------
    ValueError
        If a value is of a wrong type, or values do not go together.
    """
    kinds = types_of(of.options)
    empty = {n: None if np.size(v) else () for n, v in params.items() if not is_given(v)}
    given = {**plain_values(params), **empty}
    try:
        known = of.upgraded(given)
        return of.options(
            **{
                name: as_kind(kind, known[name]) if known.get(name) is not None else _empty(kind)
                for name, kind in kinds.items()
                if name in known or _can_be_lost(kind)
            }
        )
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise misfit(
            place, "params", is_what=f"does not fit together: {str(error).rstrip('.')}"
        ) from error


def _can_be_lost(kind: Any) -> bool:
    """Return whether an option may be empty, which other programs leave out."""
    return any(_is_nothing(of) or get_origin(of) is tuple for of in alternatives(kind))


def _empty(kind: Any) -> Any:
    """Return what an option holds that is stored as nothing."""
    kinds = alternatives(kind)
    if any(map(_is_nothing, kinds)):
        return None
    return () if any(get_origin(of) is tuple for of in kinds) else ""


def _is_nothing(kind: Any) -> bool:
    return kind is type(None)


def pack_history(history: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the history as a tidy table."""
    return pd.DataFrame(history, columns=list(HISTORY_COLUMNS))


def unpack_history(stored: Any) -> Any:
    """Return a stored history with the columns of today; anything else as it is."""
    return stored.rename(columns=_OLD_COLUMNS) if isinstance(stored, pd.DataFrame) else stored


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


def unpack_state(
    packed: Mapping[str, Any],
    history: pd.DataFrame,
    place: str = "uns['fe']",
    records: Any = None,
) -> State:
    """Return what :func:`pack_state` stored.

    Parameters
    ----------
    packed
        The state.
    history, records
        What stands beside it, of steps that may lie behind it.
    place
        Of the result, for messages.

    Raises
    ------
    ValueError
        If a part is missing or of a wrong type.
    """
    if not isinstance(packed, Mapping):
        raise misfit(place, "state", is_what="is no dict")
    sections = {name: packed.get(name, {}) for name in ("progress", "facts", *_ARRAYS)}
    for name, section in sections.items():
        if not isinstance(section, Mapping) or (name == "parameters" and not section):
            raise misfit(place, "state", name, is_what="is missing, or is no dict")
    numbers, facts = (plain_values(sections[name]) for name in ("progress", "facts"))
    if "noise" in numbers:  # where format 1 kept it
        facts["sample_noise"] = numbers.pop("noise")
    try:
        counters = Counters(
            **{name: as_kind(kind, numbers[name]) for name, kind in _COUNTERS.items()}
        )
        facts = {name: float(value) for name, value in facts.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise misfit(
            place, "state", "progress", is_what=f"is no count of steps ({error})"
        ) from None
    if not all(type(getattr(counters, name)) is kind for name, kind in _COUNTERS.items()):
        raise misfit(place, "state", "progress", is_what="holds others than numbers")
    seen = unpack_history(history)
    seen = seen[seen["step"] <= counters.step]
    kept = [] if records is None else unpack_records(records, place)[0]
    arrays = {
        name: {str(key): np.asarray(value) for key, value in sections[name].items()}
        for name in _ARRAYS
    }
    return State(
        counters=counters,
        parameters=arrays["parameters"],
        best=arrays["best"] or dict(arrays["parameters"]),
        moments=arrays["moments"],
        history=[{str(k): v for k, v in record.items()} for record in seen.to_dict("records")],
        facts=facts,
        records=[record for record in kept if record[0] <= counters.step],
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
        **{name: _identity(value) for name, value in identity.items()},
        **pack_options(model.options),
        "ended": fitted.ended,
        "best_step": fitted.best_step,
        "validation_loss": fitted.validation_loss,
    }
    packed["history"] = pack_history(fitted.history)
    packed["loss"] = of.loss_of(model.options)
    packed["format"] = FORMAT
    if fitted.records:
        packed["records"] = pack_records(fitted.records, model.change)
    if fitted.ended != "converged":
        packed["state"] = pack_state(fitted.resumable)
    return packed


def unpack_trained(
    stored: Mapping[str, Any],
    samples: Any,
    genes: Any,
    trained: Any,
    place: str = "uns['fe']",
) -> Trained:
    """Return the trained model.

    Parameters
    ----------
    stored
        ``uns["fe"]``.
    samples, genes
        Both embeddings, (n_obs, sample_dim) and (n_vars, gene_dim), the latter of all genes.
    trained
        Which genes the model knows, (n_vars,).
    place
        Of the result, for messages.

    Raises
    ------
    ValueError
        If the arrays are not those of a model with these options.
    """
    of = family_of(stored, place)
    options = unpack_options(of, stored["params"], place)
    samples, genes, trained = checked_tables(
        samples, genes, trained, place, every_gene=of.every_gene
    )
    arrays: dict[str, dict[str, Any]] = {}
    for name, section in stored.items():
        if isinstance(section, Mapping):
            arrays[name] = {str(key): value for key, value in section.items()}
    for per_gene in sorted(of.per_gene_of(options)):
        name, _, key = per_gene.partition("/")
        value = np.asarray(arrays.get(name, {}).get(key))
        if len(np.shape(value)) and len(value) == len(trained):
            arrays[name][key] = value[trained]
        elif name in arrays:
            raise misfit(place, name, key, is_what=f"lacks a row for each of {len(trained)} genes")
    require_arrays(of, options, arrays, (samples, genes[trained]), place)
    return of.load(options, samples, genes[trained], arrays)


def family_of(stored: Mapping[str, Any], place: str = "uns['fe']") -> Family:
    """Return the family of a stored result.

    Raises
    ------
    ValueError
        If it is not known here.
    """
    name = str(stored["params"]["model"])
    if name not in families():
        raise ValueError(
            f"the model in {place} is of the family {name!r}, which is not known here; import the "
            "package that adds it by fe.models.register."
        )
    return family(name)


def fingerprint(table: Any) -> np.ndarray:
    """Return a hash of every row, uint64: tells later whether rows are the ones trained.

    It is of float32 numbers: a tour through another program makes others of them.
    """
    numbers = np.ascontiguousarray(table, dtype=np.float32)
    hashed: np.ndarray = pd.util.hash_pandas_object(pd.DataFrame(numbers), index=False).to_numpy()
    return hashed


def scatter(values: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Return `values` of the trained genes among all genes, NaN elsewhere."""
    full = np.full((len(trained), *values.shape[1:]), np.nan, dtype=np.float32)
    full[trained] = values
    return full
