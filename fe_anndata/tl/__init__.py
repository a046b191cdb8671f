"""Tools: train, place new samples, predict, look up, evaluate."""

from __future__ import annotations

from .classify_genes import classify_genes
from .embedding_density import embedding_density
from .evaluate import evaluate
from .gene_modules import gene_modules
from .gene_similarity import gene_similarity
from .generate import generate
from .impute import impute
from .reconstruct import reconstruct
from .set_coherence import set_coherence
from .similar_genes import similar_genes
from .train import train
from .transform import transform

__all__ = [
    "classify_genes",
    "embedding_density",
    "evaluate",
    "gene_modules",
    "gene_similarity",
    "generate",
    "impute",
    "reconstruct",
    "set_coherence",
    "similar_genes",
    "train",
    "transform",
]
