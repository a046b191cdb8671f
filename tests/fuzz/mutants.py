"""Changes that damage an .h5ad file, of its structure and of its bytes, each drawn by a seed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

HUGE = (1 << 20, 1 << 12)
"""A shape of 32 GB, of which nothing is stored."""
Draw = np.random.Generator


def _paths(file: h5py.File, kind: type) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, of: found.append(name) if isinstance(of, kind) else None)
    return found


def _pick(file: h5py.File, draw: Draw, kind: type = h5py.Dataset) -> str:
    """Return a name; half of the time one of the results, which are few among many."""
    names = _paths(file, kind)
    ours = [n for n in names if "fe" in n.split("/") or n.endswith("X_fe")]
    return str(draw.choice(ours if draw.random() < 0.7 and ours else names))


def _value(file: h5py.File, name: str) -> np.ndarray:
    """Return an array; text is one of objects."""
    value = file[name][()]
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.array(value)


def _replace(file: h5py.File, name: str, value: object, **more: object) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    made = file.create_dataset(name, data=value, **more)
    for key, of in attributes.items():
        made.attrs[key] = of


def flip(file: h5py.File, draw: Draw) -> str:
    """Flip a bit of a number or of a text."""
    name = _pick(file, draw)
    array = _value(file, name)
    if array.dtype.kind == "O":
        texts = array.ravel()
        i = int(draw.integers(texts.size))
        text = bytearray(texts[i] if isinstance(texts[i], bytes) else str(texts[i]).encode())
        if text:
            text[int(draw.integers(len(text)))] ^= 1
        texts[i] = bytes(text).decode(errors="replace")
        _replace(file, name, texts.reshape(array.shape), dtype=h5py.string_dtype())
    elif array.size:
        content = bytearray(array.tobytes())
        content[int(draw.integers(len(content)))] ^= 1 << int(draw.integers(8))
        _replace(file, name, np.frombuffer(bytes(content), array.dtype).reshape(array.shape))
    return name


def retype(file: h5py.File, draw: Draw) -> str:
    """Give an array another type."""
    name = _pick(file, draw)
    array = _value(file, name)
    kind = draw.choice(["c8", "i1", "f2", "S3", "?", "u8", "text", "compound"])
    if array.dtype.kind == "O" or kind in ("text", "compound"):
        made = np.zeros(array.shape, "f4" if kind == "text" else [("a", "f4"), ("b", "i4")])
        _replace(file, name, made)
    else:
        with np.errstate(all="ignore"):
            _replace(file, name, array.astype(kind))
    return name


def reshape(file: h5py.File, draw: Draw) -> str:
    """Give an array another shape."""
    name = _pick(file, draw)
    array = _value(file, name)
    changes: list[Callable[[], np.ndarray]] = [
        lambda: array.ravel()[:0],
        lambda: array.ravel()[:1],
        lambda: array.reshape((*array.shape, 1)),
        lambda: array[:-1] if array.ndim else array.reshape(1),
        lambda: np.concatenate([array, array]) if array.ndim else np.stack([array, array]),
        lambda: array.T,
        lambda: array.ravel(),
    ]
    made = changes[int(draw.integers(len(changes)))]()
    text = {"dtype": h5py.string_dtype()} if array.dtype.kind == "O" else {}
    _replace(file, name, made, **text)
    return name


def extreme(file: h5py.File, draw: Draw) -> str:
    """Put an extreme number somewhere."""
    name = _pick(file, draw)
    array = _value(file, name)
    if array.dtype.kind not in "fiu" or not array.size:
        return flip(file, draw)
    choices = (
        [np.nan, np.inf, -np.inf, -1.0, 1e30] if array.dtype.kind == "f" else [0, 1, 100, 40000]
    )
    flat = array.ravel()
    with np.errstate(all="ignore"):
        flat[int(draw.integers(flat.size))] = np.asarray(draw.choice(choices)).astype(array.dtype)
    _replace(file, name, flat.reshape(array.shape))
    return name


def rename(file: h5py.File, draw: Draw) -> str:
    """Give an element another name."""
    name = _pick(file, draw, h5py.Dataset if draw.random() < 0.7 else h5py.Group)
    file.move(name, f"{name}_")
    return name


def delete(file: h5py.File, draw: Draw) -> str:
    """Leave an element out."""
    name = _pick(file, draw, h5py.Dataset if draw.random() < 0.7 else h5py.Group)
    del file[name]
    return name


def huge(file: h5py.File, draw: Draw) -> str:
    """Say that an array is larger than memory."""
    name = _pick(file, draw)
    of = dict(file[name].attrs)
    del file[name]
    shape = HUGE if draw.random() < 0.5 else (1 << 33,)
    chunks = tuple(min(n, 1 << 14) for n in shape) if draw.random() < 0.7 else None
    made = file.create_dataset(name, shape, "f4", chunks=chunks, fillvalue=1.0)
    for key, value in of.items():
        made.attrs[key] = value
    return name


def bomb(file: h5py.File, draw: Draw) -> str:
    """Store 200 MB in some kilobytes."""
    name = _pick(file, draw)
    of = dict(file[name].attrs)
    del file[name]
    made = file.create_dataset(name, (50 << 20,), "f4", chunks=(1 << 20,), compression="gzip")
    made[: 1 << 20] = 0
    for key, value in of.items():
        made.attrs[key] = value
    return name


def link(file: h5py.File, draw: Draw) -> str:
    """Have an element lie elsewhere."""
    name = _pick(file, draw, h5py.Dataset if draw.random() < 0.7 else h5py.Group)
    shape = getattr(file[name], "shape", ())
    del file[name]
    kind = draw.integers(4)
    if kind == 0:
        file[name] = h5py.SoftLink("/X")
    elif kind == 1:
        file[name] = h5py.ExternalLink("secret.h5", "/secret")
    elif kind == 2:
        layout = h5py.VirtualLayout(shape or (2,), "f4")
        layout[...] = h5py.VirtualSource("secret.h5", "/secret", shape or (2,))
        file.create_virtual_dataset(name, layout)
    else:
        file.create_dataset(name, (4,), "f4", external=[("secret.bin", 0, 16)])
    return name


def cycle(file: h5py.File, draw: Draw) -> str:
    """Put a group into itself."""
    name = _pick(file, draw, h5py.Group)
    file[f"{name}/again"] = file[name] if draw.random() < 0.5 else file["/"]
    return name


def swap(file: h5py.File, draw: Draw) -> str:
    """Exchange two elements."""
    a, b = _pick(file, draw), _pick(file, draw)
    if a != b:
        file.move(a, "swapped")
        file.move(b, a)
        file.move("swapped", b)
    return a


def attribute(file: h5py.File, draw: Draw) -> str:
    """Change what an element says of itself."""
    name = _pick(file, draw, h5py.Dataset if draw.random() < 0.4 else h5py.Group)
    attributes = file[name].attrs
    if len(attributes):
        key = str(draw.choice(sorted(attributes)))
        del attributes[key]
        values = ["9.9.9", "csr_matrix", "dataframe", "null", "string", "nobody", -1, [3, 3]]
        chosen = draw.integers(len(values) + 1)
        if chosen < len(values):
            attributes[key] = values[chosen]
    return name


def reference(file: h5py.File, draw: Draw) -> str:
    """Have an array refer to others."""
    name = _pick(file, draw)
    other = file["X"].ref if isinstance(file.get("X"), h5py.Dataset) else file["obs"].ref
    _replace(file, name, np.array([other, other], dtype=h5py.ref_dtype))
    return name


STRUCTURE = (flip, flip, flip, retype, reshape, reshape, extreme, extreme, rename, delete, huge,
             bomb, link, cycle, swap, attribute, reference)  # fmt: skip


def bytes_flipped(content: bytearray, draw: Draw) -> bytearray:
    """Flip bits anywhere."""
    for _ in range(int(draw.choice([1, 3, 20]))):
        content[int(draw.integers(len(content)))] ^= 1 << int(draw.integers(8))
    return content


def bytes_spliced(content: bytearray, draw: Draw) -> bytearray:
    """Copy a stretch to somewhere else."""
    n = int(draw.choice([8, 64, 1024]))
    a, b = (int(draw.integers(len(content) - n)) for _ in range(2))
    content[b : b + n] = content[a : a + n]
    return content


def bytes_cut(content: bytearray, draw: Draw) -> bytearray:
    """End the file early."""
    return content[: int(draw.integers(len(content)))]


BYTES = (bytes_flipped, bytes_spliced, bytes_cut)


def mutate(source: Path, target: Path, seed: int) -> str:
    """Write a mutant of a file, and return what was done to it."""
    draw = np.random.default_rng(seed)
    if draw.random() < 0.25:
        change = BYTES[int(draw.integers(len(BYTES)))]
        target.write_bytes(change(bytearray(source.read_bytes()), draw))
        return change.__name__
    shutil.copyfile(source, target)
    structural = STRUCTURE[int(draw.integers(len(STRUCTURE)))]
    with h5py.File(target, "r+") as file:
        return f"{structural.__name__} {structural(file, draw)}"
