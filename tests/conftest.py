"""Settings of all tests."""

from __future__ import annotations

import os

# The matrices here are small, and threads that wait for each other on a busy machine are slow.
# Set before torch is imported; tests that need threads ask for them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

import fe_anndata as fe


@pytest.fixture(autouse=True)
def _settings_are_put_back():
    """Let no test, or tutorial or measurement that it runs, change what others are shown."""
    yield
    fe.settings.progress = True  # the default: fixtures of whole files change it before any test
