"""Is this a matrix that a model can be trained on? Checked before anything is computed."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from .values import Values, parts, stored


def check_trainable(X: Values, genes: pd.Index) -> None:
    """Raise ValueError if `X` (n_obs x n_vars) cannot be trained on; warn of raw counts.

    Parameters
    ----------
    X
        Float32 array or CSR matrix; NaN marks a missing value.
    genes
        The gene names.
    """
    n_obs, n_vars = X.shape
    if n_obs == 0 or n_vars == 0:
        raise ValueError(f"the matrix is empty ({n_obs} samples x {n_vars} genes).")
    if n_obs < 3 or n_vars < 3:
        raise ValueError(
            f"{n_obs} samples x {n_vars} genes are too few to embed; at least 3 of each are needed."
        )
    if not genes.is_unique:
        twice = genes[genes.duplicated()].unique()
        raise ValueError(
            f"{len(twice)} gene names occur more than once ({', '.join(map(str, twice[:3]))}); "
            "call adata.var_names_make_unique() first."
        )
    values = stored(X)
    if any(np.isinf(part).any() for _, part in parts(X)):
        raise ValueError(
            "the matrix holds infinite values, perhaps log(0); use log(x + 1), or set them to NaN "
            "to treat them as missing."
        )
    everywhere = values.size == n_obs * n_vars
    if everywhere and all(np.isnan(part).all() for _, part in parts(X)):
        raise ValueError("every value of the matrix is missing (NaN).")
    if looks_like_counts(values):
        warnings.warn(
            "the matrix looks like raw counts, which a few genes would dominate; train on log "
            "values, for example sc.pp.normalize_total(adata); sc.pp.log1p(adata).",
            UserWarning,
            stacklevel=5,  # the line of the user
        )


def looks_like_counts(values: np.ndarray) -> bool:
    """Return whether `values` are non-negative integers that reach beyond 50 (from a sample)."""
    sample = values.ravel()[:: max(1, values.size // 100_000)]
    sample = sample[~np.isnan(sample)]
    return bool(
        sample.size
        and sample.min() >= 0
        and np.nanmax(values) > 50
        and np.array_equal(sample, np.rint(sample))
    )
