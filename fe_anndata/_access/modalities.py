"""Modalities of samples, such as RNA and proteins, in a MuData or an AnnData."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import near, require_key
from .._core.extras import extra
from ..matrix.values import Values, as_values
from .inputs import as_table, expression
from .layers import layers_of

MODALITY, SCALE = "modality", "modality_scale"
"""Columns of var of a joined AnnData."""


@dataclass(frozen=True)
class Modality:
    """The values of one modality.

    Attributes
    ----------
    name
        Its own.
    X
        Samples x features, float32 array or CSR.
    features
        Their names.
    rows
        Where its samples stand among all.
    """

    name: str
    X: Values
    features: pd.Index
    rows: np.ndarray

    @property
    def n(self) -> int:
        """Number of its samples."""
        return len(self.rows)


def modalities_of(
    data: Any, asked: Mapping[str, str] | None
) -> tuple[list[Modality], pd.DataFrame]:
    """Return the modalities of a MuData or an AnnData, and the obs of all samples.

    Raises
    ------
    KeyError, TypeError, ValueError
        If there are none, or one that is asked for does not exist.
    """
    if isinstance(data, AnnData):
        if not asked:
            raise ValueError(
                "say where the modalities of an AnnData are, such as modalities={'rna': 'X', "
                "'protein': 'protein'}: X, layers or keys of obsm."
            )
        rows = np.arange(data.n_obs)
        found = [Modality(name, *_in_anndata(data, where), rows) for name, where in asked.items()]
        return found, data.obs
    if type(data).__name__ != "MuData":
        raise TypeError(f"expected a MuData or an AnnData, not {type(data).__name__}.")
    mudata = extra("mudata", "multimodal", "a MuData")
    if not isinstance(data, mudata.MuData):
        raise TypeError("expected a MuData of mudata, or an AnnData.")
    places = dict.fromkeys(data.mod, "X") if asked is None else dict(asked)
    found = []
    for name, where in places.items():
        require_key(name, data.mod, "modality")
        of = data.mod[name]
        X = expression(of, None if where == "X" else where)
        found.append(Modality(name, X, of.var_names, data.obs_names.get_indexer(of.obs_names)))
    return found, data.obs


def _in_anndata(adata: AnnData, where: str) -> tuple[Values, pd.Index]:
    """Return the values and the names of X, of a layer or of a key of obsm."""
    if where == "X":
        return expression(adata, None), adata.var_names
    if where in adata.layers:
        return expression(adata, where), adata.var_names
    if where not in adata.obsm:
        known = ["X", *layers_of(adata), *adata.obsm]
        raise KeyError(f"no layer and no key of obsm {where!r}: {near(where, known)}")
    table = adata.obsm[where]
    names = table.columns if isinstance(table, pd.DataFrame) else None
    values = as_values(as_table(table), f"adata.obsm[{where!r}]")
    if names is None:
        names = pd.Index([f"{where}_{i}" for i in range(values.shape[1])])
    return values, pd.Index(names.astype(str))


def scales_in(var: pd.DataFrame, what: str) -> dict[str, float]:
    """Return what each modality of a joined AnnData was multiplied with.

    Raises
    ------
    ValueError
        If it was not joined.
    """
    if not {MODALITY, SCALE} <= set(var.columns):
        raise ValueError(
            f"{what} is not joined of modalities: make it by fe.pp.join_modalities, and train it."
        )
    firsts = var.groupby(MODALITY, observed=True)[SCALE].first()
    return {str(name): float(scale) for name, scale in firsts.items()}
