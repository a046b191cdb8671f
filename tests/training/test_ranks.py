"""Random numbers follow names, not places."""

from __future__ import annotations

import numpy as np
import torch

from fe_anndata.training.ranks import Ranks, normal


def test_rows_and_columns_of_ranks():
    ranks = Ranks(np.array([2, 0, 1]), np.array([1, 0]))
    assert ranks.rows.tolist() == [1, 2, 0]
    assert ranks.cols.tolist() == [1, 0]


def test_numbers_go_with_their_rank():
    order = np.random.default_rng(0).permutation(50)
    plain, shuffled = normal(0, np.arange(50), 3, "x"), normal(0, order, 3, "x")
    assert torch.equal(shuffled, plain[order])
    assert plain.dtype == torch.float32
    assert not torch.equal(plain, normal(1, np.arange(50), 3, "x"))
    assert not torch.equal(plain, normal(0, np.arange(50), 3, "y"))
    assert not torch.equal(plain, normal(0, np.arange(50), 3, "x", 1))


def test_they_are_standard_normal():
    drawn = normal(0, np.arange(20_000), 2, "x").double()
    assert abs(float(drawn.mean())) < 0.02
    assert abs(float(drawn.std()) - 1) < 0.02
    assert abs(float((drawn[:, 0] * drawn[:, 1]).mean())) < 0.02
