"""Some samples, which every process looks at together, wherever their rows are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .._core import processes


@dataclass(frozen=True)
class Members:
    """Some samples, in an order of their own.

    Attributes
    ----------
    number
        How many they are.
    places
        Which of them this process has, rising, (p,); all if it is alone.
    rows
        Their rows among those of this process, (p,).
    """

    number: int
    places: Tensor
    rows: Tensor

    @classmethod
    def numbered(cls, samples: Tensor, own: slice) -> Members:
        """Return those of some numbers, of which this process has the rows `own`."""
        places = ((samples >= own.start) & (samples < own.stop)).nonzero()[:, 0]
        return cls(len(samples), places, samples[places] - own.start)

    def of(self, table: Tensor) -> Tensor:
        """Return their rows of a table, (number, ...), to every process."""
        if not processes.share_rows():
            return table[self.rows]
        found = table.new_zeros(self.number, *table.shape[1:])
        found[self.places] = table[self.rows]
        processes.add(found)
        return found

    def among(self, values: Tensor, table: Tensor) -> Tensor:
        """Return values of them, (number, ...), in a table like another one, zero elsewhere."""
        found = torch.zeros_like(table)
        found[self.rows] = values[self.places]
        return found
