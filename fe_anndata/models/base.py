"""What every model family shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn


class Model(nn.Module, ABC):
    """A network that owns one vector per gene.

    That is all the families have in common. Factorized embeddings also own a vector per sample;
    a family that embeds a sample from its profile does not. What a family minimises is the
    business of its objective in :mod:`fe_anndata.training`.

    Attributes
    ----------
    family
        The name under which :func:`fe_anndata.tl.train` knows it.
    """

    family: ClassVar[str]

    @property
    @abstractmethod
    def architecture(self) -> dict[str, Any]:
        """Keyword arguments that build the same network, untrained."""

    @abstractmethod
    def gene_vectors(self) -> Tensor:
        """Return the embedding of every gene, (n_genes, gene_dim)."""
