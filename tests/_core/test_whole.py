"""Outputs are whole or not there, and no input is lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading

import pytest

from fe_anndata._core import whole as module
from fe_anndata._core.disk import NotWrittenError
from fe_anndata._core.ending import Ending
from fe_anndata._core.endings import H5AD, PICTURE, TABLE, require_ending
from fe_anndata._core.whole import require_writable, whole


def write(path, text="new", **keywords):
    with whole(path, **keywords) as made:
        made.write_text(text)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    link, target = tmp_path / "link", tmp_path / "there" / "target"
    link.symlink_to(target)  # there is none yet
    write(link)
    write(link, "newer", overwrite=True)
    assert link.is_symlink()
    assert target.read_text() == "newer"
    assert names(tmp_path / "there") == ["target"]


def test_a_link_in_a_circle(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="circle"):
        write(tmp_path / "a")


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_of_two_writers_one_succeeds(tmp_path, monkeypatch, links, folder):
    def refuse(*_):
        raise OSError(errno.EPERM, "no hard links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    path, barrier, failed = tmp_path / "out", threading.Barrier(2), []

    def writer(text):
        try:
            with whole(path, folder=folder) as made:
                if folder:
                    made.mkdir()
                (made / "x" if folder else made).write_text(text)
                barrier.wait(10)
        except ValueError as error:
            failed.append((text, str(error)))

    threads = [threading.Thread(target=writer, args=(text,)) for text in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((loser, message),) = failed
    assert "exists" in message
    assert (path / "x" if folder else path).read_text() == ({"a", "b"} - {loser}).pop()
    assert names(tmp_path) == ["out"]


def test_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    (tmp_path / "a").chmod(0o604)
    write(tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize("made", ["symlink_to", "hardlink_to"])
def test_an_input_is_never_replaced(tmp_path, made):
    source, out = tmp_path / "in.h5ad", tmp_path / "out"
    source.write_text("precious")
    getattr(out, made)(source)
    with pytest.raises(ValueError, match="is the query"):
        require_writable(out, overwrite=True, inputs={"the query": source})


def test_an_output_inside_an_input(tmp_path):
    with pytest.raises(ValueError, match="lies in it"):
        require_writable(tmp_path / "a", overwrite=False, inputs={"the input": tmp_path})


LEFT = """
import os, signal, sys
from fe_anndata._core.whole import whole
with whole(sys.argv[1], overwrite=True) as made:
    made.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_dead_process_left_is_removed_and_that_of_a_living_one_is_not(tmp_path):
    path = tmp_path / "out"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", LEFT, path], check=False)
        assert len(names(tmp_path)) == 1  # the second has removed what the first one left
    with whole(path) as made:
        made.write_text("living")
        require_writable(path, overwrite=False)
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == ["out"]


def test_a_folder_that_was_moved_away_comes_back(tmp_path):
    earlier = tmp_path / ".out.12345678.partial" / module.EARLIER
    earlier.mkdir(parents=True)
    (earlier / "x").write_text("old")
    require_writable(tmp_path / "out", overwrite=True, folder=True)
    assert (tmp_path / "out" / "x").read_text() == "old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
@pytest.mark.parametrize("said", ["by the system", "by HDF5"])
def test_the_disk_is_named_with_the_output(tmp_path, number, said):
    error = OSError(number, os.strerror(number))
    if said == "by HDF5":
        error = RuntimeError(f"Can't decrement id ref count (errno = {number}, error message)")
    with pytest.raises(NotWrittenError, match="out was not written"), whole(tmp_path / "out"):
        raise error
    assert names(tmp_path) == []


def test_no_special_file_is_replaced():
    with pytest.raises(ValueError, match="no file that can be replaced"):
        require_writable("/dev/full", overwrite=True)


@pytest.mark.parametrize(
    ("name", "kind", "fits"),
    [
        ("a.h5ad", H5AD, True),
        ("a", TABLE, True),
        ("a.h5ad.bak", H5AD, True),
        ("a.CSV.gz", TABLE, True),
        ("a.png", TABLE, False),
        ("a.h5ad", PICTURE, False),
        ("a.zarr", H5AD, False),
        ("a.png.gz", PICTURE, False),
        ("a.xlsx", TABLE, False),
    ],
)
def test_endings(tmp_path, name, kind, fits):
    if fits:
        require_ending(tmp_path / name, kind)
        return
    with pytest.raises(ValueError, match="another kind"):
        require_ending(tmp_path / name, kind)


def test_the_ending_behind_a_link(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.h5ad")
    with pytest.raises(ValueError, match=r"\.h5ad is the ending"):
        require_ending(tmp_path / "a.png", PICTURE)


def written(ending, signals):
    """Return what is written before and after signals come during a write, and whether it ends."""
    done = []
    try:
        with ending.writing():
            for _ in range(signals):
                ending.receive(2)
            done.append("whole")
    except KeyboardInterrupt:
        done.append("ended")
    return done


def test_a_first_signal_lets_a_write_finish_and_a_second_ends_it():
    assert written(Ending(), 0) == ["whole"]
    assert written(Ending(), 1) == ["whole", "ended"]
    assert written(Ending(), 2) == ["ended"]


def test_after_an_interruption_the_result_is_still_written():
    ending = Ending()
    with pytest.raises(KeyboardInterrupt):
        ending.receive(15)
    with ending.writing():
        assert ending.receive(15)
    with pytest.raises(KeyboardInterrupt):
        ending.check()
