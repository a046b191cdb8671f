"""Several processes train what one does, and a process that is killed loses nothing."""

from __future__ import annotations

import pytest

from benchmarks import generain_runs


@pytest.mark.slow
def test_one_and_two_processes_agree():
    assert generain_runs.of_processes() < 1e-6


@pytest.mark.slow
def test_a_run_that_was_killed_ends_in_the_same_bytes():
    assert generain_runs.of_resumed() == 0.0
