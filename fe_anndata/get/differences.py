"""How far methods are apart that were judged on the same folds, and how sure that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .._core.errors import require_key
from ..evaluation import corrected_error

COLUMNS = ("method", "dim", "fold", "classifier", "n_train", "n_test")
SURE = 2.0
"""Standard errors that a difference must have to be believed."""
LESS_IS_BETTER = "seconds"
"""How the names of such columns begin."""


def differences(
    table: pd.DataFrame, method: str | None = None, *, metric: str = "accuracy_new"
) -> pd.DataFrame:
    """Return how far a method is ahead of the others on the same folds, and what follows from it.

    Differences are paired by fold. Their standard error is corrected, because folds share most of
    their training samples (Nadeau and Bengio, 2003): its square is the variance of the differences
    times ``1 / n + n_test / n_train``. A difference within two of them is not to be relied on.

    Parameters
    ----------
    table
        The table that :func:`fe_anndata.tl.evaluate` returned, best of several deals of folds. If
        it has a column ``seed``, of tables of several seeds on the same folds, the seeds of a fold
        are averaged first.
    method
        The method that is compared with each other one; by default the first of the table.
    metric
        The column to compare.

    Returns
    -------
    DataFrame
        One row per dimension, classifier and other method.

        ``method``, ``against``, ``dim``, ``classifier``
            What was compared.
        ``difference``, ``standard_error``
            The mean of the first minus the second over folds that have both, and its corrected
            standard error; NaN if there are fewer than two.
        ``won``, ``n``
            In how many folds the first is better, and of how many.
        ``sentence``
            Which of both to use, or that the difference is within two standard errors.

    Raises
    ------
    KeyError
        If the table has no such column or method.
    ValueError
        If there is no other method, or a fold is there twice.
    TypeError
        If `table` is no DataFrame.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> def noise(train, dim, seed):
    ...     return lambda new: np.random.default_rng(new.n_obs).normal(size=(new.n_obs, dim))
    >>> import numpy as np
    >>> methods = ["pca", noise]
    >>> quick = {"dims": [2], "classifiers": ["knn"], "progress": False}
    >>> table = fe.tl.evaluate(adata, "group", methods=methods, deals=2, **quick)
    >>> found = fe.get.differences(table, "pca")
    >>> found["sentence"][0][:20], int(found["n"][0])
    ('use pca: ahead of no', 10)
    """
    values = _by_fold(table, metric)
    method = str(table["method"].iloc[0]) if method is None else method
    names = list(dict.fromkeys(table["method"]))
    require_key(method, names, "method in the table,")
    if len(names) < 2:
        raise ValueError(f"the table has no method but {method!r}; evaluate another one beside it.")
    shares = (table["n_test"] / table["n_train"]).groupby(table["dim"]).mean()
    rows = []
    for (dim, classifier), of in values.groupby(["dim", "classifier"], sort=False):
        wide = of.pivot_table(index=["deal", "fold"], columns="method", values=metric)
        for other in (name for name in names if name != method):
            if method not in wide or other not in wide:
                continue
            paired = (wide[method] - wide[other]).dropna().to_numpy(dtype=np.float64)
            row = _row(method, other, paired, float(shares[dim]), metric)
            rows.append({**row, "dim": dim, "classifier": classifier})
    order = ["method", "against", "dim", "classifier", "difference", "standard_error", "won", "n",
             "sentence"]  # fmt: skip
    return pd.DataFrame(rows, columns=order)


def _by_fold(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the column as means over seeds, a row per method, dimension, classifier and fold."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be the DataFrame of fe.tl.evaluate, not {type(table).__name__}."
        )
    for column in (*COLUMNS, metric):
        require_key(column, table.columns, "column of the table")
    if table.empty:
        raise ValueError("the table has no rows, so there is nothing to compare.")
    if "deal" not in table:  # as before there were several
        table = table.assign(deal=0)
    fold = ["method", "dim", "classifier", "deal", "fold"]
    once = [*fold, *(["seed"] if "seed" in table else [])]
    if table.duplicated(once).any():
        raise ValueError(
            "the table has a fold twice: compare one cohort at a time, and name seeds in a column "
            "'seed'."
        )
    return table.groupby(fold, sort=False)[metric].mean().reset_index()


def _row(method: str, other: str, paired: np.ndarray, share: float, metric: str) -> dict[str, Any]:
    """Return what is said of two methods; `paired` are differences by fold."""
    better = -1 if metric.startswith(LESS_IS_BETTER) else 1
    mean = float(paired.mean()) if len(paired) else float("nan")
    error = corrected_error(paired, share)
    return {
        "method": method,
        "against": other,
        "difference": mean,
        "standard_error": error,
        "won": int((better * paired > 0).sum()),
        "n": len(paired),
        "sentence": _sentence(method, other, better * mean, error, metric),
    }


def _sentence(method: str, other: str, ahead: float, error: float, metric: str) -> str:
    what = metric.replace("_", " ")
    if not np.isfinite(error):
        return f"{method} and {other} have too few folds in common to be compared"
    if abs(ahead) <= SURE * error:
        return (
            f"use either: {method} and {other} are within two standard errors "
            f"({what} {ahead:+.3f}, standard error {error:.3f})"
        )
    first, second = (method, other) if ahead > 0 else (other, method)
    return (
        f"use {first}: ahead of {second} by {abs(ahead):.3f} ({what}, standard error {error:.3f})"
    )
