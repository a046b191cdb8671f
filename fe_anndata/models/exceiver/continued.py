"""A model that goes on with other samples: genes that it knows stay what they are.

Genes are joined by name. One that is new starts where its loadings of the new samples lie, mapped
into the space of the model by least squares over the genes that are in both. It has no part in the
linear path: that stays the projection of the model, so that samples of both lie in one space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ...training.problem import Origin, Problem
from .. import classes
from ..continued import PREFIX, mark, starting_vectors
from .material import Material
from .network import OF_BATCHES, Network
from .projection import Projection
from .trained import Coordinates, TrainedExceiver


@dataclass(frozen=True)
class Continued:
    """A trained model, and which genes it shares with new samples.

    Attributes
    ----------
    model
        It.
    theirs, ours
        Numbers of the shared genes among its own, and among those of the new samples.
    """

    model: TrainedExceiver
    theirs: NDArray[np.int64]
    ours: NDArray[np.int64]

    @classmethod
    def of(cls, origin: Origin | None, problem: Problem) -> Continued | None:
        """Return what a run begins with; None if it begins anew."""
        if origin is None:
            return None
        model, alignment = origin.model, origin.alignment
        assert isinstance(model, TrainedExceiver)
        return cls(model, model.rank[alignment.known], problem.ranks.genes[alignment.columns])

    @property
    def coordinates(self) -> Coordinates:
        """Those of the model."""
        return self.model.coordinates

    def of_material(self, material: Material) -> Material:
        """Return material with the projection of the model; genes that it does not know have none.

        The share of a new gene is brought to the scale of the model by the shared genes.
        """
        known, new = self.model.projection, material.projection
        m, k = len(new.mean), known.loadings.shape[1]
        loadings, mean = np.zeros((m, k), np.float32), np.zeros(m, np.float32)
        loadings[self.ours], mean[self.ours] = known.loadings[self.theirs], known.mean[self.theirs]
        of_shared = float(new.share[self.ours].sum())
        share = new.share * (float(known.share[self.theirs].sum()) / max(of_shared, 1e-12))
        share[self.ours] = known.share[self.theirs]
        projection = Projection(loadings, mean, share.astype(np.float32), known.scale)
        return replace(material, projection=projection)

    def begin(
        self, network: Network, material: Material, drawn: np.ndarray, labels: Sequence[str]
    ) -> dict[str, float]:
        """Fill a network with what the model knows, and return what a run has to know of it.

        Parameters
        ----------
        network
            To be filled; its offsets are those of the new samples.
        material
            Of the new samples.
        drawn
            Where genes start of which nothing else is known, of standard deviation 1, (m, width).
        labels
            Classes that the network tells apart.
        """
        earlier = self.model.network.state_dict()
        shared = earlier["genes"].numpy(), self.theirs, self.ours
        vectors, facts = starting_vectors(*shared, material.loadings, drawn)
        log_share = np.log(material.projection.share.astype(np.float64) + 1e-9)
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if name == "genes":
                    value.copy_(torch.from_numpy(vectors))
                elif name.startswith(OF_BATCHES):
                    continue  # the batches are others
                elif name in classes.LABELS:
                    classes.begin(value, earlier.get(name), labels, self.model.classes)
                elif name in network.per_gene:
                    start = log_share if name == "offset" else np.zeros(len(vectors))
                    value.copy_(torch.from_numpy(start))
                    value[self.ours] = earlier[name][self.theirs]
                else:
                    value.copy_(earlier[name])
        return {**facts, f"{PREFIX}mark": mark(self.model)}
