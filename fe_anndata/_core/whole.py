"""Outputs: checked before the work, and written whole or not at all.

What is written lies beside the output, in a folder whose name ends in ``.partial``, until it is
complete and on disk; then it is renamed. The process keeps a lock on that folder, which the system
frees when the process ends, so that the next run removes what a dead one has left.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from .disk import explained, to_disk
from .ending import ending
from .paths import destination, expanded, is_same

# On Windows nothing is taken to be left by a dead process.
fcntl: Any = import_module("fcntl") if os.name == "posix" else None

PARTIAL = ".partial"
EARLIER = "earlier"
"""Where a folder lies while another one takes its place."""
NO_LINKS = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def whole(path: str | Path, *, overwrite: bool = False, folder: bool = False) -> Iterator[Path]:
    """Yield the name under which to write a file or folder that becomes `path` if all goes well.

    Parameters
    ----------
    path
        The output. Of a link the target is written, and the link stays.
    overwrite
        Whether to replace what is there.
    folder
        Whether it is a folder.

    Raises
    ------
    ValueError
        If there is something that may not be replaced, also if it came while this was written.
    NotWrittenError
        If the disk is full, read-only or has failed. Nothing is left then.
    """
    target = destination(path)
    with explained(path):
        require_writable(path, overwrite=overwrite, folder=folder)
        with ending.writing(), _workplace(target) as beside:
            made = beside / target.name
            yield made
            _all_to_disk(made)
            if overwrite:
                _replace(made, target, beside)
            else:
                _put(made, target, path)
            to_disk(target.parent)


def require_writable(
    path: str | Path,
    *,
    overwrite: bool,
    folder: bool = False,
    inputs: Mapping[str, str | Path | None] | None = None,
) -> None:
    """Check an output before the work, and remove what a dead process has left of it.

    Parameters
    ----------
    path
        The output.
    overwrite
        Whether it may exist.
    folder
        Whether it will be a folder.
    inputs
        What is read and must stay, whatever `overwrite` says, by what messages call it.

    Raises
    ------
    ValueError
        If it could not be written, or would replace an input.
    """
    target = destination(path)
    if target.exists() and not (target.is_dir() or target.is_file()):
        raise ValueError(f"{path} is no file that can be replaced; name another output.")
    if target.is_dir() and not folder:
        raise ValueError(f"{path} is a folder; name a file.")
    if target.is_file() and folder:
        raise ValueError(f"{path} is a file; name another folder.")
    if not target.parent.is_dir():
        raise ValueError(f"there is no folder {target.parent}; make it first.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ValueError(
            f"{path} cannot be written: nothing may be written to the folder {target.parent}; "
            "name another one."
        )
    _tidy(target)
    if target.exists() and not overwrite:
        raise _exists(path)
    for what, given in (inputs or {}).items():
        if given is not None:
            _require_another(path, target, what, given)


def _require_another(path: str | Path, target: Path, what: str, given: str | Path) -> None:
    source = expanded(given)
    real = Path(os.path.realpath(target))
    inside = source.is_dir() and real.is_relative_to(os.path.realpath(source))
    if is_same(target, source) or inside:
        raise ValueError(
            f"{path} is {what}{' or lies in it' if inside else ''}, which is read and would be "
            "lost; name another output."
        )


def _exists(path: str | Path) -> ValueError:
    return ValueError(
        f"{path} exists; choose another name, or overwrite=True (--overwrite on the command line)."
    )


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target` that is locked; it is removed."""
    lock = None
    try:
        while lock is None:  # another process may take the folder for one that a dead one left
            folder = target.with_name(f".{_start(target)}.{secrets.token_hex(4)}{PARTIAL}")
            folder.mkdir(mode=0o700)
            lock = _locked(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _free(lock)


def _start(target: Path) -> str:
    return target.name[:40]  # so that the name is not longer than a name may be


def _locked(folder: Path) -> int | None:
    """Return the open folder, locked; None if it is another's or gone, -1 if there are no locks."""
    if fcntl is None:
        return -1
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == folder.stat().st_ino:
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:  # a network disk
        os.close(lock)
        return -1
    os.close(lock)
    return None


def _free(lock: int | None) -> None:
    if lock is not None and lock >= 0:
        os.close(lock)


def _tidy(target: Path) -> None:
    """Remove what dead processes have left of an output."""
    ours = re.compile(re.escape(f".{_start(target)}.") + r"[0-9a-f]{8}" + re.escape(PARTIAL))
    try:
        left = [name for name in os.listdir(target.parent) if ours.fullmatch(name)]
    except PermissionError:  # a folder that may be written to, but not listed
        return
    for folder in map(target.with_name, left):
        lock = _locked(folder)
        if lock is None or lock < 0:
            continue
        if (folder / EARLIER).exists() and not target.exists():
            (folder / EARLIER).rename(target)
        shutil.rmtree(folder, ignore_errors=True)
        _free(lock)


def _all_to_disk(made: Path) -> None:
    if made.is_dir():
        for folder, _, files in os.walk(made):
            for name in files:
                to_disk(Path(folder, name))
            to_disk(Path(folder))
    else:
        to_disk(made)


def _replace(made: Path, target: Path, folder: Path) -> None:
    """Put what was made in the place of what is there, with its permissions."""
    if target.exists():
        made.chmod(stat.S_IMODE(target.stat().st_mode))
    if not (target.is_dir() and made.is_dir()):
        made.replace(target)
        return
    target.rename(folder / EARLIER)
    try:
        made.rename(target)
    except BaseException:
        (folder / EARLIER).rename(target)
        raise


def _put(made: Path, target: Path, path: str | Path) -> None:
    """Put what was made where nothing is; of two writers only one can."""
    try:
        if made.is_dir():
            target.mkdir()
        else:
            _link(made, target)
    except FileExistsError:
        raise _exists(path) from None
    if made.is_dir():
        try:
            made.replace(target)
        except BaseException:
            with suppress(OSError):  # by now another's
                target.rmdir()
            raise


def _link(made: Path, target: Path) -> None:
    try:
        os.link(made, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        made.replace(target)
