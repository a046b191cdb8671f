"""Two gene spaces side by side: the same genes, or orthologs of two species."""

from __future__ import annotations

from anndata import AnnData

from ..genespace import GeneSpace
from .genes import gene_space


def same_genes(a: AnnData, key_a: str, b: AnnData, key_b: str) -> tuple[GeneSpace, GeneSpace]:
    """Return the spaces of two AnnData, both of their common genes in the order of `a`.

    Raises
    ------
    ValueError
        If there is none in common.
    """
    first, second = gene_space(a, key_a), gene_space(b, key_b)
    common = first.names[first.names.isin(second.names)]
    if not len(common):
        raise ValueError(
            f"no trained gene in common: the first space has {_some(first)}, the second "
            f"{_some(second)}. Bring both to one kind of name, such as symbols."
        )
    return tuple(GeneSpace(common, s.vectors[s.names.get_indexer(common)]) for s in (first, second))  # type: ignore[return-value]


def _some(space: GeneSpace) -> str:
    return ", ".join(map(repr, space.names[:3])) or "none"
