"""Tables, written and summarised."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from .._core.endings import PICTURE, TABLE
from .._core.whole import whole
from .arguments import training_of_each
from .inputs import read
from .outputs import require_outputs

SHOWN = ("accuracy_new", "accuracy_fitted", "label_r2_new", "label_r2_fitted", "r2_new",
         "distance_pearson_new", "seconds_fit", "seconds_new")  # fmt: skip


def write_table(table: pd.DataFrame, path: Path, *, overwrite: bool, **options: Any) -> None:
    """Write a table, separated by commas for .csv and by tabs for anything else, or zipped so.

    Parameters
    ----------
    table
        What to write; its index is left out unless `options` name it.
    path
        The file.
    overwrite
        Whether to replace it if it exists.
    **options
        Of :meth:`pandas.DataFrame.to_csv`.
    """
    zipped = path.suffix.lower() == ".gz"
    options = {"index": False, **options}
    text = table.to_csv(sep="," if _is_csv(path) else "\t", **options).encode()
    with whole(path, overwrite=overwrite) as made:
        made.write_bytes(gzip.compress(text, mtime=0) if zipped else text)


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """Return a table of :func:`write_table`, or one like it.

    Parameters
    ----------
    path
        The file.
    **options
        Of :func:`pandas.read_csv`.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return pd.read_csv(path, sep="," if _is_csv(path) else "\t", **options)
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        hint = ""
        if path.suffix == ".h5ad":
            hint = " Of an AnnData, the command that the picture is named by makes the table (-o)."
        raise ValueError(f"{path} is no table: {error}.{hint}") from None


def _is_csv(path: Path) -> bool:
    zipped = path.suffix.lower() == ".gz"
    return Path(path.stem if zipped else path).suffix.lower() == ".csv"


def measured(
    verb: Callable[..., pd.DataFrame],
    picture: Callable[..., Any],
    input: Path,
    asked: object,
    outputs: tuple[Path, Path | None],
    *,
    overwrite: bool,
) -> pd.DataFrame:
    """Return the table of a verb, after writing it and its picture.

    Parameters
    ----------
    verb, picture
        What measures an AnnData, and what draws the table.
    input
        The file to measure.
    asked
        The options of the verb as attributes; None is left to the verb.
    outputs
        The table and the picture to write, if one is wanted.
    overwrite
        Whether they may exist.
    """
    from .pictures import save

    out, plot = outputs
    expected = ((out, TABLE), (plot, PICTURE))
    require_outputs(expected, overwrite=overwrite, inputs={"the input": input})
    given = {name: value for name, value in vars(asked).items() if value is not None}
    if "train" in given:
        given["train"] = training_of_each(given["train"])
    table = verb(read(input), **given)
    write_table(table, out, overwrite=overwrite)
    if plot is not None:
        save(picture(table, show=False), plot, overwrite=overwrite)
    return table


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over folds of what is read first."""
    by = table.groupby(["method", "decoder", "dim", "classifier"], sort=False)
    return by[[column for column in SHOWN if column in table]].mean()
