"""Yes or no for each gene, in any form that says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_NUMBERS = (bool, np.bool_, int, np.integer, float, np.floating)


def booleans(given: Any, what: str, n: int) -> np.ndarray:
    """Return a value for each gene as bool (n,).

    Parameters
    ----------
    given
        Booleans of any type, or 0 and 1.
    what
        What they are called in messages.
    n
        How many genes there are.

    Raises
    ------
    ValueError
        If values are missing or something else.
    """
    values = np.asarray(given)
    if values.dtype != object and values.dtype.kind not in "biuf":
        values = values.astype(object)  # text
    if values.shape != (n,):
        raise ValueError(
            f"{what} must be {n} booleans, one per gene, or names of genes; it has "
            f"{values.dtype} values of shape {values.shape}."
        )
    missing = np.asarray(pd.isna(values))
    if missing.any():
        raise ValueError(
            f"{what} is missing (NA) for {missing.sum()} of {n} genes; say which they are, for "
            f"example {what} = {what}.fillna(False).astype(bool)."
        )
    text = [value for value in values if isinstance(value, str)] if values.dtype == object else []
    if text:
        raise ValueError(
            f"{what} holds text, such as {text[0]!r}; make it booleans: "
            f"{what} = {what} == {text[0]!r}."
        )
    if values.dtype == object and not all(isinstance(value, _NUMBERS) for value in values):
        raise ValueError(f"{what} must be booleans, one per gene; it holds other objects.")
    values = values.astype(float)
    if not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{what} must be {n} booleans, one per gene, or 0 and 1; it holds other numbers "
            f"({np.asarray(given).dtype}), from {values.min():g} to {values.max():g}."
        )
    return values.astype(bool)
