"""Read results; nothing here writes."""

from __future__ import annotations

from .attention import attention
from .differences import differences
from .embeddings import gene_embedding, genes, sample_embedding
from .places import grid, path
from .results import history, model
from .token_probabilities import token_probabilities

__all__ = [
    "attention",
    "differences",
    "gene_embedding",
    "genes",
    "grid",
    "history",
    "model",
    "path",
    "sample_embedding",
    "token_probabilities",
]


def __dir__() -> list[str]:
    return sorted(__all__)
