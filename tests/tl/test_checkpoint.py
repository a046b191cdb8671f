"""A folder in which a run survives the end of its process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.fe import whole_matrix
from fe_anndata.store.checkpoint import Checkpoint
from tests.refusals import refuses, small, snapshot

RUN = {"steps": 60, "evaluate_every": 10, "solve_every": 10, "rng": 3}


@pytest.fixture(scope="module")
def unbroken():
    adata = small()
    fe.tl.train(adata, progress=False, **RUN)
    return adata


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def stopped(folder):
    """Return a folder with a run that was stopped after 20 of its 60 steps."""
    fe.tl.train(small(), checkpoint=folder, progress=False, **{**RUN, "steps": 20})
    return folder


def same(a, b):
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()
    assert a.varm["fe"].tobytes() == b.varm["fe"].tobytes()


# Killed. One process imports everything and forks a child for each run: what it counts are the
# steps and the operations on files, and at one of them it kills itself.
KILLED = """
import os, pathlib, signal, sys
import numpy as np
import fe_anndata as fe
from fe_anndata.models.fe import whole_matrix
from tests.refusals import small

folder, run, moments = pathlib.Path(sys.argv[1]), eval(sys.argv[2]), eval(sys.argv[3])

def watched(of, name, at, seen=[0]):
    function = getattr(of, name)
    def counting(*arguments, **keywords):
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)
    setattr(of, name, counting)

def train(path, at=0):
    child = os.fork()
    if not child:
        for of, name in ((os, "fsync"), (pathlib.Path, "replace"), (pathlib.Path, "unlink"),
                         (pathlib.Path, "open"), (whole_matrix.Alternating, "backward")):
            watched(of, name, at)
        adata = small()
        fe.tl.train(adata, checkpoint=path, resume=True, progress=False, **run)
        np.savez(str(path) + ".npz", u=adata.obsm["X_fe"], v=adata.varm["fe"])
        os._exit(0)
    return os.waitpid(child, 0)[1]

fe.tl.train(small(), progress=False, **run)  # what is loaded on first use, once for all children
for at in moments:
    path = folder / str(at)
    killed = train(path, at)
    assert os.WIFSIGNALED(killed) and os.WTERMSIG(killed) == signal.SIGKILL, (at, killed)
    assert train(path) == 0, at
"""


@pytest.mark.parametrize(
    "moments",
    [
        [2, 5, 40, 46, 98],
        pytest.param(list(range(1, 101)), marks=pytest.mark.slow),
    ],
    ids=len,
)
def test_a_killed_run_is_continued_to_the_same_bytes(unbroken, tmp_path, moments):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), repr(RUN), repr(moments)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for at in moments:
        found = np.load(tmp_path / f"{at}.npz")
        assert found["u"].tobytes() == unbroken.obsm["X_fe"].tobytes(), at
        assert found["v"].tobytes() == unbroken.varm["fe"].tobytes(), at


def test_a_folder_with_a_run_needs_resume(stopped):
    kept = {path.name: path.read_bytes() for path in stopped.iterdir()}
    refuses(small(), ValueError, "holds a run", "resume=True", checkpoint=stopped)
    assert {path.name: path.read_bytes() for path in stopped.iterdir()} == kept


def test_resume_with_an_empty_folder_begins(folder, unbroken):
    folder.mkdir()
    adata = small()
    fe.tl.train(adata, checkpoint=str(folder), resume=True, **RUN)
    same(adata, unbroken)
    again = small()
    fe.tl.train(again, checkpoint=folder, resume=True, **RUN)  # which has done all its steps
    same(again, unbroken)


def test_resumed_with_a_larger_budget_alone(stopped, unbroken):
    adata = small()
    fe.tl.train(adata, checkpoint=stopped, resume=True, steps=60)
    same(adata, unbroken)
    assert fe.get.history(adata)["step"].tolist() == [0, 10, 20, 30, 40, 50, 60]
    assert fe.get.history(adata)["seconds"].is_monotonic_increasing
    assert adata.uns["fe"]["params"]["rng"] == 3


def test_resumed_by_an_object_of_options(folder, unbroken):
    options = {name: value for name, value in RUN.items() if name != "rng"}
    first, adata = small(), small()
    fe.tl.train(first, fe.models.FE(**{**options, "steps": 20}), checkpoint=folder, rng=3)
    fe.tl.train(adata, fe.models.FE(**options), checkpoint=folder, resume=True)
    same(adata, unbroken)
    fe.tl.train(first, fe.models.FE(**options), resume=True)  # and without the folder
    same(first, unbroken)
    with pytest.raises(ValueError, match=r"leave out sample_dim"):
        fe.tl.train(adata, fe.models.FE(**options, sample_dim=3), checkpoint=folder, resume=True)


def test_interrupted_then_resumed(folder, unbroken, monkeypatch):
    adata = small()
    backward = whole_matrix.Alternating.backward

    def pressed(self, step):
        if step == 25:
            raise KeyboardInterrupt
        return backward(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(whole_matrix.Alternating, "backward", pressed)
        fe.tl.train(adata, checkpoint=folder, **RUN)
    assert adata.uns["fe"]["params"]["ended"] == "interrupted"
    by_folder = small()
    fe.tl.train(by_folder, checkpoint=folder, resume=True)
    same(by_folder, unbroken)
    fe.tl.train(adata, resume=True)
    same(adata, unbroken)


def test_from_a_file_by_blocks(stopped, unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr("fe_anndata._access.inputs.SMALL", 0)
    small().write_h5ad(tmp_path / "a.h5ad")
    folder = tmp_path / "of a file"
    whole = fe.tl.train(tmp_path / "a.h5ad", **RUN)
    fe.tl.train(tmp_path / "a.h5ad", checkpoint=folder, **{**RUN, "steps": 20})
    resumed = fe.tl.train(tmp_path / "a.h5ad", checkpoint=folder, resume=True, steps=60)
    same(resumed, whole)
    np.testing.assert_allclose(whole.obsm["X_fe"], unbroken.obsm["X_fe"], atol=1e-2)


def of_other_samples(adata):
    return adata[:35].copy()


def of_other_genes(adata):
    adata.var_names = [f"other{i}" for i in range(30)]
    return adata


def of_renamed_samples(adata):
    adata.obs_names = [f"other{i}" for i in range(40)]
    return adata


def of_other_values(adata):
    adata.X = adata.X * 2
    return adata


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (of_other_samples, "shape"),
        (of_other_genes, "genes"),
        (of_renamed_samples, "samples"),
        (of_other_values, "sum"),
    ],
)
def test_of_another_matrix(stopped, change, word):
    refuses(
        change(small()), ValueError, "another matrix", word, "another folder",
        checkpoint=stopped, resume=True, steps=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"sample_dim": 3},
        {"decoder": "concat"},
        {"evaluate_every": 20},
        {"rng": 4},
        {"recipe": "thesis2024"},
        {"layer": "truth"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_options(stopped, changed):
    named = f"leave out .*{next(iter(changed))}"
    refuses(small(), ValueError, named, checkpoint=stopped, resume=True, **changed)


def test_an_unknown_option_of_a_resumed_run(stopped):
    refuses(
        small(), TypeError, "'sampel_dim'", "did you mean 'sample_dim'",
        checkpoint=stopped, resume=True, sampel_dim=2,
    )  # fmt: skip


def test_places_that_hold_no_run(tmp_path):
    (tmp_path / "file").write_text("precious")
    refuses(small(), ValueError, "is a file", "folder", checkpoint=tmp_path / "file")
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").write_text("precious")
    for resume in (False, True):
        refuses(
            small(), ValueError, "not empty", "new folder", checkpoint=full, resume=resume
        )  # fmt: skip
    refuses(small(), ValueError, "no folder", "make it", checkpoint=tmp_path / "no" / "run")
    assert [path.name for path in full.iterdir()] == ["notes.txt"]


def half_a_record(folder):
    record = folder / "run.json"
    record.write_bytes(record.read_bytes()[:100])


def half_a_state(folder):
    (state,) = folder.glob("*.safetensors")
    state.write_bytes(state.read_bytes()[:-50])


def no_state(folder):
    (state,) = folder.glob("*.safetensors")
    state.unlink()


def no_counters(folder):
    record = json.loads((folder / "run.json").read_text())
    del record["state"]["counters"]
    (folder / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize("damage", [half_a_record, half_a_state, no_state, no_counters])
def test_a_damaged_folder(stopped, damage):
    damage(stopped)
    refuses(
        small(), ValueError, "damaged", "new folder", checkpoint=stopped, resume=True, steps=60
    )  # fmt: skip


def test_a_folder_of_another_format(stopped):
    record = json.loads((stopped / "run.json").read_text())
    (stopped / "run.json").write_text(json.dumps({**record, "format": 99}))
    refuses(small(), ValueError, "format 99", checkpoint=stopped, resume=True, steps=60)


def test_what_a_kill_leaves_half_written_does_no_harm(stopped, unbroken):
    (stopped / "state-000000030.safetensors.partial").write_bytes(b"half")
    (stopped / "run.json.partial").write_bytes(b"{")
    adata = small()
    fe.tl.train(adata, checkpoint=stopped, resume=True, steps=60)
    same(adata, unbroken)


def test_begun_with_arrays(folder, monkeypatch):
    """A run whose mask and start were arrays, killed before its first evaluation."""
    mask, start = np.arange(30) != 7, np.random.default_rng(0).normal(size=(40, 2))
    arrays = {"mask_var": mask, "sample_start": start}
    whole, adata = small(), small()
    fe.tl.train(whole, **arrays, **RUN)

    def ended(self, state):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("fe_anndata.store.checkpoint.Checkpoint.keep", ended)
        with pytest.raises(SystemExit):
            fe.tl.train(adata, checkpoint=folder, **arrays, **RUN)
    refuses(small(), ValueError, "mask_var", "again", checkpoint=folder, resume=True, steps=60)
    refuses(
        small(), ValueError, "array as sample_start", "again",
        checkpoint=folder, resume=True, steps=60, mask_var=mask,
    )  # fmt: skip
    fe.tl.train(adata, checkpoint=folder, resume=True, **arrays)
    same(adata, whole)


def test_only_the_last_state_is_kept(stopped):
    assert sorted(path.name for path in stopped.iterdir()) == [
        "run.json", "state-000000020.safetensors",
    ]  # fmt: skip


def test_an_error_leaves_the_folder_to_go_on_from(folder, monkeypatch, unbroken):
    adata = small()
    before = snapshot(adata)
    backward = whole_matrix.Alternating.backward
    with monkeypatch.context() as patch:
        patch.setattr(
            whole_matrix.Alternating,
            "backward",
            lambda self, step: float("nan") if step == 33 else backward(self, step),
        )
        with pytest.raises(ValueError, match="step 33"):
            fe.tl.train(adata, checkpoint=folder, **RUN)
    assert snapshot(adata) == before
    fe.tl.train(adata, checkpoint=folder, resume=True)
    same(adata, unbroken)
    assert isinstance(adata, anndata.AnnData)


def test_two_processes_do_not_train_in_one_folder(adata, tmp_path):
    pytest.importorskip("fcntl")
    other = Checkpoint(tmp_path / "run")
    with other.held():
        other.begin({})
        with pytest.raises(ValueError, match="another process trains in"):
            fe.tl.train(adata.copy(), steps=5, checkpoint=tmp_path / "run", resume=True)
    with pytest.raises(ValueError, match="checkpoint"):  # which has nothing in it, but is free
        fe.tl.train(adata.copy(), steps=5, checkpoint=tmp_path / "run", resume=True)
