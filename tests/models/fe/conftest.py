"""A small matrix for all tests of factorized embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.datasets import simulated


@pytest.fixture(scope="session", name="X")
def matrix() -> np.ndarray:
    X = simulated(60, 90, 4).X
    X.setflags(write=False)
    return X
