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
    "kang": "singlecell/kang_pbmc_control_5donors_counts.h5ad",
}
"""Counts; not among FILES, whose matrices are trained on as they are."""
SPECIES = {
    "gtex_29": "bulk/gtex_29tissues_aggregate.h5ad",
    "hpa_35": "bulk/hpa_35tissues_aggregate.h5ad",
    "mouse_17": "bulk/mouse_encode_17tissues_aggregate.h5ad",
    "orthologs": "genes/mouse_human_orthologs.tsv.gz",
}
"""Tissues in TPM or FPKM, and pairs of genes."""
# Where the cohorts lie beside a checkout, unless the variable says otherwise.
DEFAULT = Path(__file__).parents[2] / "shared" / "data"


def path_of(name: str) -> Path:
    """Return where the file of a cohort should be."""
    return Path(os.environ.get("FE_ANNDATA_DATA", DEFAULT)) / (FILES | SINGLE_CELL | SPECIES)[name]


def load(name: str) -> AnnData:
    """Return a cohort with a dense float32 matrix.

    Raises
    ------
    ValueError
        If it is not there.
    """
    path = path_of(name)
    if not path.is_file():
        raise ValueError(f"{path} is not there; name the folder of the cohorts in FE_ANNDATA_DATA.")
    adata = fe.io.read_h5ad(path)
    X = adata.X if isinstance(adata.X, np.ndarray) else adata.X.toarray()
    adata.X = np.ascontiguousarray(X, dtype=np.float32)
    return adata
