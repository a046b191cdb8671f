"""A command line run in this process, which leaves no trace."""

from __future__ import annotations

import logging
import sys

import matplotlib.pyplot as plt
import pytest

from fe_anndata.cli import main


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
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return command
