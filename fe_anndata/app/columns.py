"""A matrix by columns: what a gene is coloured by, without a look at all other genes.

Matrices are stored by samples. To colour samples by a gene, a large one would be read as a whole
each time; so it is read once, in the background, and what was read is written to a temporary file
by columns, a piece for each block of samples.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .._core.log import logger
from ..matrix.rows import Rows
from .asking import explained

BLOCK = 1 << 23
"""Values of a piece, about."""


class _Piece(NamedTuple):
    """The columns of some samples: where they begin in the file, and in the piece."""

    rows: slice
    starts: NDArray[np.int64] | None  # (n_vars + 1,); None if all values are there
    at: int  # of the first row number, or value, in bytes
    data: int  # of the first value, in bytes


class Columns:
    """The columns of a matrix; their copy is made when :meth:`start` is called.

    Parameters
    ----------
    rows
        Returns the rows of the matrix.
    size
        Bytes that the copy takes at most.
    """

    def __init__(self, rows: Callable[[], Rows], size: float) -> None:
        self._rows, self._size = rows, size
        self._pieces: list[_Piece] = []
        self._file: Any = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.shape = (0, 0)
        self.done, self.is_ready, self.error = 0.0, False, ""

    def start(self) -> None:
        """Begin to make the copy, in the background."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._make, daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Wait until the copy is made, or has failed."""
        self.start()
        assert self._thread is not None
        self._thread.join()

    def column(self, position: int) -> NDArray[np.float32]:
        """Return the values of a gene, float32 (n_obs,), NaN where missing.

        Raises
        ------
        ValueError
            If the copy could not be made.
        """
        self.wait()
        if self.error:
            raise ValueError(self.error)
        found = np.zeros(self.shape[0], dtype=np.float32)
        with self._lock:
            for piece in self._pieces:
                if piece.starts is None:
                    n = piece.rows.stop - piece.rows.start
                    found[piece.rows] = self._read(piece.at + 4 * n * position, n, np.float32)
                    continue
                first, last = (int(i) for i in piece.starts[position : position + 2])
                at = self._read(piece.at + 4 * first, last - first, np.int32)
                values = self._read(piece.data + 4 * first, last - first, np.float32)
                found[at + piece.rows.start] = values
        return found

    def _read(self, at: int, n: int, dtype: Any) -> Any:
        self._file.seek(at)
        return np.frombuffer(self._file.read(4 * n), dtype=dtype)

    def _make(self) -> None:
        try:
            free = shutil.disk_usage(tempfile.gettempdir()).free
            if self._size > 0.8 * free:
                raise ValueError(
                    f"the columns of the matrix take {self._size / 1e9:.1f} GB in "
                    f"{tempfile.gettempdir()}, where {free / 1e9:.1f} GB are free; set TMPDIR to "
                    "a folder with more, or colour by columns of obs."
                )
            self._copy(self._rows())
            self.is_ready = True
        except Exception as error:
            self.error = explained(error)
            logger.warning("no copy of the matrix by columns: %s", self.error)

    def _copy(self, rows: Rows) -> None:
        # It has no name, so that nothing is left of it however the process ends.
        self._file = tempfile.TemporaryFile(prefix="fe-anndata-app-")  # noqa: SIM115
        self.shape = (rows.shape[0], rows.shape[1])
        at = 0
        for part, block in rows.blocks(max(64, BLOCK // max(rows.shape[1] // 16, 1))):
            if sparse.issparse(block):
                piece = block.tocsc()
                parts = [piece.indices.astype(np.int32), piece.data.astype(np.float32)]
                starts = np.asarray(piece.indptr, dtype=np.int64)
                made = _Piece(part, starts, at, at + parts[0].nbytes)
            else:
                parts = [np.ascontiguousarray(block.T, dtype=np.float32)]
                made = _Piece(part, None, at, at)
            for array in parts:
                self._file.write(array.data)
                at += array.nbytes
            self._pieces.append(made)
            self.done = part.stop / max(rows.shape[0], 1)
        self._file.flush()
