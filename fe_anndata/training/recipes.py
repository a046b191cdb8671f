"""The recipes: how a run is set up unless the user says otherwise. Plain data.

Each recipe lists the decoders it is for, its own choice first. Fields and their meaning:
:class:`~fe_anndata.training.config.Config`.
"""

from __future__ import annotations

from typing import Any

_DEFAULT: dict[str, Any] = {
    "warm_up": 10,
    "validation": "auto",
    "patience": 3,
    "learning_rate_drops": 2,
    "tolerance": 1e-3,
}

_TROFIMOV: dict[str, Any] = {
    "sample_start": "random",
    "gene_start": "random",
    "init": "torch",
    "output": "bounded",
    "center": False,
    "optimizer": "rmsprop",
    "learning_rate": 1e-3,
    "l2": 5e-6,  # a coupled weight decay of 1e-5 is the gradient of 5e-6 times the sum of squares
    "batch": "cells",
    "batch_size": 10_000,
    "epochs": 10,
    "validation": 0.0,
}

# Where the published recipes differ from the published code, on purpose: batches of random cells
# are drawn anew in every epoch, and the last, smaller batch is used too (the thesis shuffled once
# and left the tail unseen).
RECIPES: dict[str, dict[str, dict[str, Any]]] = {
    # Ours. Sizes and rates: benchmarks/quality.py.
    "default": {
        "inner": {
            **_DEFAULT,
            "hidden": (128, 128),
            "fourier": "auto",
            "optimizer": "muon",
            "learning_rate": 3e-2,
            "sample_learning_rate": "auto",
            "gene_learning_rate": 1e-2,
            "weight_decay": 2.0,
            "sample_noise": 2.0,
            "neighbor_weight": "auto",
            "gene_step": "solve",
            "gene_prior": 3.0,
            "relocate": True,
            "metric": "auto",
            "gene_metric": "auto",
            "steps": 135,
            "evaluate_every": 10,
            "patience": 2,
            "learning_rate_drops": 1,
        },
        "concat": {
            **_DEFAULT,
            "hidden": (256, 64),
            "optimizer": "muon",
            "learning_rate": 2e-2,
            "sample_learning_rate": 3e-2,
            "gene_learning_rate": 2e-2,
            "batch": "tiles",
            "batch_size": (100, 100),
            "steps": 20_000,
            "patience": 2,
            "learning_rate_drops": 3,
            "tolerance": 3e-3,
        },
        "dot": {
            **_DEFAULT,
            "sample_dim": 51,  # 50 factors and a bias
            "gene_dim": 51,
            "sample_start": "random",
            "gene_start": "random",
            "output": "bounded",
            "center": False,
            "learning_rate": 1e-2,
            "batch": "cells",
            "batch_size": 10_000,
            "epochs": 30,
        },
    },
    # Trofimov et al. 2020, Bioinformatics 36. tanh is the activation of the code of the paper's
    # date; later code has relu. Expression went in as log10(x + 1).
    "trofimov2020": {
        "concat": {
            **_TROFIMOV,
            "sample_dim": 2,
            "gene_dim": 2,
            "hidden": (250, 75, 50, 25, 10),
            "activation": "tanh",
        },
        # The dot-product comparator of that paper, after Choy et al. 2018.
        "dot": {**_TROFIMOV, "sample_dim": 51, "gene_dim": 51},
    },
    # The thesis (Julia, 2024): every batch holds 10 x n_genes random cells.
    "thesis2024": {
        "concat": {
            "sample_dim": 2,
            "gene_dim": 100,
            "hidden": (100, 50, 50),
            "sample_start": "random",
            "gene_start": "random",
            "init": "glorot",
            "center": False,
            "optimizer": "adam",
            "learning_rate": 1e-2,
            "l2": 1e-7,
            "batch": "cells",
            "steps": 100_000,
            "validation": 0.0,
        },
    },
}
