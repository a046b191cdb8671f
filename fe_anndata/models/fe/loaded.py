"""A trained model of factorized embeddings, of the named arrays of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...kernels.noise import Noise
from .completing import Completion
from .labels import Named
from .options import FE
from .residuals import Residuals
from .sizes import build
from .trained import TrainedFE


def load(
    options: FE, samples: np.ndarray, genes: np.ndarray, arrays: Mapping[str, Mapping[str, Any]]
) -> TrainedFE:
    """Return the trained model of its stored arrays."""
    effects = arrays.get("batches", {}).get("effects")
    n_covariates = 0 if effects is None else np.shape(effects)[1]
    model = build(options, len(samples), len(genes), n_covariates)
    # The mean of a gene, which may follow its factors, comes from the offset.
    stored, vectors = {**arrays["model"], "samples": samples}, None
    if options.gene_views is None:
        stored["genes"] = genes[:, : model.genes.shape[1]]
    else:
        vectors = torch.from_numpy(np.array(genes, dtype=np.float32))
    if effects is not None:
        stored["effects"] = np.asarray(effects) / stored["scale"]
    model.load_state_dict(
        {
            name: torch.from_numpy(np.array(stored[name], dtype=np.float32)).reshape(like.shape)
            for name, like in model.state_dict().items()
        }
    )
    noise = arrays.get("noise")
    if noise is None:
        return TrainedFE(model, options, None, vectors=vectors)
    left = Noise(
        torch.from_numpy(np.array(noise["genes"], dtype=np.float32)),
        torch.from_numpy(np.array(noise["factors"], dtype=np.float32)),
    )
    limit, spacing = (
        np.asarray(noise[name], dtype=np.float64).item() for name in ("log_misfit_limit", "spacing")
    )
    completion = _completion(arrays.get("imputing"))
    residuals = Residuals(left, float(options.sample_prior), limit, spacing, completion)
    named = Named.loaded(arrays.get("labels"))
    levels = arrays.get("factors")
    return TrainedFE(model, options, residuals, None, named, levels, vectors)


def _completion(stored: Mapping[str, Any] | None) -> Completion | None:
    """Return how hidden entries follow from seen ones; None if a file does not know."""
    if stored is None:
        return None
    noise = (torch.from_numpy(np.array(stored[name], np.float32)) for name in ("genes", "factors"))
    numbers = (np.asarray(stored[name], np.float64).item() for name in ("weight", "prior"))
    return Completion(Noise(*noise), *numbers)
