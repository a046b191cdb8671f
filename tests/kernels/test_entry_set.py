"""Products that see some entries of a matrix and nothing else, against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.kernels.entry_set import EntrySet
from tests.helpers import CPU

SHAPE, K = (13, 31), 4


@pytest.fixture(params=[0.0, 0.3, 1.0], ids=["none", "some", "all"])
def case(request):
    rng = np.random.default_rng(0)
    rows, cols = np.nonzero(rng.random(SHAPE) < request.param)
    X = rng.normal(size=SHAPE).astype(np.float32)
    chosen = np.zeros(SHAPE)
    values = rng.normal(size=len(rows)).astype(np.float32)
    chosen[rows, cols] = values
    P, Q = (torch.from_numpy(rng.normal(size=(n, K)).astype(np.float32)) for n in SHAPE)
    made = EntrySet.of(rows, cols, X[rows, cols], SHAPE, CPU)
    return made, X, rows, cols, chosen, torch.from_numpy(values), P, Q


def test_inner_products_and_what_is_looked_up(case):
    made, X, rows, cols, *_, P, Q = case
    assert len(made) == len(rows)
    assert np.array_equal(made.rows, rows)
    assert np.array_equal(made.columns, cols)
    assert np.array_equal(made.values, X[rows, cols])
    torch.testing.assert_close(made.inner(P, Q), (P @ Q.T)[rows, cols])
    of_gene = torch.randn(SHAPE[1])
    assert torch.equal(made.gather(of_gene), of_gene[cols])


def test_products_are_added(case):
    made, *_, chosen, values, P, Q = case
    product, transposed = torch.ones(SHAPE[0], K), torch.ones(SHAPE[1], K)
    made.add_times(product, values, Q)
    made.add_transposed_times(transposed, values, P)
    np.testing.assert_allclose(product, 1 + chosen @ Q.numpy(), atol=1e-5)
    np.testing.assert_allclose(transposed, 1 + chosen.T @ P.numpy(), atol=1e-5)
