"""Sample vectors that are made of vectors of what samples have in common, such as their donors.

A sample vector is the sum of one vector per factor: that of its donor, that of its condition, and
if wanted one of its own. In a concatenation the factors have coordinates of their own instead. So a
combination that no sample has can be decoded (Trofimov et al. 2020 call these domain factors).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ...training.problem import Factors

PREFIX = "factor "
"""What the names of tables begin with among parameters."""


class Tables(nn.Module):
    """A table for each factor, and one of the samples if they have a part of their own.

    Parameters
    ----------
    factors
        Of the samples.
    sample_dim
        Length of a vector.
    form
        ``"sum"``, or ``"concatenation"``.

    Raises
    ------
    ValueError
        If there are fewer coordinates than factors to concatenate.
    """

    def __init__(self, factors: Factors, sample_dim: int, form: str) -> None:
        super().__init__()
        self.factors = factors
        codes = [torch.from_numpy(factor.codes) for factor in factors.columns]
        if factors.own:
            codes.append(torch.arange(len(codes[0])))
        self.codes = codes
        sizes = [len(factor.levels) for factor in factors.columns]
        sizes += [len(codes[0])] if factors.own else []
        self.tables = nn.ParameterList(torch.zeros(size, sample_dim) for size in sizes)
        self.masks = torch.ones(len(sizes), sample_dim)
        if form == "concatenation":
            if sample_dim < len(sizes):
                raise ValueError(
                    f"sample_dim={sample_dim} has no coordinate for each of {len(sizes)} factors; "
                    "raise it, or take factors_form='sum'."
                )
            blocks = np.array_split(np.arange(sample_dim), len(sizes))
            self.masks.zero_()
            for mask, block in zip(self.masks, blocks, strict=True):
                mask[torch.from_numpy(block)] = 1

    def to_device(self, device: torch.device) -> Tables:
        """Move tables, codes and masks."""
        self.codes = [of.to(device) for of in self.codes]
        self.masks = self.masks.to(device)
        return self.to(device)

    @property
    def by_name(self) -> dict[str, nn.Parameter]:
        """The tables as parameters of a training."""
        return {f"{PREFIX}{i}": table for i, table in enumerate(self.tables)}

    @torch.no_grad()
    def samples(self) -> Tensor:
        """Return the sample vectors, (n, d)."""
        parts = zip(self.tables, self.codes, strict=True)
        return torch.stack([table[codes] for table, codes in parts]).sum(0)

    @torch.no_grad()
    def begin(self, samples: Tensor) -> None:
        """Let the tables start at the means over samples of their levels, one after the other."""
        left = samples
        for table, codes, mask in zip(self.tables, self.codes, self.masks, strict=True):
            sums = torch.zeros_like(table).index_add_(0, codes, left)
            number = torch.bincount(codes, minlength=len(table)).clamp_min(1)
            table.copy_(sums / number[:, None] * mask)
            left = left - table[codes]

    def pull(self, gradient: Tensor) -> None:
        """Fill the gradients of the tables from that of the sample vectors."""
        for table, codes, mask in zip(self.tables, self.codes, self.masks, strict=True):
            table.grad = torch.zeros_like(table).index_add_(0, codes, gradient) * mask

    def concluded(self, change: Tensor | None) -> dict[str, pd.DataFrame]:
        """Return the vectors of levels by factor, multiplied as sample vectors were in the end."""
        found = {}
        for factor, table in zip(self.factors.columns, self.tables, strict=False):
            vectors = table.detach() if change is None else table.detach() @ change
            found[factor.name] = pd.DataFrame(vectors.cpu().numpy(), pd.Index(factor.levels))
        # As files keep them, whose columns are text.
        return {name: table.rename(columns=str) for name, table in found.items()}
