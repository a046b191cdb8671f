"""Groups of genes with similar vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._access.files import written_to
from .._access.genes import gene_space
from .._core.errors import require_at_least_two
from .._core.extras import extra
from .._core.keys import DEFAULT_KEY, Keys
from .._core.random import Rng, global_state_kept, ranks, seed_of
from ..genespace import GeneSpace
from ..genespace.coherence import against_random, unit_vectors
from .gene_neighbors import gene_graph

SHOWN = 10
"""How many genes of each module are named."""


@global_state_kept()
def gene_modules(
    adata: AnnData,
    *,
    resolution: float = 1.0,
    n_neighbors: int = 15,
    n_random: int = 1000,
    key: str = DEFAULT_KEY,
    gene_symbols: str | None = None,
    rng: Rng = 0,
    copy: bool = False,
) -> AnnData | None:
    """Group genes into modules: the Leiden communities of their graph of neighbours by cosine.

    Parameters
    ----------
    adata
        Only ``varm["fe"]`` is read.
    resolution
        Resolution of the Leiden algorithm; a higher one gives more and smaller modules.
    n_neighbors
        Number of neighbours of each gene in the graph, the gene itself included, as in
        :func:`fe_anndata.tl.gene_neighbors`.
    n_random
        Number of random sets of each size that modules are compared with, at least 2.
    key
        The `key_added` of the training.
    gene_symbols
        A column of ``adata.var`` with the names by which the table calls the genes.
    rng
        Seed, or a numpy Generator.
    copy
        Return a copy with the modules instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. Written are

        ``var["fe_module"]``
            Module of each gene, a categorical: ``"0"`` (the largest), ``"1"`` and so on; missing
            for genes without a vector.
        ``uns["fe_modules"]``
            DataFrame, one row per module: ``module``; ``n_genes``; ``coherence``,
            ``coherence_random``, ``z`` and ``p_value`` as in :func:`fe_anndata.tl.set_coherence`;
            and ``genes``, the ten nearest to the mean vector of the module, joined by commas.
            Modules are found from the same vectors that their coherence is measured with, so it is
            high by construction; use it only to compare modules with each other.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or the column of names is missing.
    ValueError
        If there are too few genes for `n_neighbors`, `resolution` is not positive, or a vector is
        zero.
    ImportError
        If igraph is not installed, which the extra ``modules`` installs.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(100, 200, 3)
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> fe.tl.gene_modules(adata)
    >>> adata.uns["fe_modules"]["n_genes"].sum()
    np.int64(200)
    """
    space = gene_space(adata, key)
    names = gene_space(adata, key, gene_symbols).names
    seed = seed_of(rng)
    for name, value in (("n_neighbors", n_neighbors), ("n_random", n_random)):
        require_at_least_two(value, name)
    if not resolution > 0:
        raise ValueError(f"resolution must be positive, not {resolution!r}.")
    if n_neighbors >= len(space.names):
        raise ValueError(
            f"{n_neighbors} neighbours are too many for {len(space.names)} genes with a vector."
        )
    extra("igraph", "modules", "tl.gene_modules")
    found = _communities(adata, space, key, resolution, n_neighbors, seed)
    table = _table(space, names, found, n_random, seed)
    adata = written_to(adata, copy=copy)
    keys = Keys(key)
    adata.var[keys.module] = found.reindex(adata.var_names).astype(found.dtype)
    adata.uns[keys.modules] = table
    return adata if copy else None


def _communities(
    adata: AnnData, space: GeneSpace, key: str, resolution: float, n_neighbors: int, seed: int
) -> pd.Series:
    """Return the module of each gene, categorical; "0" is the largest."""
    import scanpy as sc

    genes = gene_graph(adata, space, key, n_neighbors, "cosine")
    sc.tl.leiden(
        genes, resolution, flavor="igraph", n_iterations=-1, directed=False, random_state=seed
    )
    found = genes.obs["leiden"]
    sizes = found.value_counts(sort=False)  # the numbers of Leiden have no order
    largest = sizes.sort_values(ascending=False, kind="stable").index
    numbers = {old: str(new) for new, old in enumerate(largest)}
    return found.cat.reorder_categories(list(largest)).cat.rename_categories(numbers)


def _table(
    space: GeneSpace, names: pd.Index, found: pd.Series, n_random: int, seed: int
) -> pd.DataFrame:
    """Return size, coherence and most central genes of each module, one row per module."""
    units = unit_vectors(space.vectors)
    codes = found.cat.codes.to_numpy()
    members = sparse.csc_array(codes[:, None] == np.arange(len(found.cat.categories)))
    order = ranks(space.names.to_numpy(dtype=str))
    sums = members.T.astype(np.float64) @ units
    central = []
    for total, genes in zip(sums, np.split(members.indices, members.indptr[1:-1]), strict=True):
        nearest_first = np.argsort(-(units[genes] @ total), kind="stable")
        central.append(", ".join(names[genes[nearest_first[:SHOWN]]]))
    sizes = np.diff(members.indptr)
    with_pairs = np.flatnonzero(sizes > 1)  # a single gene has no pair, so no coherence
    columns = against_random(units, sparse.csc_array(members[:, with_pairs]), n_random, seed, order)
    measured = pd.DataFrame(columns, index=with_pairs).reindex(range(len(sizes)))
    table = pd.DataFrame({"module": found.cat.categories.astype(str), "n_genes": sizes})
    return table.join(measured).assign(genes=central)
