"""The real cohorts that benchmarks and data tests read, from the folder FE_ANNDATA_DATA."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from anndata import AnnData

import fe_anndata as fe

FILES = {
    "tcga": "bulk/tcga_11types_paired.h5ad",
    "gtex": "bulk/gtex_v8_31tissues_samples.h5ad",
}
SINGLE_CELL = {
    "pbmc3k": "singlecell/pbmc3k_counts.h5ad",
    "baron": "singlecell/baron_pancreas_human_mouse_counts.h5ad",
    "kang": "singlecell/kang_pbmc_control_5donors_counts.h5ad",
}
"""Counts; not among FILES, whose matrices are trained on as they are."""
TUMOURS = {"tcga_7": "bulk/tcga_7types_counts.h5ad"}
"""Counts of bulk samples, whose patients were followed."""
SPECIES = {
    "gtex_29": "bulk/gtex_29tissues_aggregate.h5ad",
    "hpa_35": "bulk/hpa_35tissues_aggregate.h5ad",
    "mouse_17": "bulk/mouse_encode_17tissues_aggregate.h5ad",
    "orthologs": "genes/mouse_human_orthologs.tsv.gz",
}
"""Tissues in TPM or FPKM, and pairs of genes."""
# Where the cohorts lie beside a checkout, unless the variable says otherwise.
DEFAULT = Path(__file__).parents[2] / "shared" / "data"


def file(name: str) -> Path:
    """Return where a file should be, by its place in the folder."""
    return Path(os.environ.get("FE_ANNDATA_DATA", DEFAULT)) / name


def path_of(name: str) -> Path:
    """Return where the file of a cohort should be."""
    return file((FILES | SINGLE_CELL | TUMOURS | SPECIES)[name])


def present(name: str) -> bool:
    """Return whether a cohort is there."""
    return path_of(name).is_file()


def dense(adata: AnnData) -> np.ndarray:
    """Return the matrix as dense float32."""
    X = adata.X if isinstance(adata.X, np.ndarray) else adata.X.toarray()
    return np.ascontiguousarray(X, dtype=np.float32)


def load(name: str) -> AnnData:
    """Return a cohort with a dense float32 matrix.

    Raises
    ------
    ValueError
        If it is not there.
    """
    if not present(name):
        raise ValueError(
            f"{path_of(name)} is not there; name the folder of the cohorts in FE_ANNDATA_DATA."
        )
    adata = fe.io.read_h5ad(path_of(name))
    adata.X = dense(adata)
    return adata
