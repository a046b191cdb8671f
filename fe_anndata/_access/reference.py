"""A trained model that new samples are brought to, from an AnnData or a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

from .. import __version__
from ..kernels.noise import Noise
from ..models.factored import Factored, factored
from ..models.factorized import Factorized
from ..training.projection import Projection
from .files import opened
from .results import require_trained, trained_model


@dataclass(frozen=True)
class Reference:
    """What is needed of a trained AnnData.

    Attributes
    ----------
    model
        Of the trained genes and samples.
    genes
        Names of the trained genes.
    view
        The decoder as loadings and factors, in float64.
    noise
        What the decoder leaves.
    facts
        ``uns[key]["noise"]``: numbers about the training samples to compare new ones with.
    params
        ``uns[key]["params"]``.
    """

    model: Factorized
    genes: pd.Index
    view: Factored
    noise: Noise
    facts: dict[str, Any]
    params: dict[str, Any]

    @property
    def table(self) -> torch.Tensor:
        """Places of the training samples, (n, sample_dim)."""
        return self.model.sample_vectors()

    def projection(self, known: np.ndarray) -> Projection:
        """Return what places samples by the trained genes at `known`."""
        weight = float(self.params["sample_prior"])
        return Projection(self.view, self.table, self.noise, weight, torch.from_numpy(known))


def reference_of(reference: Any, key: str) -> Reference:
    """Return what is needed of a trained AnnData, or of the file of one.

    Raises
    ------
    TypeError, KeyError, ValueError
        If it is neither, holds no model under `key`, was changed since, or was written by a newer
        version.
    """
    with opened(reference, "reference") as adata:
        stored = require_trained(adata, key)
        if "noise" not in stored:
            raise ValueError(
                f"the model in uns[{key!r}] was trained before new samples could be placed; train "
                "again."
            )
        model, trained = readable_model(adata, key)
        facts = {**stored["noise"], "counts": bool(stored["preprocessing"]["counts"])}
        noise = Noise(
            torch.from_numpy(np.array(facts["genes"], dtype=np.float32)[trained]),
            torch.from_numpy(np.array(facts["factors"], dtype=np.float32)),
        )
        return Reference(
            model,
            adata.var_names[trained],
            factored(model, model.sample_vectors()),
            noise,
            facts,
            dict(stored["params"]),
        )


def readable_model(adata: AnnData, key: str) -> tuple[Factorized, np.ndarray]:
    """Return the model of a trained AnnData, fixed, and which genes it knows, bool (n_vars,).

    Raises
    ------
    KeyError, ValueError
        If there is none under `key`, it was changed since, or was written by a newer version.
    """
    _require_readable(require_trained(adata, key).get("version", "0"))
    model, trained = trained_model(adata, key)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model, trained


def _require_readable(version: str) -> None:
    here, there = ([int(part) for part in v.split(".")[:2]] for v in (__version__, version))
    if there > here:
        raise ValueError(
            f"the model was written by fe_anndata {version}, and this is {__version__}: "
            "pip install --upgrade fe-anndata."
        )
