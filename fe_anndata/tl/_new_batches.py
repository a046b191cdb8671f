"""What a batch that was not trained on does to genes, told by its new samples together."""

from __future__ import annotations

import numpy as np

from .._access.new_samples import NewSamples
from ..models.trained import Trained

ROUNDS = 4
"""How often samples are placed without what their batch was found to do before."""


def estimated(new: NewSamples, model: Trained) -> np.ndarray:
    """Return what each unknown batch adds to the genes of new samples, float32 (batches, m).

    It is the mean of what the model leaves of its samples, as if there were one more of which it
    leaves nothing. Samples are placed, and the mean is taken, in turns.
    """
    batches, known = new.batches, new.alignment.known
    assert batches is not None
    codes, n = batches.unknown, len(batches.names)
    placing = model.placing(known)
    effects = np.zeros((n, len(known)), dtype=np.float32)
    for _ in range(ROUNDS):
        left, number = np.zeros(effects.shape), np.ones(effects.shape)
        for rows, X in new.blocks(model.rows_at_a_time):
            of = codes[rows]
            for batch in np.unique(of[of >= 0]):
                here = of == batch
                C = batches.covariates[rows][here]
                u = placing(X[here] - effects[batch], C).u
                residual = X[here] - model.decode(u, known, C)
                left[batch] += np.nansum(residual, axis=0)
                number[batch] += np.isfinite(residual).sum(axis=0)
        effects = (left / number).astype(np.float32)
    return effects
