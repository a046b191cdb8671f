"""Gene vectors and their neighbours; names and arrays, no AnnData."""

from __future__ import annotations

from .align import Map
from .compare import agreement
from .numbers import Similarity
from .space import GeneSpace
from .species import Recipe, classes, score

__all__ = ["GeneSpace", "Map", "Recipe", "Similarity", "agreement", "classes", "score"]
