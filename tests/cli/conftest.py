"""A command line run in this process, which leaves no trace."""

from __future__ import annotations

import logging
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.cli import main

from .shared import small


@pytest.fixture(autouse=True)
def _leave_no_trace():
    plt.switch_backend("agg")
    log = logging.getLogger("fe_anndata")
    before = (list(log.handlers), log.level, log.propagate)
    yield
    plt.close("all")
    log.handlers, log.propagate = before[0], before[2]
    log.setLevel(before[1])


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs a command and gives exit code, stdout and stderr."""

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["fe-anndata", *map(str, words)])
        capsys.readouterr()
        try:
            with warnings.catch_warnings():
                # main() reads sys.argv, as it should; cyclopts cannot know that a test has set it.
                warnings.filterwarnings("ignore", "Cyclopts application invoked")
                main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def source(tmp_path):
    small().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    adata = small()
    fe.tl.train(adata, steps=20, record_every=10, progress=False)
    path = tmp_path_factory.mktemp("trained") / "trained.h5ad"
    adata.write_h5ad(path)
    return path


@pytest.fixture
def new(tmp_path):
    """Return the file of new samples, whose genes stand in another order, with gaps."""
    adata = fe.datasets.simulated(12, 30, 4)[:, ::-1].copy()
    adata.X[2, 3] = np.nan
    adata.layers["log"] = adata.X
    adata.obsm["X_other"] = np.ones((12, 3))
    adata.uns["kept"] = "text"
    adata.obs["text"] = ["a", "b"] * 6
    adata.write_h5ad(tmp_path / "new.h5ad")
    return tmp_path / "new.h5ad"
