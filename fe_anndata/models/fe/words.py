"""Other words for the options of factorized embeddings: of earlier versions, of other packages."""

from __future__ import annotations

RENAMED = {
    "batch": "minibatch",
    "batch_size": "minibatch_size",
    "cells": "entries",
    "relocate": "place_samples",
    "noise": "noise_model",
}
"""Words of older versions, names of options and values, and what they are now."""

ELSEWHERE = {
    "dim": "sample_dim",
    "latent_dim": "sample_dim",
    "lr": "learning_rate",
    "max_epochs": "epochs",
    "n_components": "sample_dim",
    "n_latent": "sample_dim",
}
"""Names that other packages give to options, and ours."""
