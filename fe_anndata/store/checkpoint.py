"""A directory in which a run survives: written whole or not at all at each evaluation.

``run.json`` says what the run is and names the file with its last state, which stands beside it as
safetensors. Each is written under another name, brought to disk and renamed; files of other states
go last. So whenever the process ends, ``run.json`` names a complete state, or none yet. While a
process trains here, others are refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from .._core.disk import explained, to_disk
from .._core.ending import ending
from .._core.paths import expanded
from .._core.whole import PARTIAL
from ..training.state import Counters, State

try:
    import fcntl
except ImportError:  # Windows, where two processes are not told apart
    fcntl = None  # type: ignore[assignment]

FORMAT = 2
"""1 had no checksums."""
RECORD = "run.json"
STATE = "state-"
LOCK = f"lock{PARTIAL}"
_SECTIONS = ("parameters", "best", "moments")
RECORDS = "records"


class Checkpoint:
    """The directory of one run.

    Parameters
    ----------
    path
        The directory; it is made when something is written.

    Raises
    ------
    ValueError
        If it holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = expanded(path)
        self._record: dict[str, Any] = {}
        self._lock: IO[str] | None = None
        self._is_held = False
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"checkpoint={str(self.path)!r} is a file; name a folder.")
        if not self.holds_a_run and any(self._foreign()):
            raise ValueError(
                f"checkpoint={str(self.path)!r} is not empty and holds no checkpoint; name a new "
                "folder."
            )

    @property
    def holds_a_run(self) -> bool:
        """Whether a run has been begun here."""
        return (self.path / RECORD).is_file()

    @property
    def mark(self) -> str:
        """What tells a run that is held here, as it stands, from others; empty if there is none."""
        return (
            hashlib.sha256((self.path / RECORD).read_bytes()).hexdigest()
            if self.holds_a_run
            else ""
        )

    def _foreign(self) -> list[str]:
        if not self.path.is_dir():
            return []
        return [name for name in os.listdir(self.path) if not name.endswith(PARTIAL)]

    def begin(self, run: Mapping[str, Any]) -> None:
        """Write what the run is, before its first step.

        Raises
        ------
        ValueError
            If there is no folder for the directory to be in.
        """
        if not self.path.parent.is_dir():
            raise ValueError(f"there is no folder {self.path.parent}; make it first.")
        self.path.mkdir(exist_ok=True)
        if self._is_held:
            self._claim()
        self._record = {"format": FORMAT, "run": dict(run), "state": None}
        self._write_record()

    def keep(self, state: State) -> None:
        """Write the state of the run."""
        name = f"{STATE}{state.counters.step:09d}.safetensors"
        best_is_now = state.best is state.parameters
        arrays = {
            f"{section}/{key}": np.asarray(value, order="C")
            for section in _SECTIONS
            if not (section == "best" and best_is_now)
            for key, value in getattr(state, section).items()
        }
        arrays |= {f"{RECORDS}/{step}": table for step, table in state.records}
        content = save(arrays)
        self._write(name, content)
        self._record["state"] = {
            "file": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "best_is_now": best_is_now,
            "counters": asdict(state.counters),
            "facts": dict(state.facts),
            "history": state.history,
        }
        self._write_record()
        for other in self.path.glob(f"{STATE}*"):  # of the state before, or of a process that died
            if other.name != name:
                other.unlink(missing_ok=True)

    def _write_record(self) -> None:
        self._record["sha256"] = _digest(self._record)
        self._write(RECORD, json.dumps(self._record, indent=1).encode())

    def load(self) -> tuple[dict[str, Any], State | None]:
        """Return what the run is, and its last state; None if it had no evaluation yet.

        Raises
        ------
        ValueError
            If the directory is damaged, or was written in another format.
        """
        try:
            record = json.loads((self.path / RECORD).read_bytes())
            written = record["format"]
            if written in (1, FORMAT):
                if written == FORMAT and record["sha256"] != _digest(record):
                    raise ValueError(f"{RECORD} was changed since it was written")
                self._record = record
                stored = record["state"]
                return record["run"], None if stored is None else self._state(stored)
        except (ValueError, KeyError, TypeError, OSError, SafetensorError) as error:
            raise ValueError(
                f"the checkpoint {self.path} is damaged ({type(error).__name__}: {error}); begin "
                "again in a new folder."
            ) from error
        raise ValueError(
            f"{self.path} was written in format {written}, and this version of fe_anndata knows "
            f"format {FORMAT}: use the version that wrote it."
        )

    def _state(self, stored: Mapping[str, Any]) -> State:
        sections: dict[str, dict[str, np.ndarray]] = {name: {} for name in (*_SECTIONS, RECORDS)}
        content = self._content(stored)
        for key, value in load(content).items():
            section, _, name = key.partition("/")
            sections[section][name] = value
        parameters = sections["parameters"]
        return State(
            Counters(**stored["counters"]),
            parameters,
            parameters if stored["best_is_now"] else sections["best"],
            sections["moments"],
            list(stored["history"]),
            dict(stored["facts"]),
            sorted((int(step), table) for step, table in sections[RECORDS].items()),
        )

    def _content(self, stored: Mapping[str, Any]) -> bytes:
        name = str(stored["file"])
        if Path(name).name != name or not name.startswith(STATE):
            raise ValueError(f"{name!r} is no file of a checkpoint")
        content = (self.path / name).read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if stored.get("sha256", found) != found:
            raise ValueError(f"{name} was changed since it was written")
        return content

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from training here.

        Raises
        ------
        ValueError
            If one does already.
        """
        self._is_held = True
        try:
            if self.path.is_dir():
                self._claim()
            yield
        finally:
            self._is_held = False
            if self._lock is not None:
                self._lock.close()
                self._lock = None
                (self.path / LOCK).unlink(missing_ok=True)

    def _claim(self) -> None:
        """Raise ValueError if another process trains here; the system forgets one that has died."""
        if fcntl is None or self._lock is not None:
            return
        lock = (self.path / LOCK).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ValueError(
                f"another process trains in {self.path}; wait for its end, or name another folder."
            ) from None
        self._lock = lock

    def _write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        partial = self.path / f"{name}{PARTIAL}"
        with explained(self.path / name), ending.writing():
            try:
                with partial.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(self.path / name)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            to_disk(self.path)


def _digest(record: Mapping[str, Any]) -> str:
    """Return a hash of what a record says, beside its hash."""
    said = {name: value for name, value in record.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
