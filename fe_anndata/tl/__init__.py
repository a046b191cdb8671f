"""Tools: train, place, look up, reconstruct, evaluate."""

from __future__ import annotations

from .embedding_density import embedding_density
from .evaluate import evaluate
from .gene_similarity import gene_similarity
from .reconstruct import reconstruct
from .similar_genes import similar_genes
from .train import train
from .transform import transform

__all__ = [
    "embedding_density",
    "evaluate",
    "gene_similarity",
    "reconstruct",
    "similar_genes",
    "train",
    "transform",
]
