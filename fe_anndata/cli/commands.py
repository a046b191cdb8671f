"""All commands, each in a file of its own, which registers itself."""

from __future__ import annotations

from cyclopts import Group

from . import align as align
from . import bins as bins
from . import classify as classify
from . import compare_models as compare_models
from . import completion as completion
from . import components_kept as components_kept
from . import contexts as contexts
from . import convert as convert
from . import demo as demo
from . import density as density
from . import differences as differences
from . import differential as differential
from . import distance_preservation as distance_preservation
from . import evaluate as evaluate
from . import gene_space as gene_space
from . import generate as generate
from . import genes as genes
from . import imputation_curve as imputation_curve
from . import info as info
from . import layers as layers
from . import markers as markers
from . import modalities as modalities
from . import models as models
from . import plot as plot
from . import predict_labels as predict_labels
from . import survival as survival
from . import sweep as sweep
from . import train as train
from . import transform as transform
from . import vectors as vectors
from . import web_app as web_app
from .app import FIRST_EXAMPLE as FIRST_EXAMPLE
from .app import app as app

GROUPS = {
    "Start": ("demo", "app", "models", "info", "--install-completion", "--help", "--version"),
    "Samples": ("train", "transform", "predict-labels", "reconstruct", "impute", "generate",
                "embedding-density", "markers", "differential"),
    "Genes": ("similar-genes", "gene-arithmetic", "gene-similarity", "explain-similarity",
              "gene-neighbors", "gene-modules", "set-coherence", "classify-genes",
              "compare-gene-spaces", "align-gene-spaces", "embed-genes", "token-probabilities",
              "attention"),
    "Judgement": ("evaluate", "differences", "compare-models", "sweep", "survival",
                  "distance-preservation", "components-kept", "imputation-curve", "history"),
    "Pictures and files": ("convert", "plot", "bin-by-gene", "join-modalities", "export-genes",
                           "export-samples"),
}  # fmt: skip
"""Commands as help shows them; others come last."""
for _at, (_title, _names) in enumerate(GROUPS.items()):
    _group = Group(_title, sort_key=_at)
    for _name in _names:
        app[_name].group = _group
