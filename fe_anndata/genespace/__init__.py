"""Gene vectors and their neighbours; names and arrays, no AnnData."""

from __future__ import annotations

from .numbers import Similarity
from .space import GeneSpace

__all__ = ["GeneSpace", "Similarity"]
