from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData


@pytest.fixture(autouse=True)
def _no_figure_is_left_open() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


def make(n: int = 300, classes: int = 4) -> AnnData:
    """Return `n` samples in two dimensions with a column of every kind."""
    rng = np.random.default_rng(0)
    codes = np.arange(n) % classes
    names = [f"Cholangiocarcinoma of type {i} ({i * 37})" for i in range(classes)]
    obs = pd.DataFrame(
        {
            "type": pd.Categorical.from_codes(codes, names),
            "flag": codes == 0,
            "text": np.where(codes == 1, "right", "left").astype(object),
            "number": rng.normal(size=n),
            "whole": np.arange(n),
        },
        index=[f"s{i}" for i in range(n)],
    )
    expression = rng.poisson(1.0, size=(n, 3)).astype(np.float32)
    points = rng.normal(size=(n, 2)) + 3 * rng.normal(size=(classes, 2))[codes]
    return AnnData(
        expression,
        obs=obs,
        var=pd.DataFrame(index=["LYZ", "APOE", "BRCA1"]),
        obsm={"X_fe": points.astype(np.float32)},
        layers={"twice": 2 * expression},
    )


@pytest.fixture
def adata() -> AnnData:
    return make()


@pytest.fixture
def make_adata():
    return make
