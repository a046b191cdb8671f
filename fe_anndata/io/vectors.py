"""Files of gene vectors."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._access.genes import gene_space, without_samples
from .._access.h5ad import load
from .._core.errors import near
from .._core.gene_names import require_one_line
from .._core.keys import DEFAULT_KEY, Keys
from .._core.paths import expanded
from .._core.whole import whole
from ..matrix.sound import require_sound
from ._npz import read_npz
from ._vector_text import read_text, write_text
from .h5ad import explained, write_into

WRITTEN = (".txt", ".vec", ".tsv", ".npz", ".h5ad")
ROWS = 4096
"""Vectors that are looked at together, so that nothing of the size of all of them is made."""


def read_gene_vectors(path: str | Path, *, key: str = DEFAULT_KEY) -> AnnData:
    """Read gene vectors into an AnnData of genes without samples.

    Every verb that looks up, compares or classifies genes takes it like a trained AnnData.

    Parameters
    ----------
    path
        One of these files:

        - word2vec text, plain or gzip, with or without a first line that gives the number of
          vectors and their length (the files of gene2vec and GeneRAIN-vec);
        - a table with tabs or commas, with or without a header row, whose first column holds the
          names, in quotes or not (a ``.tsv`` or ``.csv`` file of R or pandas);
        - an ``.npz`` file with the arrays ``names`` and ``vectors``;
        - an ``.h5ad`` file. Its genes are its var if it has ``varm[key]``; otherwise they are its
          obs, with the vectors in X, as :func:`fe_anndata.get.genes` returns them.
    key
        The name of the vectors in the result and, if `path` is an ``.h5ad`` file, in it.

    Returns
    -------
    AnnData
        0 samples x genes. ``varm["fe"]`` holds the vectors, float32 (n_vars, gene_dim); a gene
        without a vector has a NaN row.

    Raises
    ------
    ValueError
        If there is no such file, it is empty, damaged or not in UTF-8, a gzip file unpacks to far
        too much, a line cannot be read (the message gives its number), a vector is not finite, or
        a name repeats or holds a line break or a NUL. Lines that begin with ``#`` are comments.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.io.read_gene_vectors("gene2vec_dim_200_iter_9.txt")  # doctest: +SKIP
    """
    keys = Keys(key)
    path = expanded(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}.")
    if path.suffix == ".h5ad":
        var, vectors = _of_anndata(load(path), path, keys)
    else:
        names, vectors = read_npz(path) if path.suffix == ".npz" else read_text(path)
        var = pd.DataFrame(index=pd.Index(names, dtype=str))
    _require_sound(path, var.index, vectors)
    return without_samples(var, vectors, key)


def write_gene_vectors(
    adata: AnnData, path: str | Path, *, key: str = DEFAULT_KEY, overwrite: bool = False
) -> None:
    """Write the vectors of the trained genes to a file, whole or not at all.

    Parameters
    ----------
    adata
        Trained; ``varm["fe"]`` is read. Genes that were not trained on are left out.
    path
        The file to write. Its ending decides the format: ``.txt`` or ``.vec`` for word2vec text,
        ``.tsv`` for a table with a header row (any of them may be followed by ``.gz``); ``.npz``
        for the arrays ``names`` and ``vectors``; ``.h5ad`` for an AnnData of the genes without
        samples. Every format gives exactly the same float32 numbers back.
    key
        The `key_added` of the training.
    overwrite
        Whether to replace a file that exists.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If the ending is unknown, no gene has a vector, the format cannot hold a name (such as one
        that begins with ``#`` or a quote, or has spaces that end it in this format), the file
        exists and `overwrite` is False, or its folder does not exist.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.io.write_gene_vectors(adata, "vectors.vec.gz")  # doctest: +SKIP
    """
    path = expanded(path)
    ending, zipped = require_format(path)
    space = gene_space(adata, key)
    names, vectors = [str(name) for name in space.names], space.vectors.astype(np.float32)
    if not names:
        raise ValueError(f"no gene has a vector in adata.varm[{key!r}]: all rows are NaN.")
    require_one_line(space.names, "names of genes")
    if ending in WRITTEN[:3]:
        _require_writable_names(names, table=ending == ".tsv")
    with whole(path, overwrite=overwrite) as made:
        if ending == ".h5ad":
            var = adata.var.loc[space.names].copy()
            with explained(path):
                write_into(without_samples(var, vectors, key), made)
            return
        with made.open("wb") as file:
            if ending == ".npz":
                np.savez_compressed(file, names=np.array(names, dtype=str), vectors=vectors)
            else:
                _write_text(file, names, vectors, table=ending == ".tsv", zipped=zipped)


def require_format(path: Path) -> tuple[str, bool]:
    """Return the ending by which vectors are written to a file, and whether they are zipped.

    Raises
    ------
    ValueError
        If it is no such ending.
    """
    zipped = path.suffix == ".gz"
    ending = Path(path.stem).suffix if zipped else path.suffix
    if ending not in WRITTEN or (zipped and ending in (".npz", ".h5ad")):
        raise ValueError(
            f"{path.name}: the ending must be one of {', '.join(WRITTEN)}; .gz may follow the "
            "first three."
        )
    return ending, zipped


def _write_text(
    file: BinaryIO, names: list[str], vectors: np.ndarray, *, table: bool, zipped: bool
) -> None:
    if not zipped:
        write_text(file, names, vectors, table=table)
        return
    # Without a time and a name in the header the same vectors give the same bytes.
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
        write_text(packed, names, vectors, table=table)  # type: ignore[arg-type]


def _of_anndata(adata: AnnData, path: Path, keys: Keys) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the table of the genes, which may be var or obs, and their vectors."""
    if keys.varm in adata.varm:
        return adata.var, np.asarray(adata.varm[keys.varm])
    if keys.obsm in adata.obsm or len(adata.varm) or adata.X is None or not adata.n_obs:
        raise ValueError(
            f"{path} has no varm[{keys.varm!r}], and its obs are not genes with vectors in X. "
            f"Give the key of the vectors: {near(keys.varm, adata.varm)}"
        )
    X = adata.X
    if sparse.issparse(X):
        require_sound(X, f"X of {path}")
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return adata.obs, X


def _require_sound(path: Path, names: pd.Index, vectors: np.ndarray) -> None:
    if vectors.ndim != 2 or len(vectors) != len(names):
        raise ValueError(f"{path} has {len(names)} names and vectors of shape {vectors.shape}.")
    if not np.issubdtype(vectors.dtype, np.number) or not vectors.size:
        raise ValueError(f"{path} holds no vectors of numbers.")
    empty = np.flatnonzero([not str(name).strip() for name in names])
    if len(empty):
        raise ValueError(f"{path}: the name number {empty[0] + 1} is empty.")
    repeated = names[names.duplicated()]
    if len(repeated):
        raise ValueError(
            f"{path}: {len(repeated)} names repeat, first {repeated[0]!r}; keep one line for each."
        )
    require_one_line(names, f"names in {path}")
    found = False
    for first in range(0, len(vectors), ROWS):
        block = vectors[first : first + ROWS]
        finite = np.isfinite(block)
        bad = ~finite.all(axis=1) & ~np.isnan(block).all(axis=1)
        if bad.any():
            raise ValueError(
                f"{path}: the vector of {names[first + int(np.argmax(bad))]!r} is not finite."
            )
        found |= bool(finite.any())
    if not found:
        raise ValueError(f"{path}: all vectors are NaN.")


def _require_writable_names(names: list[str], *, table: bool) -> None:
    breaks = "\t" if table else " \t"
    wrong = [
        name
        for name in names
        if name != name.strip() or not name or name[0] in '#"' or any(b in name for b in breaks)
    ]
    if wrong:
        raise ValueError(
            f"{len(wrong)} names, first {wrong[0]!r}, are empty, contain white space, which ends a "
            "name in this format, or begin with # or a quote; write .npz or .h5ad."
        )
