"""What samples are made of, and the tables that say what a token is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Tokens:
    """The tokens of some samples, one sample after the other.

    Attributes
    ----------
    starts
        Where each sample begins, and the end, int64 (n + 1,).
    genes, values
        Rows of the tables, int32 (tokens,).
    """

    starts: np.ndarray
    genes: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.starts) - 1


@dataclass(frozen=True)
class Tables:
    """What a gene and a value say; float32.

    Attributes
    ----------
    score_of_gene, score_of_value
        For each head and query, (genes, heads x queries) and (values, heads x queries).
    content_of_gene
        What a gene gives, (genes, width).
    factor_of_value, shift_of_value
        What it is multiplied with and what is added, (values, width).
    """

    score_of_gene: Tensor
    score_of_value: Tensor
    content_of_gene: Tensor
    factor_of_value: Tensor
    shift_of_value: Tensor

    def all(self) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return them in their order."""
        return (
            self.score_of_gene,
            self.score_of_value,
            self.content_of_gene,
            self.factor_of_value,
            self.shift_of_value,
        )
