"""Tables, written and summarised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SHOWN = ("accuracy_new", "accuracy_fitted", "label_r2_new", "label_r2_fitted", "r2_new",
         "distance_pearson_new", "seconds_fit", "seconds_new")  # fmt: skip


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table, separated by commas for .csv and by tabs for anything else."""
    table.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over folds of what is read first."""
    by = table.groupby(["method", "decoder", "dim", "classifier"], sort=False)
    return by[[column for column in SHOWN if column in table]].mean()
