"""A model that goes on with other samples: genes that it knows stay what they are.

Genes are joined by name. One that is new starts where its loadings of the new samples lie, mapped
into the space of the model by least squares over the genes that are in both. It has no part in the
linear path: that stays the projection of the model, so that samples of both lie in one space.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ..._core.log import logger
from ...training.problem import Origin, Problem
from .. import classes
from .material import Material
from .network import Network
from .projection import Projection
from .trained import Coordinates, TrainedExceiver

PREFIX = "origin_"
"""Of what a run has to know of the model that it began with, among its facts."""


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

    @property
    def mark(self) -> float:
        """What tells the model from others."""
        return float(zlib.crc32(np.ascontiguousarray(self.model.genes()).tobytes()))

    def require_same(self, facts: Mapping[str, float]) -> None:
        """Raise ValueError if a run that goes on began with another model."""
        if facts.get(f"{PREFIX}mark") != self.mark:
            raise ValueError(
                "the model that is given as start is not the one that the run was begun with; give "
                "that one."
            )

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
        vectors, r2 = self._vectors(material, earlier["genes"].numpy(), drawn)
        log_share = np.log(material.projection.share.astype(np.float64) + 1e-9)
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if name == "genes":
                    value.copy_(torch.from_numpy(vectors))
                elif name in classes.LABELS:
                    classes.begin(value, earlier.get(name), labels, self.model.classes)
                elif name in network.per_gene:
                    start = log_share if name == "offset" else np.zeros(len(vectors))
                    value.copy_(torch.from_numpy(start))
                    value[self.ours] = earlier[name][self.theirs]
                else:
                    value.copy_(earlier[name])
        n_new = len(vectors) - len(self.ours)
        logger.info(
            "continued a model: %d of its %d genes are shared; %d genes are new%s",
            len(self.ours), len(earlier["genes"]), n_new,
            f", and start at their loadings (r2 {r2:.2f} over the shared ones)" if n_new else "",
        )  # fmt: skip
        facts = {"shared": len(self.ours), "new": n_new, "r2": r2, "mark": self.mark}
        return {f"{PREFIX}{name}": float(value) for name, value in facts.items()}

    def _vectors(
        self, material: Material, table: np.ndarray, drawn: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Return where all genes start, and how well loadings tell vectors of shared ones."""
        vectors = (drawn * np.sqrt(np.square(table).mean())).astype(np.float32)
        vectors[self.ours] = table[self.theirs]
        X = np.column_stack([material.loadings, np.ones(len(vectors))]).astype(np.float64)
        new = np.setdiff1d(np.arange(len(vectors)), self.ours)
        if not len(new) or len(self.ours) <= X.shape[1]:
            return vectors, 0.0
        of_shared = vectors[self.ours].astype(np.float64)
        weights, *_ = np.linalg.lstsq(X[self.ours], of_shared)
        left = np.square(of_shared - X[self.ours] @ weights).sum()
        vectors[new] = X[new] @ weights
        return vectors, float(1 - left / np.square(of_shared - of_shared.mean(0)).sum())
