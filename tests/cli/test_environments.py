"""Commands in places where things go wrong: no room, no reader, a signal."""

from __future__ import annotations

import fcntl
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress

import pytest

import fe_anndata as fe
from fe_anndata._core import progress
from fe_anndata.cli import streams

from .shared import bad, small

SLOW = """
import sys, time
from fe_anndata.models.fe import whole_matrix
backward = whole_matrix.Alternating.backward
def slow(self, step):
    time.sleep(0.02)
    if step == 20:  # after the second evaluation
        open("begun", "w").close()
    return backward(self, step)
whole_matrix.Alternating.backward = slow
from fe_anndata.cli import main
main()
"""


def command(folder, *words, code="from fe_anndata.cli import main; main()", **more):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        cwd=folder,
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )


def done(process):
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)]
)
def test_a_signal_to_the_group_keeps_the_last_evaluation(tmp_path, source, number):
    words = ["train", source, "-o", "out.h5ad", "--steps", 100000]
    process = command(tmp_path, *words, code=SLOW, start_new_session=True)
    while not (tmp_path / "begun").exists() and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, number)
    code, _, err = done(process)
    assert code == 128 + number
    assert "interrupted: kept the result of step" in err
    assert "entries/s" not in err  # no bar into a log
    assert fe.get.history(fe.io.read_h5ad(tmp_path / "out.h5ad"))["step"].iloc[-1] > 0
    assert not list(tmp_path.glob(".*"))


def test_a_file_that_grows_too_large(tmp_path, source):
    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    words = ["train", source, "-o", "out.h5ad", "--steps", 5]
    code, _, err = done(command(tmp_path, *words, preexec_fn=little))
    assert (code, err.splitlines()[-1].startswith("fe-anndata: out.h5ad was not")) == (1, True)
    assert len([line for line in err.splitlines() if "HDF5" in line or "errno" in line]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


@pytest.fixture
def tiny_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs can be mounted by root alone")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
def test_a_full_disk(tmp_path, source, tiny_disk):
    code, _, err = done(command(tmp_path, "train", source, "-o", "disk/o.h5ad", "--steps", 5))
    assert code == 1
    assert "disk/o.h5ad was not written: the disk is full" in err
    assert not list(tiny_disk.iterdir())
    words = ["-o", "o.h5ad", "--checkpoint", "disk/run", "--sample-dim", 30, "--steps", 50]
    code, _, err = done(command(tmp_path, "train", source, *words))
    assert code == 1
    assert "disk/run" in err
    assert not list(tiny_disk.rglob("*.partial*"))


def test_a_disk_that_is_read_only(run, trained, tmp_path, tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    bad(run("plot", trained, "history", "-o", tiny_disk / "x.png"), "x.png", "name another")


def test_nobody_reads_what_is_printed_but_the_file_is_written(tmp_path, trained):
    reader, writer = os.pipe()
    os.close(reader)
    words = ["export-genes", trained, "-o", "out.vec"]
    code, _, err = done(command(tmp_path, *words, stdout=writer))
    os.close(writer)
    assert code == 141
    assert (tmp_path / "out.vec").stat().st_size > 1000
    assert err.startswith("wrote") or "fe-anndata:" not in err


@pytest.mark.parametrize("closed", ["<&- >&-", "2>&-"])
def test_closed_streams(tmp_path, trained, closed):
    line = f"{sys.executable} -m fe_anndata export-genes {trained} -o out.vec {closed}"
    assert subprocess.run(line, shell=True, cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "out.vec").exists()


def test_standard_output_is_full(tmp_path):
    with open("/dev/full", "w") as full:
        code, _, err = done(command(tmp_path, "models", stdout=full))
    assert (code, "standard output could not be written" in err) == (1, True)


def test_a_fault_of_ours_is_one_line(run, trained, monkeypatch):
    def fails(*_, **__):
        raise AssertionError("never")

    monkeypatch.setattr(fe.tl, "similar_genes", fails)
    code, _, err = run("similar", trained, "gene1")
    assert (code, err.count("\n")) == (1, 1)
    assert "AssertionError: never" in err
    assert "report" in err


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "IN", "--label", "group"],
        ["plot", "IN", "history"],
        ["classify", "IN", "half"],
        ["export-genes", "IN"],
        ["export-samples", "IN"],
    ],
    ids=lambda words: " ".join(words),
)
@pytest.mark.parametrize("out", ["in.h5ad", "link", "hard"])
def test_no_command_replaces_its_input_by_something_else(run, tmp_path, words, out):
    source = tmp_path / "in.h5ad"
    small().write_h5ad(source)
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "hard").hardlink_to(source)
    before = source.read_bytes()
    given = [str(source) if word == "IN" else word for word in words]
    code, _, err = run(*given, "-o", tmp_path / out, "--overwrite")
    assert (code, err.count("\n")) == (2, 1)
    assert source.read_bytes() == before


def test_two_outputs_of_one_name(run, source, tmp_path):
    words = ["--label", "group", "-o", tmp_path / "a", "--plot", tmp_path / "a"]
    bad(run("evaluate", source, *words), "same file")


def test_no_bar_without_a_terminal_but_a_line_a_minute(run, source, tmp_path, monkeypatch):
    words = ["train", source, "--steps", 5, "--overwrite", "-o", tmp_path / "o.h5ad"]
    assert "step/s" not in run(*words)[2]
    assert "step/s" in run(*words, "--progress")[2]
    monkeypatch.setattr(progress, "EVERY", 0.0)
    err = run(*words)[2]
    assert "step/s" not in err
    assert "fe-anndata: fe: step 3 of 5 (60 %), " in err
    assert "to go" in err
    assert "of 5" not in run(*words, "--no-progress")[2]
    assert fe.settings.progress is True


def test_a_bar_on_a_terminal(tmp_path, source):
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    words = ["train", source, "--steps", 5, "-o", tmp_path / "o.h5ad"]
    process = command(tmp_path, *words, stderr=follower)
    os.close(follower)
    seen = b""
    with suppress(OSError):  # the end, on Linux
        while part := os.read(leader, 4096):
            seen += part
    assert process.wait() == 0
    assert b"step/s" in seen


def test_the_folder_of_the_user(run, source, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("train", "~/in.h5ad", "-o", "~/out.h5ad", "--steps", 5)[0] == 0
    assert "X_fe" in fe.io.read_h5ad("~/out.h5ad").obsm
    fe.io.write_gene_vectors(fe.io.read_h5ad("~/out.h5ad"), "~/v.vec")
    assert fe.io.read_gene_vectors("~/v.vec").n_vars == 30


def test_handlers_are_put_back(run):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run("models")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert streams.NAME == "fe-anndata"
