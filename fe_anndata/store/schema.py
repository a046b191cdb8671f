"""What a stored result may hold: the type, the shape and the range of each of its parts.

Nothing is built of a result before it has been compared with this, so that a damaged file is an
error with a name, and no model of another size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..matrix.normalize import STEPS
from ..models.base import Family
from ..models.kinds import fits, plain
from ..models.option import Option
from ..models.options import Options
from ..training.state import HISTORY_COLUMNS
from .checksums import is_given

_ANY = Option("")
PARAMS: Mapping[str, Any] = {
    "model": str,
    "recipe": str,
    "rng": int,
    "layer": str | None,
    "normalize": str | None,
    "mask_var": str | None,
    "batch_key": str | tuple | None,
    "labels_key": str | None,
    "factors": str | tuple | None,
    "ended": str,
    "best_step": int,
}
"""What ``params`` holds beside the options of the family."""
PREPROCESSING: Mapping[str, Any] = {
    "n_obs": int | None,
    "n_vars": int | None,
    "sum": float | None,
    "mark": float | None,
    "counts": bool | None,
    "whole_numbers": bool | None,
}
CURE = "The file is damaged, or was changed since: use a copy that is whole, or train again."


def misfit(place: str, *names: str, is_what: str) -> ValueError:
    """Return the error for a part of a result that does not fit."""
    return ValueError(f"{place}{''.join(f'[{name!r}]' for name in names)} {is_what}. {CURE}")


def plain_values(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a section holds as plain Python, without what is not given.

    An array of one element is the number or the text in it.
    """
    return {
        str(name): plain_values(value) if isinstance(value, Mapping) else _plain(value)
        for name, value in section.items()
        if is_given(value)
    }


def _plain(value: Any) -> Any:
    value = plain(value)
    while isinstance(value, tuple) and len(value) == 1:
        (value,) = value
    return value


def checked_params(params: Any, place: str) -> dict[str, Any]:
    """Return ``params`` as plain Python; None for what a run is named by and was not given.

    Raises
    ------
    ValueError
        If something in it is of a wrong type.
    """
    values = _section(params, place, "params")
    checked = _checked(values, PARAMS, place, "params")
    if checked["normalize"] not in (None, *STEPS):
        is_what = f"is {_shown(checked['normalize'])}, not one of {', '.join(STEPS)}"
        raise misfit(place, "params", "normalize", is_what=is_what)
    return {**values, **checked}


def checked_preprocessing(found: Any, place: str) -> dict[str, Any]:
    """Return ``preprocessing`` as plain Python.

    Raises
    ------
    ValueError
        If something in it is of a wrong type.
    """
    values = _section(found, place, "preprocessing")
    given = {name: kind for name, kind in PREPROCESSING.items() if name in values}
    names = values.get("names", {})
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise misfit(place, "preprocessing", "names", is_what="is no dict of text")
    return {**values, **_checked(values, given, place, "preprocessing")}


def _section(found: Any, place: str, name: str) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        raise misfit(place, name, is_what=f"is {_kind(found)}, not a dict")
    return plain_values(found)


def _checked(
    values: Mapping[str, Any], kinds: Mapping[str, Any], place: str, section: str
) -> dict[str, Any]:
    found = {}
    for name, kind in kinds.items():
        value = as_kind(kind, values.get(name))
        if not fits(kind, value, _ANY):
            raise misfit(
                place, section, name, is_what=f"is {_shown(value)}, not {_kind_name(kind)}"
            )
        found[name] = value
    return found


def as_kind(kind: Any, value: Any) -> Any:
    """Return a number as the kind that is asked for, if it is one but for its dtype."""
    kinds = getattr(kind, "__args__", (kind,))
    if bool in kinds and not isinstance(value, bool) and value in (0, 1):
        return bool(value)
    if isinstance(value, float) and float not in kinds and value.is_integer():
        return int(value)
    if isinstance(value, tuple):
        return tuple(as_kind(int, part) for part in value)
    return value


def _kind_name(kind: Any) -> str:
    names = {str: "text", int: "a whole number", float: "a number", bool: "True or False"}
    return next(word for of, word in names.items() if of in getattr(kind, "__args__", (kind,)))


def _kind(value: Any) -> str:
    return f"of the type {type(value).__name__}"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) < 60 else f"{shown[:56]}..."


def checked_history(found: Any, place: str) -> pd.DataFrame:
    """Return the history, a table of numbers with a row for each evaluation.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if not isinstance(found, pd.DataFrame):
        raise misfit(place, "history", is_what=f"is {_kind(found)}, not a table")
    missing = [name for name in HISTORY_COLUMNS if name not in found.columns]
    if missing:
        raise misfit(place, "history", is_what=f"lacks the column {missing[0]!r}")
    wrong = [
        name
        for name in HISTORY_COLUMNS
        if not pd.api.types.is_numeric_dtype(found[name].dtype)
        or pd.api.types.is_complex_dtype(found[name].dtype)
    ]
    if wrong or not len(found):
        what = f"holds no numbers in {wrong[0]!r}" if wrong else "has no rows"
        raise misfit(place, "history", is_what=what)
    if not np.isfinite(found[["step", "epoch"]].to_numpy(dtype=np.float64)).all():
        raise misfit(place, "history", is_what="does not say at which steps")
    return found


def checked_tables(
    samples: Any, genes: Any, trained: Any, place: str, *, every_gene: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both embeddings as float32, and which genes were trained on as bool.

    Every trained gene has a vector, unless `every_gene` is False.

    Raises
    ------
    ValueError
        If a table holds no finite numbers, or others than the trained genes have a vector.
    """
    mask = truth(trained)
    if mask is None:
        raise ValueError(f"the column of var that says which genes were trained on: {CURE}")
    tables = []
    for name, table in (("samples", samples), ("genes", genes)):
        array = _numbers(table)
        if array is None or array.ndim != 2:
            raise ValueError(
                f"the vectors of the {name} of {place} are no table of numbers. {CURE}"
            )
        tables.append(array.astype(np.float32))
    if not np.isfinite(tables[0]).all():
        raise ValueError(f"a vector of a sample of {place} is not finite. {CURE}")
    has_vector = np.isfinite(tables[1]).all(axis=1)
    if (has_vector & ~mask).any() or (every_gene and (mask & ~has_vector).any()):
        raise ValueError(f"others than the trained genes have vectors in {place}. {CURE}")
    return tables[0], tables[1], mask


def truth(values: Any) -> np.ndarray | None:
    """Return booleans of any dtype, 0 and 1 included; None if there are others."""
    array = np.asarray(values)
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    said = [words.get(str(value).casefold()) for value in array]
    return None if None in said else np.array(said, dtype=bool)


def _numbers(found: Any) -> np.ndarray | None:
    """Return real numbers as an array; None if they are something else."""
    if found is None:
        return None
    try:
        array = np.asarray(found)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.dtype.kind in "fiub" else None


def require_arrays(
    of: Family,
    options: Options,
    arrays: Mapping[str, Mapping[str, Any]],
    tables: tuple[np.ndarray, np.ndarray],
    place: str,
) -> None:
    """Raise ValueError if the arrays of a model are not those that its options ask for.

    Parameters
    ----------
    of, options
        The family, and what the model was trained with.
    arrays
        By section and name; those per gene have rows of the trained genes alone.
    tables
        Of the samples and of the trained genes.
    place
        Of the result, for messages.
    """
    n_samples, n_genes = map(len, tables)
    try:
        shapes = of.shapes(options, n_samples, n_genes)
    except (ArithmeticError, AssertionError, RuntimeError, TypeError, ValueError) as error:
        reason = (str(error).splitlines() or ["too large"])[0]
        raise misfit(
            place, "params", is_what=f"asks for a model that cannot be ({reason})"
        ) from None
    for name, table in zip(("samples", "genes"), tables, strict=True):
        if name in shapes and not _alike(table.shape, shapes[name]):
            raise misfit(
                place, "params", is_what=f"asks for {name} of shape {_words(shapes[name])}, but "
                f"theirs is {table.shape}"
            )  # fmt: skip
    for name in sorted({*shapes, *of.per_gene_of(options)} - {"samples", "genes"}):
        section, _, key = name.partition("/")
        if section not in arrays and section != "model":
            continue  # files of early versions have no such section
        array = _numbers(arrays.get(section, {}).get(key))
        if array is None:
            raise misfit(place, section, key, is_what="is missing, or is no array of numbers")
        wanted = shapes.get(name, (n_genes, ...))
        if not _alike(array.shape, wanted):
            raise misfit(
                place, section, key, is_what=f"has shape {array.shape}, but {_words(wanted)} "
                "belongs to its params"
            )  # fmt: skip
        known = ~np.isnan(array) if name in of.padded else ...
        if not np.isfinite(array[known]).all():
            raise misfit(place, section, key, is_what="holds NaN or infinite values")


def _alike(shape: tuple[int, ...], wanted: tuple[Any, ...]) -> bool:
    if wanted == ():
        return math.prod(shape) == 1
    if wanted[-1] is Ellipsis:
        return shape[: len(wanted) - 1] == wanted[:-1]
    return len(shape) == len(wanted) and all(
        b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def _words(shape: tuple[Any, ...]) -> str:
    return f"({', '.join('any' if n is None else str(n) for n in shape)})"
