"""Modalities joined: one matrix of the features of all, each multiplied so that they balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import near
from .._core.log import logger
from ..matrix.beside import beside, deviation
from .modalities import MODALITY, SCALE, Modality, modalities_of, scales_in


def joined(
    data: Any,
    modalities: Mapping[str, str] | None = None,
    weights: Mapping[str, float] | None = None,
    reference: AnnData | None = None,
) -> AnnData:
    """Return one AnnData of all modalities, as :func:`fe_anndata.pp.join_modalities` says."""
    found, obs = modalities_of(data, modalities)
    scales = _scales(found, weights) if reference is None else _known(found, reference, weights)
    _require_shared(found, len(obs))
    parts = [(part.X, part.rows, scales[part.name]) for part in found]
    var = pd.concat([_features(part, scales[part.name]) for part in found])
    several = var.index.duplicated(keep=False)
    names = var.index.to_series().where(~several, var[MODALITY] + ":" + var.index.to_series())
    var.index = pd.Index(names.to_numpy(dtype=object).astype(str))
    made = AnnData(beside(parts, len(obs)), obs=obs.copy(), var=var)
    said = ", ".join(f"{part.name} {part.X.shape[1]} features x {part.n} samples" for part in found)
    logger.info("joined %s", said)
    return made


def _features(part: Modality, scale: float) -> pd.DataFrame:
    return pd.DataFrame({MODALITY: part.name, SCALE: np.float32(scale)}, index=part.features)


def _scales(found: list[Modality], weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return what each modality is multiplied with; all entries together have unit variance."""
    weights, names = dict(weights or {}), [part.name for part in found]
    for name, weight in weights.items():
        if name not in names:
            raise KeyError(f"weights: there is no modality {name!r}: {near(name, names)}")
        if not (isinstance(weight, int | float) and 0 < weight < np.inf):
            raise ValueError(
                f"weights: that of {name!r} must be a positive number, not {weight!r}."
            )
    n_features = sum(part.X.shape[1] for part in found)
    scales = {}
    for part in found:
        spread = deviation(part.X)
        if not spread > 0:
            raise ValueError(f"the modality {part.name!r} holds no values that vary: leave it out.")
        share = n_features / (len(found) * part.X.shape[1])
        scales[part.name] = float(np.sqrt(weights.get(part.name, 1.0) * share)) / spread
    return scales


def _known(
    found: list[Modality], reference: AnnData, weights: Mapping[str, float] | None
) -> dict[str, float]:
    if weights is not None:
        raise ValueError("weights are those of the reference; leave them out.")
    scales = scales_in(reference.var, "reference")
    for part in found:
        if part.name not in scales:
            raise KeyError(
                f"the reference has no modality {part.name!r}: {near(part.name, scales)}"
            )
    return scales


def _require_shared(found: list[Modality], n_obs: int) -> None:
    if len(found) < 2:
        return
    number = np.zeros(n_obs, dtype=int)
    for part in found:
        number[part.rows] += 1
    if not (number > 1).any():
        raise ValueError(
            "no sample is in two modalities, so that nothing ties them together: name samples "
            "alike in all of them."
        )
