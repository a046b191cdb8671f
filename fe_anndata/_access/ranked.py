"""Genes ranked for groups of samples, in the form in which Scanpy keeps them in uns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

FIELDS = {"names": "O", "scores": "float32", "logfoldchanges": "float32",
          "standard_errors": "float32", "pvals": "float64", "pvals_adj": "float64"}  # fmt: skip
"""What is kept of each gene: a record array, with a field for each group."""


def as_scanpy(tables: Mapping[str, pd.DataFrame], **params: str | bool | None) -> dict[str, Any]:
    """Return tables of groups, ranked, in the form of Scanpy."""
    found: dict[str, Any] = {"params": {**params, "use_raw": False}}
    for field, dtype in FIELDS.items():
        columns = {group: table[field].to_numpy() for group, table in tables.items()}
        dtypes = dict.fromkeys(columns, dtype)
        found[field] = pd.DataFrame(columns).to_records(index=False, column_dtypes=dtypes)
    return found


def ranked_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return what :func:`as_scanpy` made as one table, with a row for each group and gene."""
    parts = {
        group: pd.DataFrame({field: found[field][group] for field in FIELDS})
        for group in found["names"].dtype.names
    }
    table = pd.concat(parts, names=["group", None]).reset_index(level="group")
    return table.reset_index(drop=True)
