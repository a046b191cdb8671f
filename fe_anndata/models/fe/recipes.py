"""The recipes of factorized embeddings: a name, and the options that it changes.

Where the published recipes differ from the published code, on purpose: random entries are drawn
anew in every epoch, and the last, smaller minibatch is used too (the thesis shuffled once and left
the tail unseen).
"""

from __future__ import annotations

from ..base import Recipe

RECIPES: dict[str, Recipe] = {
    "default": Recipe("ours; sizes and rates are measured by benchmarks.quality"),
    # tanh is the activation of the code of the paper's date; later code has relu.
    "trofimov2020": Recipe(
        "Trofimov et al. 2020, Bioinformatics 36, for log10(x + 1); its comparator is 'dot'",
        {
            "decoder": "concat",
            "gene_dim": 2,
            "hidden": (250, 75, 50, 25, 10),
            "activation": "tanh",
            "sample_start": "random",
            "gene_start": "random",
            "init": "torch",
            "output": "bounded",
            "minibatch": "entries",
            "minibatch_size": 10_000,
            "optimizer": "rmsprop",
            "learning_rate": 1e-3,
            "sample_learning_rate": None,
            "gene_learning_rate": None,
            "warm_up": 0,
            "l2": 5e-6,  # a coupled weight decay of 1e-5: the gradient of 5e-6 times the squares
            "place_samples": False,
            "epochs": 10.0,
            "validation": 0.0,
            "patience": None,
            "learning_rate_drops": 0,
            "tolerance": 0.0,
        },
        allows={"decoder": ("concat", "dot")},
        normalize="log10p1",
    ),
    "thesis2024": Recipe(
        "the thesis in Julia, 2024, for log10(x + 1): 10 x n_genes random entries in a minibatch",
        {
            "decoder": "concat",
            "gene_dim": 100,
            "hidden": (100, 50, 50),
            "sample_start": "random",
            "gene_start": "random",
            "center": False,
            "minibatch": "entries",
            "optimizer": "adam",
            "learning_rate": 1e-2,
            "sample_learning_rate": None,
            "gene_learning_rate": None,
            "warm_up": 0,
            "l2": 1e-7,
            "steps": 100_000,
            "validation": 0.0,
            "patience": None,
            "learning_rate_drops": 0,
            "tolerance": 0.0,
        },
        allows={"decoder": ("concat",)},
        normalize="log10p1",
    ),
    # A network bends the map, and neighbours turn it a little; shared noise places new samples by
    # more than where the plane is nearest, which moves them along the components (measured).
    "linear": Recipe(
        "the geometry of PCA, for where the leading components matter most",
        {
            "hidden": (),
            "neighbor_weight": 0.0,
            "noise_model": "equal",
            "metric": "expression",
        },
        allows={"decoder": ("inner",)},
    ),
}
