"""A trained model that new samples are brought to, from an AnnData or a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..models.base import Trained
from .files import opened
from .results import holds_whole_numbers, require_trained, trained_model


@dataclass(frozen=True)
class Reference:
    """What is needed of a trained AnnData.

    Attributes
    ----------
    model
        Of the trained genes and samples.
    genes
        Names of the trained genes.
    whole_numbers
        Whether whole numbers, such as raw counts, were trained on.
    layer
        The layer that was trained on.
    """

    model: Trained
    genes: pd.Index
    whole_numbers: bool
    layer: str | None


def reference_of(reference: Any, key: str, what: str = "reference") -> Reference:
    """Return what is needed of a trained AnnData, or of the file of one; messages call it `what`.

    Raises
    ------
    TypeError, KeyError, ValueError
        If it is neither, holds no model under `key`, was changed since, or was written by a newer
        version.
    """
    with opened(reference, what) as source:
        adata = source.adata
        stored = require_trained(adata, key, what)
        if not adata.n_obs:
            raise ValueError("the reference has no samples: give it as it was trained.")
        model, trained = trained_model(adata, key)
        whole_numbers = holds_whole_numbers(stored)
        return Reference(
            model, adata.var_names[trained], whole_numbers, stored["params"].get("layer")
        )
