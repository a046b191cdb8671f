"""The folder of a sweep: what it is of, and a file for each of its trainings that is complete.

``run.json`` says what the sweep is, in the form of a checkpoint, and locks the folder against other
processes. Each training has a safetensors file with its embedding and, as text, what was measured;
it is written under another name, brought to disk and renamed. So whatever ends the process, a file
that is there is complete, and what is lost is the training that was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .._core.whole import whole
from .checkpoint import Checkpoint

ROW, EMBEDDING = "row", "embedding"
CLOSE = 1e-9
"""Sums over the same matrix may differ by so much, relatively, on another machine."""


class SweepFolder:
    """The folder of one sweep.

    Parameters
    ----------
    path
        The folder; it is made when the sweep begins.

    Raises
    ------
    ValueError
        If it holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        self._checkpoint = Checkpoint(path)
        self.path = self._checkpoint.path

    @contextmanager
    def held(self, told: Mapping[str, Any]) -> Iterator[None]:
        """Begin a sweep, or go on with it, and keep other processes from doing so meanwhile.

        Parameters
        ----------
        told
            What the sweep is, by name, as it is in JSON.

        Raises
        ------
        ValueError
            If the folder holds another sweep or something else, or is in use.
        """
        with self._checkpoint.held():
            if self._checkpoint.holds_a_run:
                self._require_same(told)
            else:
                self._checkpoint.begin({"sweep": told})
            yield

    def _require_same(self, told: Mapping[str, Any]) -> None:
        run, _ = self._checkpoint.load()
        where = f"checkpoint={str(self.path)!r}"
        if "sweep" not in run:
            raise ValueError(f"{where} holds a run of tl.train and no sweep; name another folder.")
        known = run["sweep"]
        names = [n for n in {**known, **told} if not _is_same(known.get(n), told.get(n))]
        if names:
            raise ValueError(
                f"{where} holds another sweep, which differs in {' and '.join(names)}. Name "
                "another folder; or ask for the same sweep, to go on with it."
            )

    def _file(self, number: int) -> Path:
        return self.path / f"training-{number:04d}.safetensors"

    def found(self, number: int) -> tuple[dict[str, Any], np.ndarray] | None:
        """Return what was measured of a training, and its embedding; None if it is to be done.

        Raises
        ------
        ValueError
            If its file is damaged.
        """
        path = self._file(number)
        if not path.exists():
            return None
        try:
            with safe_open(path, "np") as file:
                return json.loads(file.metadata()[ROW]), file.get_tensor(EMBEDDING)
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} is damaged ({type(error).__name__}: {error}); remove it, and it is "
                "trained again."
            ) from error

    def keep(self, number: int, row: Mapping[str, Any], embedding: np.ndarray) -> None:
        """Write a training that is complete."""
        content = save({EMBEDDING: np.ascontiguousarray(embedding)}, {ROW: json.dumps(row)})
        with whole(self._file(number)) as made:
            made.write_bytes(content)


def _is_same(a: Any, b: Any) -> bool:
    """Return whether two values of JSON are the same, numbers but for their last digits."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_is_same(a[key], b[key]) for key in a)
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=CLOSE, atol=0))
    return bool(a == b)
