"""Verbs that read a file of somebody else, each with a digest of what it gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd

import fe_anndata as fe


def digest(*parts: Any) -> str:
    """Return a hash of arrays and tables."""
    found = hashlib.sha256()
    for part in parts:
        array = np.asarray(part)
        if array.dtype.kind == "O":
            found.update(repr(array.tolist()).encode())
        else:
            found.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return found.hexdigest()


def base(n: int = 40, g: int = 24, seed: int = 0) -> Any:
    """Return a small AnnData."""
    import anndata

    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, 3)) @ draw.normal(size=(3, g)) + 5 + draw.normal(size=g)
    adata = anndata.AnnData(X.clip(0).astype(np.float32))
    adata.obs_names = [f"s{seed}_{i}" for i in range(n)]
    adata.var_names = [f"G{i}" for i in range(g)]
    adata.obs["ct"] = pd.Categorical(np.array(["A", "B", "C"])[np.arange(n) % 3])
    return adata


def prepare(folder: Path) -> None:
    """Write the files that mutants are made of."""
    from scipy import sparse

    trained = base()
    fe.tl.train(trained, steps=20, hidden=(8,), gene_dim=6, mask_var=np.arange(24) != 5)
    fe.io.write_h5ad(trained, folder / "trained.h5ad")
    new = base(12, seed=1)
    fe.io.write_h5ad(new, folder / "dense.h5ad")
    new.X = sparse.csr_matrix(new.X)
    fe.io.write_h5ad(new, folder / "sparse.h5ad")


def get(path: Path, folder: Path) -> str:
    adata = fe.io.read_h5ad(path)
    return digest(
        fe.get.sample_embedding(adata),
        fe.get.gene_embedding(adata),
        fe.get.genes(adata).X,
        fe.get.history(adata),
        *(value.numpy() for value in fe.get.model(adata).state_dict().values()),
    )


def transform_reference(path: Path, folder: Path) -> str:
    placed = fe.tl.transform(folder / "dense.h5ad", path)
    return digest(placed.obsm["X_fe"], placed.obs["fe_r2"], placed.obs["fe_outlier"])


def transform_new(path: Path, folder: Path) -> str:
    placed = fe.tl.transform(path, folder / "trained.h5ad")
    return digest(placed.obsm["X_fe"], placed.obs["fe_r2"])


def reconstruct(path: Path, folder: Path) -> str:
    adata = fe.io.read_h5ad(path)
    fe.tl.reconstruct(adata)
    return digest(adata.layers["fe"])


def impute(path: Path, folder: Path) -> str:
    adata = fe.io.read_h5ad(path)
    adata.X = np.where(np.arange(adata.n_vars) == 3, np.nan, np.asarray(adata.X))
    fe.tl.impute(adata)
    return digest(adata.layers["fe_imputed"][:, 3])


def generate(path: Path, folder: Path) -> str:
    return digest(fe.tl.generate(fe.io.read_h5ad(path), np.zeros((2, 2))).X)


def resume(path: Path, folder: Path) -> str:
    adata = fe.tl.train(path, resume=True, steps=30)
    return digest(adata.obsm["X_fe"], adata.uns["fe"]["model"]["decoder.linear.weight"])


def embedding(path: Path, folder: Path) -> str:
    mpl.use("agg")
    ax = fe.pl.embedding(fe.io.read_h5ad(path), "ct", show=False)
    points = [c.get_offsets() for c in ax.collections]
    mpl.pyplot.close("all")
    return digest(*points)


OF_TRAINED: dict[str, Callable[[Path, Path], str]] = {
    f.__name__: f
    for f in (get, transform_reference, reconstruct, impute, generate, resume, embedding)
}
OF_NEW: dict[str, Callable[[Path, Path], str]] = {"transform_new": transform_new}
