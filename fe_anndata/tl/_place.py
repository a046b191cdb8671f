"""New samples through a trained model, by blocks."""

from __future__ import annotations

import numpy as np

from .._access.new_samples import NewSamples
from .._access.reference import Reference
from .._core.progress import progress_bar
from ..kernels.device import compute
from ..kernels.workers import workers
from ..models.trained import Placed, UnfitValueError
from ._new_batches import estimated


def place(new: NewSamples, reference: Reference, progress: bool) -> Placed:
    """Return where the new samples lie."""
    model, blocks, batches = reference.model, list[Placed](), new.batches
    placing = model.placing(new.alignment.known)
    with workers(compute("cpu").threads):
        effects = estimated(new, model) if batches is not None and batches.estimated else None
    with (
        workers(compute("cpu").threads),
        progress_bar(new.rows.shape[0], shown=progress, unit="sample", desc="fe") as bar,
    ):
        for rows, X in new.blocks(model.rows_at_a_time):
            try:
                if batches is None:
                    blocks.append(placing(X))
                    continue
                if effects is not None:
                    of = batches.unknown[rows]
                    X = X - np.where(of[:, None] >= 0, effects[of], 0)
                blocks.append(placing(X, batches.covariates[rows]))
            except UnfitValueError as error:
                raise error.named(*new.names(rows.start + error.row, error.column)) from None
            finally:
                bar.update(rows.stop - rows.start)
    classes = [block.probabilities for block in blocks if block.probabilities is not None]
    errors = [block.error for block in blocks if block.error is not None]
    return Placed(
        np.concatenate([block.u for block in blocks]),
        np.concatenate(errors) if errors else None,
        np.concatenate([block.n_genes for block in blocks]),
        {name: np.concatenate([block.facts[name] for block in blocks]) for name in blocks[0].facts},
        np.concatenate(classes) if classes else None,
    )
