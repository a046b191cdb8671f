"""Files: read with a clear error, written whole or not at all."""

from __future__ import annotations

from .gmt import read_gmt
from .h5ad import read_h5ad, write_h5ad
from .read import read
from .vectors import read_gene_vectors, write_gene_vectors

__all__ = ["read", "read_gene_vectors", "read_gmt", "read_h5ad", "write_gene_vectors", "write_h5ad"]


def __dir__() -> list[str]:
    return sorted(__all__)
