"""Training of models on matrices, without anndata.

``config``, ``recipes``
    What is chosen about a run.
``holdout``, ``batches``
    Which cells are held out, and the order in which the others are visited.
``start``
    Where a model starts.
``objectives``
    Loss and gradients of a step, and the validation loss.
``loop``
    Steps, evaluations, early stopping.
``fit``
    All of it on one matrix.
"""

from __future__ import annotations

from .config import Config, resolve
from .fit import Fitted, fit

__all__ = ["Config", "Fitted", "fit", "resolve"]
