"""No verb moves the random states that belong to the whole process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import random
import numpy as np, torch
import fe_anndata as fe

fe.settings.progress = False
adata = fe.datasets.simulated(60, 40, 3)
fe.tl.train(adata, steps=5)
lists = {{"a": list(adata.var_names[:8])}}


def states():
    legacy = np.random.get_state()
    return random.getstate(), legacy[1].tobytes(), legacy[2:], torch.get_rng_state().tolist()


before = states()
{call}
assert states() == before, [a == b for a, b in zip(states(), before)]
"""
EVALUATE = 'fe.tl.evaluate(adata, "group", dims=[2], folds=2, methods=["{}"], classifiers=["knn"])'
CALLS = [
    'fe.tl.classify_genes(adata, {"a": lists["a"]}, classifier="boosting", folds=2,'
    " min_genes=2, universe='fe_trained')",
    "fe.tl.gene_modules(adata, n_neighbors=5)",
    "fe.tl.gene_neighbors(adata, 5)",
    'fe.pl.gene_lists(adata, lists, method="tsne", show=False)',
    'fe.pl.gene_lists(adata, lists, method="umap", show=False)',
    EVALUATE.format("umap"),
    EVALUATE.format("fe"),
    'adata.obs["days"], adata.obs["died"] = np.arange(60.0), np.arange(60) % 2;'
    'fe.pl.survival(fe.tl.survival(adata, "days", "died", dims=[2], folds=2), show=False)',
    "fe.tl.distance_preservation(adata)",
    'fe.tl.compare_models(adata, {"fe": {"steps": 5}, "generain": {"steps": 3, "tokens": 20}},'
    ' label="group", folds=2, dim=8)',
]


@pytest.mark.parametrize(
    "call", [EVALUATE.format("pca"), *(pytest.param(c, marks=pytest.mark.slow) for c in CALLS)]
)
def test_global_random_states_stay_where_they_were(call):
    # A process of its own: what is imported only then moves them, and is imported once.
    subprocess.run([sys.executable, "-c", PROGRAM.format(call=call)], check=True)
