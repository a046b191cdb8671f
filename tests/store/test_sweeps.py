"""The folder of a sweep: it is of one sweep alone, and what is in it is complete or an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fe_anndata.store.sweeps import SweepFolder

TOLD = {"options": [["l2", [0, 1e-6]]], "matrix": {"sum": 1234.5678, "samples": "abc"}}


def begun(path):
    folder = SweepFolder(path)
    with folder.held(TOLD):
        folder.keep(3, {"loss": 0.25, "rest": float("nan")}, np.eye(4, 2, dtype=np.float32))
    return folder


def test_what_is_kept_is_found(tmp_path):
    begun(tmp_path / "run")
    folder = SweepFolder(tmp_path / "run")
    with folder.held(TOLD):
        row, u = folder.found(3)
        assert folder.found(2) is None
    assert row["loss"] == 0.25
    assert np.isnan(row["rest"])
    np.testing.assert_array_equal(u, np.eye(4, 2, dtype=np.float32))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "run.json", "training-0003.safetensors",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"options": [["l2", [0, 1e-7]]]}, "options"),
        ({"matrix": {"sum": 1234.5679, "samples": "abc"}}, "matrix"),
        ({"matrix": {"sum": 1234.5678, "samples": "abd"}}, "matrix"),
        ({"label": "one more"}, "label"),
        ({"options": [["l2", [0]]], "matrix": {}}, "options and matrix"),
    ],
)
def test_another_sweep_is_an_error(tmp_path, changed, words):
    begun(tmp_path / "run")
    with (
        pytest.raises(ValueError, match=f"differs in {words}[.]"),
        SweepFolder(tmp_path / "run").held({**TOLD, **changed}),
    ):
        pass


def test_the_last_digits_of_a_sum_are_no_difference(tmp_path):
    begun(tmp_path / "run")
    nearly = {"sum": 1234.5678 * (1 + 1e-14), "samples": "abc"}
    with SweepFolder(tmp_path / "run").held({**TOLD, "matrix": nearly}):
        pass


def test_something_else_is_an_error(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(ValueError, match="is a file"):
        SweepFolder(tmp_path / "file")
    with pytest.raises(ValueError, match="not empty and holds no checkpoint"):
        SweepFolder(tmp_path)
    with pytest.raises(ValueError, match="no folder"), SweepFolder(tmp_path / "a/b").held(TOLD):
        pass


def test_a_training_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    folder = begun(tmp_path / "run")

    def half(path, content):
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="disk is full"):
        folder.keep(4, {"loss": 0.5}, np.zeros((4, 2), np.float32))
    assert folder.found(4) is None
    assert len(list((tmp_path / "run").iterdir())) == 2


@pytest.mark.parametrize("how", ["cut", "text", "empty", "other"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, how):
    folder = begun(tmp_path / "run")
    path = tmp_path / "run" / "training-0003.safetensors"
    content = path.read_bytes()
    path.write_bytes({
        "cut": content[:-3], "text": b"no tensors", "empty": b"",
        "other": content.replace(b'"row"', b'"wor"'),
    }[how])  # fmt: skip
    with pytest.raises(ValueError, match=r"training-0003.safetensors is damaged .* remove it"):
        folder.found(3)


@pytest.mark.skipif(sys.platform == "win32", reason="two processes are not told apart there")
def test_two_processes_do_not_share_a_folder(tmp_path):
    program = (
        "import sys\nfrom fe_anndata.store.sweeps import SweepFolder\n"
        f"with SweepFolder(sys.argv[1]).held({TOLD!r}): pass"
    )
    folder = SweepFolder(tmp_path / "run")
    with folder.held(TOLD):
        other = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "run"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert "another process" in other.stderr
