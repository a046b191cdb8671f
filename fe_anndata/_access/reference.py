"""A trained model that new samples are brought to, from an AnnData or a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..models import families
from ..models.trained import Trained
from .batches import Design, unpacked
from .files import opened
from .results import families_in, holds_whole_numbers, require_trained, trained_model


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
    normalize
        The name of the step that its values went through, if any.
    others
        Keys of all models beside it, each with the name of its family.
    batches
        How batches are told from obs, if the model knows them.
    var
        What the reference says of the trained genes.
    """

    model: Trained
    genes: pd.Index
    whole_numbers: bool
    layer: str | None
    normalize: str | None
    others: Mapping[str, str]
    batches: Design | None = None
    var: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def mark(self) -> str:
        """What tells the model from others: a hash of its gene vectors."""
        vectors = np.nan_to_num(self.model.genes().astype(np.float32))
        return hashlib.blake2b(vectors.tobytes(), digest_size=8).hexdigest()


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
        layer, normalize = stored["params"]["layer"], stored["params"]["normalize"]
        others = {name: of for name, of in families_in(adata).items() if name != key}
        batches = unpacked(stored.get("batches"), f"{what}.uns[{key!r}]")
        var = adata.var[trained]
        values = whole_numbers, layer, normalize
        return Reference(model, var.index, *values, others, batches, var)


def require_classes(reference: Reference, key: str) -> None:
    """Raise ValueError if a model has learned no labels; the message says what to call."""
    if reference.model.classes or reference.model.tells_numbers:
        return
    takes = [name for name, of in families().items() if of.takes_labels]
    other = next((name for name, of in reference.others.items() if of in takes), None)
    hint = f" Or is it key={other!r}?" if other else ""
    raise ValueError(
        f"the model under key={key!r} has learned no classes of samples: train one with "
        f"labels_key, of a family that takes it: fe.tl.train(reference, {takes[-1]!r}, "
        f"labels_key=...).{hint}"
    )
