"""Why a disk did not take what was written, in words."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from .paths import destination

resource: Any = import_module("resource") if os.name == "posix" else None

REASONS = {
    errno.ENOSPC: "the disk is full; make room, or name another folder",
    errno.EDQUOT: "your quota of the disk is used up; make room, or name another folder",
    errno.EFBIG: "it would be larger than a file may be here (ulimit -f)",
    errno.EROFS: "the disk is read-only; name another folder",
    errno.EACCES: "nothing may be written there; name another folder",
    errno.EPERM: "nothing may be written there; name another folder",
    errno.EIO: "the disk does not answer as it should",
}


class NotWrittenError(OSError):
    """An output could not be written, for a reason outside this program."""

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def explained(path: str | Path) -> Iterator[None]:
    """Name the output where the disk is the reason that it could not be written."""
    try:
        yield
    except Exception as error:
        number = _of_disk(error)
        if number is None or isinstance(error, NotWrittenError):
            raise
        raise NotWrittenError(number, f"{path} was not written: {REASONS[number]}.") from error


def is_of_disk(error: BaseException) -> bool:
    """Return whether the disk is the reason of an error."""
    return _of_disk(error) is not None


def require_room(path: str | Path, size: int) -> None:
    """Raise NotWrittenError if a file may not be so large, or the disk has not so much room."""
    if resource is not None and 0 <= resource.getrlimit(resource.RLIMIT_FSIZE)[0] < size:
        raise NotWrittenError(errno.EFBIG, f"{path} would not be written: {REASONS[errno.EFBIG]}.")
    free = shutil.disk_usage(destination(path).parent).free
    if free < size:
        raise NotWrittenError(
            errno.ENOSPC,
            f"{path} takes {size / 1e6:.4g} MB, and the disk has room for {free / 1e6:.4g} MB; "
            "make room, or name another folder.",
        )


def _of_disk(error: BaseException | None) -> int | None:
    """Return the number by which the system said why something was not written, if it did."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in REASONS:
            return error.errno
        named = re.search(r"errno = (\d+)", str(error))  # as HDF5 says it
        if named and int(named[1]) in REASONS:
            return int(named[1])
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows, for a folder
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # not every disk knows this
            raise
    finally:
        os.close(handle)
