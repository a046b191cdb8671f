"""A directory in which a run survives whatever happens while it is written."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fe_anndata.store.checkpoint import Checkpoint
from fe_anndata.training.state import Counters, State

RUN = {"identity": {"model": "fe", "rng": 0, "layer": None}, "options": {"hidden": (8, 4)}}


def state(step, *, best=None, seed=0):
    rng = np.random.default_rng((seed, step))
    parameters = {
        "samples": rng.normal(size=(5, 2)).astype(np.float32),
        "decoder.mlp.0.weight": rng.normal(size=(3, 4)).astype(np.float32).T,  # not C-ordered
        "nothing": np.zeros((0, 4), np.float32),
        "number": np.array(np.float32(3.5)),
    }
    moments = {
        "samples:exp_avg": rng.normal(size=(5, 2)).astype(np.float32),
        "samples:step": np.array([step], dtype=np.int64),
    }
    history = [
        {"step": s, "epoch": s / 4, "train_loss": math.nan if s == 0 else 0.1 + s,
         "validation_loss": math.inf if s == 5 else 1 / (s + 1), "seconds": 0.3 * s,
         "entries_per_second": 1e6 / 7}
        for s in range(0, step + 1, 5)
    ]  # fmt: skip
    counters = Counters(step, best_step=step, best_loss=1 / 3, waited=1, drops=2)
    made = State(counters, parameters, parameters, moments, history, {"sample_noise": 0.1 + 0.2})
    return made if best is None else replace(made, best=best.parameters)


def require_same(a, b):
    assert a.counters == b.counters
    assert a.facts == b.facts
    assert repr(a.history) == repr(b.history)  # NaN is not itself
    for section in ("parameters", "best", "moments"):
        x, y = getattr(a, section), getattr(b, section)
        assert x.keys() == y.keys()
        for name in x:
            assert (x[name].dtype, x[name].shape) == (y[name].dtype, y[name].shape), name
            assert x[name].tobytes() == y[name].tobytes(), name
    assert (a.best is a.parameters) == (b.best is b.parameters)


def files(path):
    return sorted(os.listdir(path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def begun(path):
    checkpoint = Checkpoint(path)
    checkpoint.begin(RUN)
    return checkpoint


def test_a_run_comes_back_to_the_byte(begun, path):
    assert begun.holds_a_run
    run, nothing = Checkpoint(path).load()
    assert nothing is None
    assert run["identity"] == RUN["identity"]
    assert run["options"] == {"hidden": [8, 4]}
    first, second = state(5), state(10)
    begun.keep(first)
    require_same(Checkpoint(path).load()[1], first)
    begun.keep(second)
    require_same(Checkpoint(path).load()[1], second)
    begun.keep(state(15, best=second))
    run, found = Checkpoint(path).load()
    require_same(found, state(15, best=second))
    assert run["identity"] == RUN["identity"]


def test_one_state_is_kept_at_a_time(begun, path):
    for step in (0, 5, 5, 10):
        begun.keep(state(step))
        assert files(path) == ["run.json", f"state-{step:09d}.safetensors"]


def test_it_goes_on_after_a_load(begun, path):
    begun.keep(state(5))
    again = Checkpoint(path)
    again.load()
    again.keep(state(10))
    run, found = Checkpoint(path).load()
    require_same(found, state(10))
    assert run["identity"] == RUN["identity"]
    assert files(path) == ["run.json", "state-000000010.safetensors"]


def test_nothing_is_made_before_something_is_written(path):
    assert not Checkpoint(path).holds_a_run
    assert not path.exists()


class Killed(BaseException):
    """The process has ended."""


def killed_at(number, patch):
    """Let the process end in the `number`-th thing that is done to the disk."""
    done = [0]

    def step():
        done[0] += 1
        return done[0] == number

    def dying(of, name):
        original = getattr(of, name)

        def call(*args, **keywords):
            if step():
                raise Killed
            result = original(*args, **keywords)
            if step():
                raise Killed
            return result

        patch.setattr(of, name, call)

    opened = Path.open

    class Half:
        """A file of which half is written when the process ends."""

        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, content):
            if step():
                self.file.write(content[: len(content) // 2])
                self.file.flush()
                raise Killed
            return self.file.write(content)

    patch.setattr(Path, "open", lambda self, *a: Half(opened(self, *a)))
    dying(Path, "replace")
    dying(Path, "unlink")
    dying(Path, "mkdir")
    dying(os, "fsync")


@pytest.mark.parametrize("write", ["begin", "first", "next", "same"])
def test_a_process_may_end_at_any_moment(tmp_path, write):
    before = {"begin": None, "first": None, "next": state(5), "same": state(10)}[write]
    after = None if write == "begin" else state(10)
    survived = []
    for number in range(1, 100):
        path = tmp_path / str(number)
        checkpoint = Checkpoint(path)
        if write != "begin":
            checkpoint.begin(RUN)
        if before is not None:
            checkpoint.keep(before)
        with pytest.MonkeyPatch.context() as patch:
            killed_at(number, patch)
            try:
                checkpoint.begin(RUN) if write == "begin" else checkpoint.keep(after)
                ended = True
            except Killed:
                ended = False
        again = Checkpoint(path)  # no error: it is ours
        if write == "begin" and not again.holds_a_run:
            survived.append("nothing")
            again.begin(RUN)
        found = again.load()[1]
        survived.append(None if found is None else found.counters.step)
        if found is not None:
            require_same(found, after if found.counters.step == 10 else before)
        again.keep(state(15))
        require_same(Checkpoint(path).load()[1], state(15))
        assert files(path) == ["run.json", "state-000000015.safetensors"]
        if ended:
            break
    assert ended
    assert number > 5
    # Both ends were seen: that of before, and that of after.
    expected = {"begin": {"nothing", None}, "first": {None, 10}, "next": {5, 10}, "same": {10}}
    assert set(survived) == expected[write]


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="is not empty and holds no checkpoint; name a new folder"):
        Checkpoint(tmp_path)
    assert files(tmp_path) == ["letter.txt"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.h5ad").write_text("x")
    with pytest.raises(ValueError, match=r"a.h5ad' is a file; name a folder"):
        Checkpoint(tmp_path / "a.h5ad")


def test_a_folder_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere; make it first"):
        Checkpoint(tmp_path / "nowhere" / "run").begin(RUN)
    assert files(tmp_path) == []


def test_an_empty_folder_will_do(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    checkpoint.begin(RUN)
    checkpoint.keep(state(5))
    require_same(Checkpoint(str(tmp_path)).load()[1], state(5))


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def changed(record, **fields):
    record.write_text(json.dumps({**json.loads(record.read_text()), **fields}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda record, kept: cut(record),
        lambda record, kept: cut(kept),
        lambda record, kept: record.write_bytes(b""),
        lambda record, kept: record.write_bytes(b"\xff\xfe\x00"),
        lambda record, kept: record.write_text("[1, 2]"),
        lambda record, kept: record.write_text("{}"),
        lambda record, kept: kept.unlink(),
        lambda record, kept: kept.write_bytes(b"nothing of the kind"),
        lambda record, kept: changed(record, state={"file": kept.name}),
        lambda record, kept: changed(record, state=[3]),
    ],
)
def test_damage_is_told(begun, path, damage):
    begun.keep(state(5))
    damage(path / "run.json", path / "state-000000005.safetensors")
    with pytest.raises(ValueError, match=r"checkpoint .* is damaged .*begin again in a new folder"):
        Checkpoint(path).load()


@pytest.mark.parametrize("written", [0, 3, "new"])
def test_another_format_is_told(begun, path, written):
    begun.keep(state(5))
    changed(path / "run.json", format=written)
    with pytest.raises(ValueError, match=f"in format {written}, and this version .* format 2: use"):
        Checkpoint(path).load()
