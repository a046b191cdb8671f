"""What tells the unit of the values that a model was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..training.problem import Problem


def unit_of(problem: Problem) -> dict[str, Any]:
    """Return the mean of each gene, and the spread of all values around it."""
    audit = problem.audit
    mean = audit.sums / np.maximum(audit.observed, 1)
    around = audit.squares - float((audit.observed * mean**2).sum())
    spread = float(np.sqrt(max(around, 0.0) / max(1, int(audit.observed.sum()))))
    return {"expected": mean.astype(np.float32), "around": spread}
