"""Observed and predicted values of the entries of a trained AnnData."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from .._access.batches import unpacked
from .._access.decoding import require_decoder
from .._access.files import opened
from .._access.inputs import ranks_of, require_same_values, rows_of
from .._access.inputs import stored as matrix_of
from .._access.results import require_intact, require_trained, trained_model
from .._core.random import generator
from ..matrix.audit import audit
from ..matrix.entries import Entries
from ..store import uns
from ..training.holdout import draw


def observed_and_predicted(
    adata: AnnData, key: str, entries: str, max_entries: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return observed and predicted values of entries: held out, or any.

    Parameters
    ----------
    adata
        Trained.
    key
        The `key_added` of the training.
    entries
        ``"validation"`` for those held out from the training, ``"all"`` for a random choice.
    max_entries
        At most so many, drawn at random.
    seed
        Decides which.
    """
    stored = require_trained(adata, key)
    model, trained = trained_model(adata, key)
    require_decoder(model)
    with opened(adata) as source:
        params = stored["params"]
        values = matrix_of(source, params["layer"], params["normalize"])
        rows = rows_of(values, np.flatnonzero(trained))
    if entries == "validation":
        require_intact(adata, key, same_samples=True)
        require_same_values(audit(rows), stored["preprocessing"])
        options = uns.unpack_options(uns.family_of(stored), stored["params"])
        chosen = options.chosen()
        validation, by = chosen.get("validation", 0.0), chosen.get("validation_by", "entries")
        seed_then = stored["params"]["rng"]
        found = draw(rows, validation, by, seed_then, ranks_of(adata, trained)).entries
        if not len(found):
            raise ValueError(
                "no entries were held out in this training; use entries='all', or, where the "
                "family has the option, train with validation=0.05."
            )
    else:
        n_obs, n_vars = rows.shape
        drawn = np.unique(generator(seed, "cells").integers(n_obs * n_vars, size=max_entries))
        found = rows.entries(*np.divmod(drawn, n_vars)).observed()
    if len(found) > max_entries:
        kept = np.sort(generator(seed, "cells").permutation(len(found))[:max_entries])
        found = Entries(found.rows[kept], found.cols[kept], found.values[kept])
    batches = unpacked(stored.get("batches"), f"adata.uns[{key!r}]")
    known = () if batches is None else (batches.covariates(adata.obs)[found.rows],)
    return found.values, model.decode_pairs(found.rows, found.cols, *known)
