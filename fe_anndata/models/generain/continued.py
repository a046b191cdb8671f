"""A model that goes on with other samples: genes that it knows stay what they are.

Genes are joined by name. One that is new starts where its loadings of the new samples lie, mapped
into the space of the model by least squares over the genes that are in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...training.problem import Origin
from .. import classes
from ..classes import LABELS
from ..continued import PREFIX, mark, starting_vectors
from .network import Network
from .tokens import Scale
from .trained import TrainedGeneRAIN


@dataclass(frozen=True)
class Continued:
    """A trained model, and which genes it shares with new samples.

    Attributes
    ----------
    model
        It.
    known, columns
        Places of the shared genes among its own, and among those of the new samples.
    """

    model: TrainedGeneRAIN
    known: NDArray[np.int64]
    columns: NDArray[np.int64]

    @classmethod
    def of(cls, origin: Origin | None) -> Continued | None:
        """Return what a run begins with; None if it begins anew."""
        if origin is None:
            return None
        assert isinstance(origin.model, TrainedGeneRAIN)
        return cls(origin.model, origin.alignment.known, origin.alignment.columns)

    @property
    def with_vector(self) -> NDArray[np.int64]:
        """Columns of the new samples whose genes have a vector in the model."""
        return self.columns[self.model.number[self.known] >= 0]

    def scale(self, fitted: Scale) -> Scale:
        """Return the scale of the new samples, but that of the model for genes it knows."""
        return fitted.taking(self.model.scale, self.known, self.columns)

    def begin(
        self,
        network: Network,
        number: NDArray[np.int64],
        loadings: np.ndarray,
        drawn: torch.Tensor,
        labels: Sequence[str] = (),
    ) -> dict[str, float]:
        """Fill a network with what the model knows, and return what a run has to know of it.

        Parameters
        ----------
        network
            To be filled.
        number
            The number of each gene of the new samples in it, -1 for none.
        loadings
            Of all genes, (m, k).
        drawn
            Where genes start of which nothing else is known, of standard deviation 1, (m, width).
        labels
            Classes that the network tells apart.
        """
        of_model, of_new = self.model.number[self.known], number[self.columns]
        shared = (of_model >= 0) & (of_new >= 0)
        theirs, ours = of_model[shared], of_new[shared]
        earlier = self.model.network.state_dict()
        table = earlier["genes"].numpy()
        places = np.flatnonzero(number >= 0)[np.argsort(number[number >= 0])]
        of_places = loadings[places], drawn.numpy()[places]
        vectors, facts = starting_vectors(table, theirs, ours, *of_places)
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if name == "genes":
                    value.copy_(torch.from_numpy(vectors))
                elif name in LABELS:
                    classes.begin(value, earlier.get(name), labels, self.model.classes)
                elif name in network.per_gene:
                    value.zero_()[ours] = earlier[name][theirs]
                else:
                    value.copy_(earlier[name])
        return {**facts, f"{PREFIX}mark": mark(self.model)}
