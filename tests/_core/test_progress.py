"""Progress as lines of a log."""

from __future__ import annotations

import threading

import pytest
from tqdm.auto import tqdm

from fe_anndata._core import progress
from fe_anndata._core.progress import Lines, in_lines, progress_bar, remark


@pytest.fixture
def clock(monkeypatch):
    """Return a function that lets time go on."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


def test_one_line_a_minute_with_share_and_estimate(clock):
    said = []
    with in_lines(said.append), progress_bar(200, shown=True, unit="step", desc="fe") as bar:
        for _ in range(200):
            clock(1.3)
            bar.update()
        bar.set_postfix_str("loss 0.5")
        clock(60)
        bar.update(0)
    assert said == [
        "fe: step 47 of 200 (24 %), 61 s so far, about 3 min to go",
        "fe: step 94 of 200 (47 %), 2 min so far, about 2 min to go",
        "fe: step 141 of 200 (70 %), 3 min so far, about 77 s to go",
        "fe: step 188 of 200 (94 %), 4 min so far, about 16 s to go",
        "fe: step 200 of 200 (100 %), 5 min so far, about 0 s to go, loss 0.5",
    ]


def test_a_run_that_goes_on_counts_its_own_steps_alone(clock):
    said = []
    lines = Lines(200, 100, "step", "", said.append)
    clock(60)
    lines.update(50)
    assert said == ["step 150 of 200 (75 %), 60 s so far, about 60 s to go"]


def test_short_work_and_work_without_a_total(clock):
    said = []
    with in_lines(said.append):
        with progress_bar(10, shown=True, unit="fit") as bar:
            for _ in range(10):
                clock(5)
                bar.update()
        assert not said
        with progress_bar(None, shown=True, unit="row") as bar:
            clock(7200)
            bar.update(5000)
        with progress_bar(10, shown=False, unit="fit") as bar:
            clock(7200)
            bar.update()
    assert said == ["row 5,000, 2.0 h so far"]


def test_bars_elsewhere(capsys):
    with in_lines(None), progress_bar(10, shown=True, unit="fit", desc="fe") as bar:
        assert isinstance(bar, tqdm)
        remark("wait", shown=True)
        remark("never", shown=False)
    err = capsys.readouterr().err
    assert "0/10" in err
    assert "wait" in err
    assert "never" not in err


def test_each_thread_says_its_own_lines_as_often_as_it_asked():
    said = {"one": [], "other": []}

    def work(name):
        with in_lines(said[name].append, every=0):
            ready.wait(10)  # both are within their blocks at once
            with progress_bar(2, shown=True, unit="step", desc=name) as bar:
                bar.update(1)
                bar.update(1)
            ready.wait(10)

    ready = threading.Barrier(2)
    threads = [threading.Thread(target=work, args=(name,)) for name in said]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, lines in said.items():
        assert len(lines) >= 2
        assert all(line.startswith(name) for line in lines)
