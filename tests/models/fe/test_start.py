"""Where a model starts, and the noise that follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.datasets import simulated
from tests.helpers import choose, fit, predict


def test_units_of_a_start_do_not_matter(X):
    """The noise follows the data, not the length of the vectors one starts at."""
    table = np.random.default_rng(0).normal(size=(90, 10)).astype(np.float32)
    options = choose("default", sample_dim=4, gene_dim=10, gene_start="array", steps=1)
    noises = [
        fit(X, options, starts={"gene_start": c * table}).resumable.facts["sample_noise"]
        for c in (np.float32(1), np.float32(0.01))
    ]
    assert noises[0] == pytest.approx(noises[1], rel=1e-3)
    assert 0 < noises[0] < 3
    random = choose("default", sample_start="random", steps=1)
    assert fit(X, random).resumable.facts["sample_noise"] == 0


@pytest.mark.parametrize("start", ["random", "pca"])
def test_without_centering_nothing_is_scaled(X, start):
    options = choose("thesis2024", sample_start=start, steps=1)
    assert float(fit(X, options).trained.module.scale) == 1


def test_the_dot_product_starts_at_unit_variance():
    """Where vectors have unit variance, the sigmoid of a product is flat, and nothing learns."""
    X = simulated(150, 100, 4).X
    fitted = fit(X, choose(decoder="dot"))
    explained = 1 - np.square(predict(fitted) - X).mean() / X.var(0).mean()
    assert explained > 0.8
