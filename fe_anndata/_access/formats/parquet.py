"""Matrices in .parquet files, read by pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..._core.extras import extra
from .layout import describes_by_numbers
from .table import Table, held


def read_parquet(path: Path, progress: bool) -> Table:
    """Read a .parquet file; its index, or else its first column of text, names the rows.

    Raises
    ------
    ValueError
        If nothing names the rows, or there are no numbers.
    ImportError
        If pyarrow is not installed.
    """
    extra("pyarrow", "parquet", "a .parquet file")
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except Exception as error:
        raise ValueError(f"{path} is damaged ({error}); get it again.") from error
    numbers = frame.select_dtypes(["number", "bool"])
    numbers = numbers[[name for name in numbers if not describes_by_numbers(str(name))]]
    beside = frame.drop(columns=numbers.columns)
    index = frame.index
    if pd.api.types.is_integer_dtype(index.dtype):  # numbers of rows, also of those that are left
        names = next((name for name in beside if beside[name].is_unique), None)
        if names is None and isinstance(index, pd.RangeIndex):
            raise ValueError(
                f"{path} has no names of rows: write it with them as the index, or as a column."
            )
        index = index if names is None else pd.Index(beside.pop(names))
    index = pd.Index(index.astype(str), dtype=object)
    beside.index = index
    if numbers.empty:
        raise ValueError(f"{path} has no column of numbers.")
    values = numbers.to_numpy(dtype=np.float32, na_value=np.nan)
    columns = pd.Index(numbers.columns.astype(str), dtype=object)
    return held(index, columns, beside, values)
