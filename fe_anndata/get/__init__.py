"""Read results; nothing here writes."""

from __future__ import annotations

from .attention import attention
from .embeddings import gene_embedding, genes, sample_embedding
from .results import history, model
from .token_probabilities import token_probabilities

__all__ = [
    "attention",
    "gene_embedding",
    "genes",
    "history",
    "model",
    "sample_embedding",
    "token_probabilities",
]
