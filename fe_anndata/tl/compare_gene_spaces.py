"""How well two gene spaces agree."""

from __future__ import annotations

import pandas as pd
from anndata import AnnData

from .._access.genes import gene_space
from .._core.gene_names import match, several_versions, tell
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from .._core.random import Rng, generator, seed_of
from ..genespace import GeneSpace, agreement
from ..genespace.names import examples


def compare_gene_spaces(
    a: AnnData,
    b: AnnData,
    *,
    key: str = DEFAULT_KEY,
    key_b: str | None = None,
    k: int = 10,
    n_pairs: int = 100_000,
    rng: Rng = 0,
) -> pd.DataFrame:
    """Measure how well two spaces of the same genes agree: two seeds, two models, two cohorts.

    Genes are matched by name, Ensembl and RefSeq ids if need be without their versions; a gene
    that only one of the two has trained is left out. No measure depends on a rotation of either
    space, and the numbers of dimensions may differ.

    Parameters
    ----------
    a, b
        Trained, or read by :func:`fe_anndata.io.read_gene_vectors`; ``varm["fe"]`` is read. The
        same AnnData twice compares two keys of it.
    key
        The `key_added` of the training.
    key_b
        The `key_added` of `b`; by default `key`.
    k
        Number of neighbours of each gene that are compared.
    n_pairs
        Number of random pairs of genes whose similarities are correlated; all pairs are used if
        there are not more.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    DataFrame
        One row per measure: ``measure``, ``agreement`` and ``chance`` (float64), and ``n_genes``,
        the number of common genes. Nothing is written. The measures are

        ``neighbours``
            Mean share of the `k` nearest other genes by cosine that are the same in both spaces,
            from 0 to 1; by chance ``k / (n_genes - 1)``.
        ``procrustes``
            One minus the disparity of the centred and scaled spaces after the best rotation, from
            0 to 1. The space of fewer dimensions is padded with zeros.
        ``cca``
            Mean canonical correlation, from 0 to 1; there are as many as the smaller space has
            dimensions. It grows with the number of dimensions, so compare it with its chance.
        ``similarities``
            Pearson's correlation of the cosines of random pairs of genes.

        Except for the neighbours, chance is the agreement after one random pairing of the genes.

    Raises
    ------
    KeyError
        If nothing was trained under a key.
    ValueError
        If the spaces have fewer than 3 genes in common, `k` is not less than their number, or all
        vectors of a space are the same.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=20, progress=False)
    >>> fe.tl.train(adata, steps=20, rng=1, key_added="again", progress=False)
    >>> table = fe.tl.compare_gene_spaces(adata, adata, key_b="again")
    >>> table["measure"].tolist()
    ['neighbours', 'procrustes', 'cca', 'similarities']
    """
    draw = generator(seed_of(rng), "compare gene spaces")
    spaces = gene_space(a, key), gene_space(b, key if key_b is None else key_b)
    first, second = _on_common_genes(*spaces)
    table = agreement(first.vectors, second.vectors, k=k, n_pairs=n_pairs, rng=draw)
    logger.info("%d genes in common", len(first.names))
    return table


def _on_common_genes(first: GeneSpace, second: GeneSpace) -> tuple[GeneSpace, GeneSpace]:
    """Return both spaces with only the genes that are in both, in the order of the first."""
    found = match(first.names, second.names)
    common = found.positions >= 0
    if not common.any():
        why = (
            several_versions(found, first.names)
            if found.ambiguous.any()
            else "Bring both to one kind of name, such as symbols."
        )
        raise ValueError(
            f"no trained gene in common: the first space has {examples(first.names)}, the second "
            f"{examples(second.names)}. {why}"
        )
    tell(found, first.names, second.names)
    names = first.names[common]
    return (
        GeneSpace(names, first.vectors[common]),
        GeneSpace(names, second.vectors[found.positions[common]]),
    )
