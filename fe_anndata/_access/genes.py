"""The gene space of an AnnData."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData

from .._core.errors import require_key
from .._core.keys import Keys
from ..genespace import GeneSpace
from .inputs import require_anndata


def gene_space(adata: AnnData, key: str) -> GeneSpace:
    """Return the vectors of the trained genes of ``adata.varm[key]``.

    Raises
    ------
    KeyError
        If nothing was trained under `key`.
    ValueError
        If gene names are not unique.
    """
    require_anndata(adata)
    keys = Keys(key)
    require_key(keys.varm, adata.varm, "gene embedding in adata.varm")
    if not adata.var_names.is_unique:
        raise ValueError("gene names are not unique; call adata.var_names_make_unique() first.")
    vectors = np.asarray(adata.varm[keys.varm])
    trained = np.isfinite(vectors).all(axis=1)
    return GeneSpace(adata.var_names[trained], vectors[trained])


def as_list(genes: str | Sequence[str]) -> list[str]:
    """Return one gene or several as a list without repeats."""
    return [genes] if isinstance(genes, str) else list(dict.fromkeys(genes))
