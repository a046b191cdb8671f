"""How well distances between samples are kept in embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.distances import sampled_distances
from .._core.random import Rng, global_state_kept, seed_of
from ..evaluation.distances import preserved, require_neighbours


@global_state_kept()
def distance_preservation(
    adata: AnnData,
    basis: str | Sequence[str] = "fe",
    *,
    n_neighbors: int = 15,
    max_samples: int = 1000,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    rng: Rng = 0,
) -> pd.DataFrame:
    """Measure how well the distances between full profiles are kept in embeddings.

    Distances are Euclidean, between all pairs of a random choice of samples, the same for all
    embeddings. Whether the samples were fitted or new is up to `adata`: for an honest number of new
    samples, give those that :func:`fe_anndata.tl.transform` placed.

    Parameters
    ----------
    adata
        Samples by genes; ``obsm["X_" + basis]`` (or ``obsm[basis]``) is read. A sparse matrix
        stays sparse. Genes that are missing (NaN) in one of two samples are left out of their
        distance, which is scaled up to all genes.
    basis
        Names of one or several embeddings, such as ``["fe", "pca", "umap"]``. Samples without
        coordinates in one of them are left out of all, with a warning.
    n_neighbors
        Number of nearest neighbours, less than half of the samples.
    max_samples
        At most so many samples are drawn, which gives half of its square pairs.
    layer
        Measure these profiles, not those of ``adata.X``. They should be what was embedded.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    DataFrame
        One row per embedding, in their order. Nothing is written to `adata`.

        ``basis``, ``dim``, ``n``, ``n_pairs``
            What was measured, on how many samples and pairs.
        ``pearson``, ``spearman``
            Correlation of the distances over all pairs; NaN if all lie at one point.
        ``neighbours_kept``
            Share of the nearest neighbours of a profile that are among the nearest in the
            embedding (the recall); by chance about ``n_neighbors / n``.
        ``trustworthiness``
            From 0 to 1: how far neighbours in the embedding are from being neighbours of the
            profile (Venna and Kaski, 2001; :func:`sklearn.manifold.trustworthiness`).

    Raises
    ------
    KeyError
        If there is no such embedding, layer or column.
    ValueError
        If a number is out of range, values are infinite, or two samples have no gene in common.
    TypeError
        If `adata` is no AnnData, or a number is not whole.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> table = fe.tl.distance_preservation(adata, ["pca", "umap"])
    >>> bool(table["pearson"][0] > table["pearson"][1])
    True
    """
    seed = seed_of(rng)
    found = sampled_distances(adata, basis, layer, mask_var, max_samples, seed)
    n = len(found.full)
    require_neighbours(n_neighbors, n)
    return pd.DataFrame(
        {
            "basis": name,
            "dim": found.places[name].shape[1],
            "n": n,
            "n_pairs": n * (n - 1) // 2,
            **preserved(found.full, embedded, found.places[name], n_neighbors),
        }
        for name, embedded in found.embedded.items()
    )
