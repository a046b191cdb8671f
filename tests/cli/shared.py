"""What tests of commands share."""

from __future__ import annotations

import numpy as np

import fe_anndata as fe

PNG = b"\x89PNG"


def small():
    adata = fe.datasets.simulated(40, 30, 4)
    adata.var["half"] = np.arange(30) % 2 == 0
    return adata


def bad(result, *words):
    """Expect exit code 2 and one line on stderr that holds all `words`."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err
    assert err.startswith("fe-anndata: ")
    assert "Traceback" not in err
    for word in words:
        assert word in err
