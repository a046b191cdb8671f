"""Tools: train, place new samples, predict, look up, evaluate."""

from __future__ import annotations

from .align_gene_spaces import AlignedSpecies, align_gene_spaces
from .classify_genes import GeneClasses, classify_genes
from .compare_gene_spaces import compare_gene_spaces
from .compare_models import compare_models
from .components_kept import components_kept
from .differential import differential
from .distance_preservation import distance_preservation
from .embed_genes import embed_genes
from .embedding_density import embedding_density
from .evaluate import evaluate
from .explain_similarity import explain_similarity
from .gene_arithmetic import gene_arithmetic
from .gene_modules import gene_modules
from .gene_neighbors import gene_neighbors
from .gene_similarity import gene_similarity
from .generate import generate
from .imputation_curve import imputation_curve
from .impute import impute
from .markers import markers
from .models import models
from .predict_labels import predict_labels
from .reconstruct import reconstruct
from .set_coherence import set_coherence
from .similar_genes import similar_genes
from .survival import Survival, survival
from .sweep import Sweep, sweep
from .train import train
from .transform import transform

__all__ = [
    "AlignedSpecies",
    "GeneClasses",
    "Survival",
    "Sweep",
    "align_gene_spaces",
    "classify_genes",
    "compare_gene_spaces",
    "compare_models",
    "components_kept",
    "differential",
    "distance_preservation",
    "embed_genes",
    "embedding_density",
    "evaluate",
    "explain_similarity",
    "gene_arithmetic",
    "gene_modules",
    "gene_neighbors",
    "gene_similarity",
    "generate",
    "imputation_curve",
    "impute",
    "markers",
    "models",
    "predict_labels",
    "reconstruct",
    "set_coherence",
    "similar_genes",
    "survival",
    "sweep",
    "train",
    "transform",
]


def __dir__() -> list[str]:
    return sorted(__all__)
