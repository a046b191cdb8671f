"""Damaged files: an error with a name or no harm, never a crash, a hang or a wrong answer."""

from __future__ import annotations

import time

import pytest

from .judge import Harness, judged

SECONDS, MINUTES = 5, 4 * 60


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    made = Harness(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()


def faults(harness, first, seconds):
    """Return the faults of mutants for so long, and how many these were."""
    started, seed, found = time.monotonic(), first, []
    while time.monotonic() - started < seconds:
        found += harness.faults(seed)
        seed += 1
    return found, seed - first


def test_the_files_themselves_are_read(harness):
    for kind, outcomes in harness.clean.items():
        assert all("ended" in outcome for outcome in outcomes.values()), (kind, outcomes)


def test_mutants(harness):
    found, n = faults(harness, 0, SECONDS)
    assert not found, "\n".join(found)
    assert n > 5


@pytest.mark.slow
def test_many_mutants(harness):
    found, _ = faults(harness, 100_000, MINUTES)
    assert not found, "\n".join(found)


def test_the_judge_tells_faults(tmp_path):
    """A harness that finds nothing might look at nothing."""
    path, clean = tmp_path / "a.h5ad", {"ended": "x"}
    harmless = [{"ended": "x"}, {"error": "ValueError", "message": "a.h5ad: a link"},
                {"error": "KeyError", "message": "no model in adata.uns['fe']"}]  # fmt: skip
    wrong = [{"ended": "y"}, {"crash": "SIGSEGV"}, {"hang": "10 s"},
             {"error": "AttributeError", "message": "a.h5ad", "at": "x"},
             {"error": "ValueError", "message": "no key", "at": "x"}]  # fmt: skip
    changed = {"uns/fe/model/offset"}
    assert [judged(outcome, clean, changed, path) for outcome in harmless] == [None] * 3
    assert all(judged(outcome, clean, changed, path) for outcome in wrong)
    assert judged({"ended": "y"}, clean, {"X"}, path) is None
