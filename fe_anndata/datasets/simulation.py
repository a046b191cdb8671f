"""Bulk-like expression with known factors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.random import Rng, generator, seed_of

N_FACTORS = 8
NOISE = 0.5


def simulated(n_obs: int = 500, n_vars: int = 2000, n_groups: int = 10, *, rng: Rng = 0) -> AnnData:
    """Simulate log expression of low rank with a nonlinearity, gene means and noise.

    Samples lie around the centres of their groups in a space of eight factors. Genes follow
    programmes that saturate, ``tanh`` of mixtures of the factors. Values below 0 are set
    to 0, since log(x + 1) has none.

    Parameters
    ----------
    n_obs, n_vars
        Number of samples and genes.
    n_groups
        Number of groups of samples, as equal in size as can be.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    AnnData
        ``X`` float32 (n_obs, n_vars); ``obs["group"]``; the true factors in ``obsm["factors"]``
        (n_obs, 8) and ``varm["programmes"]`` (n_vars, 16); ``var["mean"]``; and the expression
        without noise in ``layers["truth"]``.

    Raises
    ------
    ValueError
        If a size is not positive, or there are more groups than samples.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.datasets.simulated(100, 300, 5).obs["group"].nunique()
    5
    """
    for name, value in (("n_obs", n_obs), ("n_vars", n_vars), ("n_groups", n_groups)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}.")
    if n_groups > n_obs:
        raise ValueError(f"{n_groups} groups need at least as many samples, not {n_obs}.")
    draw = generator(seed_of(rng), "simulated")
    group = np.arange(n_obs) * n_groups // n_obs
    centres = 1.5 * draw.standard_normal((n_groups, N_FACTORS))
    factors = centres[group] + 0.5 * draw.standard_normal((n_obs, N_FACTORS))
    mixing = draw.standard_normal((N_FACTORS, 2 * N_FACTORS)) / np.sqrt(N_FACTORS)
    programmes = draw.standard_normal((n_vars, 2 * N_FACTORS)) / np.sqrt(2)
    mean = draw.gamma(2.0, 1.5, size=n_vars)
    truth = np.maximum(mean + np.tanh(factors @ mixing) @ programmes.T, 0).astype(np.float32)
    noise = draw.standard_normal(truth.shape, dtype=np.float32)
    labels = [f"group {i + 1}" for i in range(n_groups)]
    return AnnData(
        X=np.maximum(truth + np.float32(NOISE) * noise, 0),
        obs=pd.DataFrame(
            {"group": pd.Categorical.from_codes(group, labels)},
            index=[f"sample{i + 1}" for i in range(n_obs)],
        ),
        var=pd.DataFrame(
            {"mean": mean.astype(np.float32)}, index=[f"gene{i + 1}" for i in range(n_vars)]
        ),
        obsm={"factors": factors.astype(np.float32)},
        varm={"programmes": programmes.astype(np.float32)},
        layers={"truth": truth},
    )
