"""What values are like: counts, or ranks, bins and categories, in any order and any pieces."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import rankdata

from fe_anndata.matrix.extremes import Extremes
from fe_anndata.matrix.findings import extremes_of

RNG = np.random.default_rng(0)
SHAPE = (60, 40)
LOG = RNG.normal(3, 1, size=SHAPE)
POISSON = RNG.poisson(60, size=1000).astype(np.float32)


def umi(most):
    """Return counts of few molecules, whose greatest is as said."""
    X = np.minimum(RNG.negative_binomial(0.5, 0.5 / (0.5 + most / 16), size=SHAPE), most)
    X[0, 0] = most
    return X


COUNTS = {
    **{f"UMI to {most}": umi(most) for most in (3, 4, 8, 20, 36, 49, 50, 51, 500)},
    **{f"Poisson {mean}": RNG.poisson(mean, size=SHAPE) for mean in (1, 3, 10, 40, 100)},
    "of differing genes": RNG.poisson(RNG.gamma(0.5, 40, size=40) * np.ones(SHAPE)),
    "bulk": RNG.poisson(np.exp(RNG.normal(5, 2, size=SHAPE))),
}
OTHERS = {
    **{f"ranks, {how}": rankdata(LOG, how, axis=1) for how in ("average", "min", "max", "dense")},
    "ranks from 0": LOG.argsort(1).argsort(1),
    "ranks with ties": rankdata(LOG.round(1), axis=1),
    "ranks of many genes": rankdata(RNG.normal(size=(20, 3000)), axis=1),
    "ranks of zeros and others": rankdata(LOG.clip(3), "min", axis=1),
    "bins of each gene": np.ceil(rankdata(LOG, axis=0) / 6),
    "bins with many zeros": np.where(RNG.random(SHAPE) < 0.6, 0, np.ceil(100 * RNG.random(SHAPE))),
    "0 and 1": RNG.random(SHAPE) < 0.05,
    "alleles": RNG.binomial(2, 0.05, size=SHAPE),
    "answers from 1 to 5": RNG.choice(5, p=[0.05, 0.2, 0.4, 0.25, 0.1], size=SHAPE) + 1,
    "logarithms": np.log1p(RNG.poisson(40, size=SHAPE)),
    "counts with one half": np.where(np.arange(40) == 3, 0.5, umi(36)),
    "integers below zero": RNG.poisson(40, size=SHAPE) - 50,
    "one value": np.full(SHAPE, 7),
    "none": np.empty((0, 40)),
}


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_at_any_maximum(kind, dtype):
    found = {name: extremes_of(kind(X.astype(dtype))).counts for name, X in COUNTS.items()}
    assert found == dict.fromkeys(COUNTS, True)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_what_is_no_count(kind):
    found = {name: extremes_of(kind(X.astype(np.float32))) for name, X in OTHERS.items()}
    assert {name: of.counts for name, of in found.items()} == dict.fromkeys(OTHERS, False)
    assert not any(of.in_thousands for of in found.values())


def test_integers_as_they_are():
    assert extremes_of(COUNTS["UMI to 36"].astype(np.int16)).counts
    assert not extremes_of(OTHERS["0 and 1"]).counts


def test_missing_values_are_left_aside():
    X = COUNTS["UMI to 36"].astype(np.float32)
    X[::3, ::5] = np.nan
    assert extremes_of(X).counts


def test_the_thousands():
    for X, expected in ((1000 * LOG, True), (np.exp(2 * LOG), True), (100 * LOG, False)):
        assert extremes_of(X.astype(np.float32)).in_thousands == expected


@pytest.mark.parametrize("name", COUNTS | OTHERS)
def test_neither_order_nor_pieces_matter(name):
    values = (COUNTS | OTHERS)[name].astype(np.float32).ravel()
    expected = extremes_of(values[:, None])
    for seed in range(4):
        pieces = np.split(np.random.default_rng(seed).permutation(values), [3, 50, 51])
        found = Extremes()
        for piece in pieces:
            found.add_zeros(int((piece == 0).sum()))
            found.add(piece[piece != 0])
        assert found.counts == expected.counts
        if expected.halves and len(values):
            assert (found.n_least, found.n_greatest) == (expected.n_least, expected.n_greatest)


def test_one_value_that_a_glance_misses():
    values = np.tile(POISSON, 5)
    assert extremes_of(values[:, None]).counts
    values[1] += 0.5
    assert not extremes_of(values[:, None]).counts
