"""Model families: networks on tensors, without anndata."""

from __future__ import annotations

from .base import Model
from .factorized import Factorized

__all__ = ["Factorized", "Model"]
