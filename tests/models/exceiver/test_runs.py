"""Runs that are killed, and runs of several processes, end as others do."""

from __future__ import annotations

import pytest

from benchmarks import exceiver_runs


@pytest.mark.slow
def test_two_processes_end_as_one_does():
    assert exceiver_runs.of_processes() < 1e-5


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes():
    assert exceiver_runs.of_resumed() == 0.0
