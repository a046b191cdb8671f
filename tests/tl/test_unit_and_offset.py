"""Another unit, an offset, other types and orders change the result by little more than rounding.

What is reached, and tested here, stands in docs/how_it_works.md. Tolerances are shares of the
standard deviation over all coordinates. A few samples or genes may move further: those that fit two
places equally well, and axes of gene vectors that are equally long.
"""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData

import fe_anndata as fe

CHANGES = {
    "x * 1000": lambda x: x * np.float32(1000),
    "x + 5": lambda x: x + np.float32(5),
    "x / 7": lambda x: x / np.float32(7),
    "float64": lambda x: x.astype(np.float64) / 7,
}


def matrix(n, m, seed, noise):
    """Three factors, gene means and noise, and no negative values."""
    rng = np.random.default_rng(seed)
    low = rng.normal(size=(n, 3)) @ rng.normal(size=(3, m)) + 5 + rng.normal(size=m)
    return (low + noise * rng.normal(size=(n, m))).clip(0).astype(np.float32)


def trained(X, dim, order=None, **options):
    adata = AnnData(X)
    if order is not None:
        adata = adata[order[0]][:, order[1]].copy()
    fe.tl.train(adata, normalize=None, sample_dim=dim, progress=False, device="cpu", **options)
    scale = adata.uns["fe"]["preprocessing"]["scale"]
    # Above three dimensions coordinates have the units of the matrix.
    samples = adata.obsm["X_fe"] / (scale if dim > 3 else 1)
    return samples.astype(np.float64), adata.varm["fe"].astype(np.float64)


def apart(found, expected):
    """Return the root mean square of what samples and genes moved, in standard deviations.

    An axis of genes whose cubes nearly cancel may still change its sign: one, but not more.
    """
    signs = np.where((found[1] * expected[1]).sum(0) < 0, -1, 1)
    assert (signs < 0).sum() <= 1
    found = found[0], found[1] * signs
    return [
        float(np.sqrt(np.square(f - e).mean()) / e.std())
        for f, e in zip(found, expected, strict=True)
    ]


SMALL, LARGER = ((60, 40), 0), ((80, 200), 2)


@pytest.mark.parametrize("dim", [2, 32])
@pytest.mark.parametrize(("shape", "seed"), [SMALL, pytest.param(*LARGER, marks=pytest.mark.slow)])
def test_unit_and_offset(shape, seed, dim):
    X = matrix(*shape, seed, 1.0)
    expected = trained(X, dim)
    for name, change in CHANGES.items():
        samples, genes = apart(trained(change(X), dim), expected)
        assert samples < 0.02, name
        assert genes < 0.1, name


@pytest.mark.parametrize("dim", [2, 32])
def test_order_of_samples_and_genes(dim):
    (n, m), seed = SMALL
    X, rng = matrix(n, m, seed, 1.0), np.random.default_rng(0)
    rows, cols = rng.permutation(n), rng.permutation(m)
    samples, genes = trained(X, dim)
    found = apart(trained(X, dim, (rows, cols)), (samples[rows], genes[cols]))
    assert found[0] < 0.02
    assert found[1] < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 32])
def test_a_cohort(dim):
    X = fe.datasets.pbmc68k_reduced().X.toarray()
    expected = trained(X, dim)
    for name in ("x * 1000", "x + 5"):
        samples, genes = apart(trained(CHANGES[name](X), dim), expected)
        assert samples < 0.02, name
        assert genes < 0.1, name
