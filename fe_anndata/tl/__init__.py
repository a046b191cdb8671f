"""Tools: train, place new samples, predict, look up, evaluate."""

from __future__ import annotations

from .embedding_density import embedding_density
from .evaluate import evaluate
from .explain_similarity import explain_similarity
from .gene_arithmetic import gene_arithmetic
from .gene_neighbors import gene_neighbors
from .gene_similarity import gene_similarity
from .generate import generate
from .impute import impute
from .reconstruct import reconstruct
from .similar_genes import similar_genes
from .train import train
from .transform import transform

__all__ = [
    "embedding_density",
    "evaluate",
    "explain_similarity",
    "gene_arithmetic",
    "gene_neighbors",
    "gene_similarity",
    "generate",
    "impute",
    "reconstruct",
    "similar_genes",
    "train",
    "transform",
]
