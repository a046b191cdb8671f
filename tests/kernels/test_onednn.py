"""Products by oneDNN: exact, and torch's setting is as it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch

from fe_anndata.kernels import onednn


@pytest.fixture
def faster(monkeypatch):
    monkeypatch.setattr(onednn, "is_faster", lambda: True)


def setting():
    return torch.backends.mkldnn.matmul.fp32_precision


@pytest.mark.skipif(not onednn.is_faster(), reason="torch multiplies as fast by itself here")
def test_products_are_as_exact_as_those_of_torch():
    rng = torch.Generator().manual_seed(0)
    A, B = torch.randn(700, 300, generator=rng), torch.randn(300, 90, generator=rng)
    exact = A.double() @ B.double()
    of_torch = (A @ B - exact).abs().max()
    with onednn.onednn():
        assert (A @ B - exact).abs().max() < 2 * of_torch


def test_the_setting_is_as_it_was_also_after_an_error_and_of_blocks_within_each_other(faster):
    before = setting()
    with onednn.onednn(), onednn.onednn():
        assert setting() == "bf16"
    assert setting() == before
    with pytest.raises(ValueError, match="stop"), onednn.onednn():
        raise ValueError("stop")
    assert setting() == before


def test_threads_leave_the_setting_as_it_was(faster):
    before, both, first_left = setting(), Barrier(2, timeout=20), Barrier(2, timeout=20)

    def run(leaves_first):
        with onednn.onednn():
            both.wait()
            if not leaves_first:
                first_left.wait()
                assert setting() == "bf16"
        if leaves_first:
            first_left.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, [True, False]))
    assert setting() == before


def test_nothing_is_set_where_it_is_no_faster(monkeypatch):
    monkeypatch.setattr(onednn, "is_faster", lambda: False)
    before = setting()
    with onednn.onednn():
        assert setting() == before
