from __future__ import annotations

import numpy as np
import pytest

from fe_anndata.matrix.audit import looks_like_counts

COUNTS = np.random.default_rng(0).poisson(60, size=1000).astype(np.float32)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (COUNTS, True),
        (np.append(COUNTS, np.nan), True),
        (np.log1p(COUNTS), False),
        (COUNTS - 70, False),
        (np.minimum(COUNTS, 10), False),
        (np.empty(0, np.float32), False),
    ],
)
def test_looks_like_counts(values, expected):
    assert looks_like_counts(values) is expected
