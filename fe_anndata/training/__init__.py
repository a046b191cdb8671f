"""A trainer of anything: it knows tasks and their numbers, and no model.

``problem``
    What is learned from: rows, their audit, ranks of the names, a seed.
``task``
    What a step does: the interface between the trainer and a family.
``optimisers``
    Optimisers by name, over groups of parameters with a rate each.
``holdout``, ``order``, ``ranks``
    Which entries are held out, the order in which the others are visited, and the order in which
    random numbers are dealt out.
``loop``
    Steps, evaluations, a falling learning rate, early stopping.
``state``
    How a run stands after an evaluation.
``fit``
    A task from its start, or from where it stopped, to a trained model.
"""

from __future__ import annotations

from .fit import Fitted, fit
from .problem import Problem

__all__ = ["Fitted", "Problem", "fit"]
