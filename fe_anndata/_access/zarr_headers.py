"""What a .zarr folder says of itself, looked at before any of its data are read.

As :mod:`fe_anndata._access.headers` does for files: no links, nothing larger than memory, and no
codec that runs code.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from ..matrix.memory import available
from .headers import TABLES, refusal

MOST = 1 << 24
"""Bytes of a header."""
_HEADERS = (".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json")


def require_sound_folder(path: Path) -> None:
    """Raise ValueError if a folder holds links, arrays larger than memory, or pickled ones."""
    free, needed = available(), 0.0
    for folder, below, names in os.walk(path):
        key = Path(folder).relative_to(path).as_posix()
        for name in (*below, *names):
            if (Path(folder) / name).is_symlink():
                raise refusal(path, f"{key}/{name}", "is a link, and links are not followed.")
        for name in set(names) & set(_HEADERS):
            header = _header(Path(folder) / name, path)
            if _runs_code(header):
                raise refusal(path, key, "is stored with pickle, which could run any program.")
            if name in (".zarray", "zarr.json") and "shape" in header:
                needed += _bytes(header) if key.split("/")[0] in TABLES else 0
                _require_piece(header, path, key, free)
                if needed > free:
                    raise refusal(
                        path, key, f"and what is before it take {needed / 1e9:.3g} GB, and "
                        f"{free / 1e9:.3g} GB of memory are free."
                    )  # fmt: skip


def _header(file: Path, path: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MOST:
            raise ValueError("it is too long")
        header = json.loads(file.read_bytes())
        if not isinstance(header, dict):
            raise ValueError("it is no JSON object")
    except (ValueError, OSError, RecursionError) as error:
        raise refusal(
            path, file.relative_to(path).as_posix(), f"cannot be read: {error}."
        ) from None
    return header


def _runs_code(header: Any) -> bool:
    """Return whether a codec that a header names, at any depth, is one that pickles."""
    if not isinstance(header, dict):
        return isinstance(header, list) and any(map(_runs_code, header))
    codecs = json.dumps([header.get(name) for name in ("codecs", "filters", "compressor")])
    inner = [part for name, part in header.items() if name != "attributes"]
    return "pickle" in codecs or _runs_code(inner)


def _numbers(found: Any) -> list[int]:
    return [n for n in found if isinstance(n, int)] if isinstance(found, list) else []


def _itemsize(header: dict[str, Any]) -> int:
    return _size(header.get("dtype", header.get("data_type")), in_bits="data_type" in header)


def _size(kind: Any, *, in_bits: bool) -> int:
    """Return the bytes of an item of a type: a word, or the fields of a record."""
    if isinstance(kind, dict) and isinstance(kind.get("configuration"), dict):
        kind = kind["configuration"].get("fields", kind)
    if isinstance(kind, list):  # a field is its name, its type and maybe a shape
        fields = [field for field in kind if isinstance(field, list) and len(field) > 1]
        return sum(
            _size(field[1], in_bits=in_bits) * math.prod(_numbers(field[-1])) for field in fields
        )
    digits = "".join(c for c in str(kind) if c.isdigit())
    size = int(digits[:9]) if digits else 8
    return max(1, size // 8 if in_bits else size)


def _bytes(header: dict[str, Any]) -> float:
    return float(math.prod(_numbers(header["shape"])) * _itemsize(header))


def _require_piece(header: dict[str, Any], path: Path, key: str, free: float) -> None:
    grid = header.get("chunk_grid")
    inner = grid.get("configuration", {}) if isinstance(grid, dict) else {}
    chunks = header.get("chunks") or (inner.get("chunk_shape") if isinstance(inner, dict) else None)
    piece = math.prod(_numbers(chunks)) * _itemsize(header)
    if piece > free:
        raise refusal(path, key, f"is stored in pieces of {piece / 1e9:.3g} GB, too large to read.")
