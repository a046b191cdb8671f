"""What an .h5ad file says of itself, looked at before any of its data are read.

A file may come from anyone. Its headers say how much it holds, where that lies and how it is
packed; a file that says what cannot be, or that would have others read in its place, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..matrix.memory import available
from .heaps import require_ends
from .other_kinds import require_anndata_file

TABLES = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")
"""What of a file is always loaded."""
MOST_ELEMENTS, DEEPEST = 100_000, 64
"""Groups and arrays in a file, and groups within groups, beyond which nobody has written one."""
SMALL = 64 << 20
"""Bytes of an array that may stay unwritten."""
TEXT = 64
"""Bytes that a string takes in memory, about."""
_ROWS_OF = {"categorical": "codes", "csr_matrix": "", "csc_matrix": "", "dataframe": "",
            "nullable-integer": "values", "nullable-boolean": "values",
            "nullable-string-array": "values"}  # fmt: skip


def refusal(path: Path, key: str, why: str) -> ValueError:
    """Return the error for an element that is not read."""
    return ValueError(f"{path}: {key} {why}")


def require_sound(file: h5py.File, path: Path, *, whole: bool) -> None:
    """Raise ValueError if the headers of a file say what cannot be, or must not be, read.

    Parameters
    ----------
    file
        Open for reading. Links in it are looked at and never followed.
    path
        Its name, for messages.
    whole
        Whether matrices are loaded too, and not only tables.
    """
    require_ends(path, file.id.get_create_plist().get_sizes()[1])
    free, addresses = available(), {_address(file)}
    groups, arrays = [], []
    for name, element in _elements(file, path, addresses):
        if isinstance(element, h5py.Dataset):
            _require_readable(element, path, name, free)
            arrays.append((name, element))
        elif isinstance(element, h5py.Group):
            groups.append((name, element))
    # From here on it is known that no link is in the way.
    require_anndata_file(file, path)
    for name, group in groups:
        _require_alike_within(group, path, name)
    _require_alike(file, path)
    for name, array in arrays:  # categories as anndata wrote them before version 0.8
        of = array.attrs.get("categories")
        if isinstance(of, h5py.Reference) and _address(file[of]) not in addresses:
            raise refusal(path, name, "names its categories by what is not in the file.")
    _require_room(
        [(name, of) for name, of in arrays if whole or name.split("/")[0] in TABLES], path, free
    )


def _require_room(arrays: list[tuple[str, h5py.Dataset]], path: Path, free: float) -> None:
    """Raise ValueError if the arrays that are to be loaded do not fit into memory."""
    sizes = {name: _bytes(array) for name, array in arrays}
    needed, largest = sum(sizes.values()), max(sizes, key=sizes.__getitem__, default="")
    if needed > free:
        raise refusal(
            path,
            largest,
            f"says that it holds {sizes[largest] / 1e9:.3g} GB. All that is to be loaded takes "
            f"{needed / 1e9:.3g} GB, and {free / 1e9:.3g} GB of memory are free.",
        )
    for name, array in arrays:
        _require_written(array, path, name)


def _elements(
    file: h5py.File, path: Path, addresses: set[int]
) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Yield all elements with their names, and add their addresses."""
    waiting, n = [("", file)], 0
    while waiting:
        above, group = waiting.pop()
        for key in group:
            name, n = f"{above}/{key}" if above else key, n + 1
            if n > MOST_ELEMENTS or name.count("/") > DEEPEST:
                raise refusal(path, name, "is one of too many groups and arrays, or too deep.")
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = "another file" if isinstance(link, h5py.ExternalLink) else "another place"
                raise refusal(
                    path, name, f"is a link to {kind} ({link.path!r}), and links are not followed."
                )
            element = group[key]
            address = _address(element)
            if isinstance(element, h5py.Group):
                if address in addresses:
                    raise refusal(path, name, "is a group that is in the file twice, in a circle.")
                waiting.append((name, element))
            addresses.add(address)
            yield name, element


def _address(element: Any) -> int:
    return int(h5py.h5o.get_info(element.id).addr)


def _require_readable(array: h5py.Dataset, path: Path, name: str, free: float) -> None:
    """Raise ValueError if an array lies elsewhere, refers to others, or cannot be unpacked."""
    if array.is_virtual or array.external:
        raise refusal(path, name, "keeps its values in another file, which is not read.")
    if _refers(array.dtype):
        raise refusal(path, name, "holds references to other elements, which are not followed.")
    packed = array.id.get_create_plist()
    for i in range(packed.get_nfilters()):
        code, *_, filter_name = packed.get_filter(i)
        if not h5py.h5z.filter_avail(code):
            called = bytes(filter_name).decode(errors="replace") or "unnamed"
            raise refusal(
                path,
                name,
                f"is compressed by the filter {code} ({called}), which h5py does not know here: "
                "pip install hdf5plugin and import it first, or write the file again without it.",
            )
    chunk = math.prod(array.chunks or (0,)) * array.dtype.itemsize
    if chunk > free:
        raise refusal(
            path, name, f"is stored in pieces of {chunk / 1e9:.3g} GB, too large to read."
        )


def _refers(dtype: np.dtype) -> bool:
    if dtype.names:
        return any(_refers(dtype[name]) for name in dtype.names)
    of = h5py.check_vlen_dtype(dtype)
    if isinstance(of, np.dtype):
        return _refers(of)
    return h5py.check_ref_dtype(dtype) is not None


def _bytes(array: h5py.Dataset) -> float:
    """Return what an array takes in memory, about."""
    itemsize = TEXT if array.dtype.kind == "O" else array.dtype.itemsize
    return float(math.prod(array.shape or (0,)) * itemsize) if array.shape != () else 0.0


def _require_written(array: h5py.Dataset, path: Path, name: str) -> None:
    """Raise ValueError if a large array was for the greater part never written."""
    if _bytes(array) <= SMALL:
        return
    if array.chunks is None:
        share = array.id.get_storage_size() / _bytes(array)
    else:
        of_all = math.prod(-(-n // m) for n, m in zip(array.shape, array.chunks, strict=True))
        share = array.id.get_num_chunks() / of_all
    if share < 0.5 and array.dtype.kind != "O":
        raise refusal(
            path,
            name,
            f"says that it holds {_bytes(array) / 1e9:.3g} GB, most of which were never written.",
        )


def _rows(element: Any) -> int | None:
    """Return how many rows an element says that it has; None if it does not say."""
    if isinstance(element, h5py.Dataset):
        return int(element.shape[0]) if element.shape else None
    kind = element.attrs.get("encoding-type")
    if "shape" in element.attrs and kind != "awkward-array":
        return int(np.ravel(element.attrs["shape"])[0])
    if kind == "dataframe":
        index = element.attrs.get("_index")
        return _rows(element[index]) if isinstance(index, str) and index in element else None
    inner = _ROWS_OF.get(kind) if isinstance(kind, str) else None
    return _rows(element[inner]) if inner and inner in element else None


def _require_alike_within(group: h5py.Group, path: Path, name: str) -> None:
    """Raise ValueError if the parts of a table or of a sparse matrix do not fit together."""
    kind = group.attrs.get("encoding-type")
    if kind == "dataframe":
        n = _rows(group)
        if n is None:
            raise refusal(path, name, "is a table without an index.")
        for column in group:
            _require_number(_rows(group[column]), n, path, f"{name}/{column}", "rows")
    elif kind in ("csr_matrix", "csc_matrix"):
        shape = np.ravel(group.attrs.get("shape", ()))
        parts = [group.get(part) for part in ("data", "indices", "indptr")]
        if len(shape) != 2 or shape.dtype.kind not in "iu" or (shape < 0).any():
            raise refusal(path, name, "is a sparse matrix without a shape of two numbers.")
        if not all(isinstance(part, h5py.Dataset) and part.ndim == 1 for part in parts):
            raise refusal(path, name, "is a sparse matrix that lacks data, indices or indptr.")
        data, indices, indptr = (part.shape[0] for part in parts)
        _require_number(indices, data, path, f"{name}/indices", "values")
        major = int(shape[0 if kind == "csr_matrix" else 1])
        _require_number(indptr, major + 1, path, f"{name}/indptr", "values")


def _require_alike(file: h5py.File, path: Path) -> None:
    """Raise ValueError if matrices do not have the samples and genes that the tables name."""
    n_obs, n_vars = (_rows(file[name]) if name in file else None for name in ("obs", "var"))
    raw = file["raw"] if isinstance(file.get("raw"), h5py.Group) else {}
    raw_vars = _rows(raw["var"]) if "var" in raw else None
    _require_shape(file.get("X"), (n_obs, n_vars), path, "X")
    _require_shape(raw.get("X"), (n_obs, raw_vars), path, "raw/X")
    for place, shape in (
        ("layers", (n_obs, n_vars)),
        ("obsm", (n_obs,)),
        ("varm", (n_vars,)),
        ("obsp", (n_obs, n_obs)),
        ("varp", (n_vars, n_vars)),
    ):
        group = file.get(place)
        for name in group if isinstance(group, h5py.Group) else ():
            _require_shape(group[name], shape, path, f"{place}/{name}")


def _require_shape(element: Any, expected: tuple[int | None, ...], path: Path, name: str) -> None:
    if element is None:
        return
    if len(expected) == 1:
        shape: Any = (_rows(element),)
    elif isinstance(element, h5py.Dataset):
        shape = element.shape
    else:
        shape = np.ravel(element.attrs.get("shape", ()))
    if shape is None or (isinstance(element, h5py.Dataset) and not len(shape)):
        return  # an empty X of early versions
    for found, wanted, of in zip(shape, expected, ("rows", "columns"), strict=False):
        _require_number(None if found is None else int(found), wanted, path, name, of)


def _require_number(
    found: int | None, expected: int | None, path: Path, name: str, of: str
) -> None:
    if found is not None and expected is not None and found != expected:
        raise refusal(
            path, name, f"has {found} {of}, but {expected} belong there: the file is damaged."
        )
