"""Gene vectors and their neighbours; names and arrays, no AnnData."""

from __future__ import annotations

from .space import GeneSpace, Similarity

__all__ = ["GeneSpace", "Similarity"]
