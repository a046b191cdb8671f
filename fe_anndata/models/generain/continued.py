"""A model that goes on with other samples: genes that it knows stay what they are.

Genes are joined by name. One that is new starts where its loadings of the new samples lie, mapped
into the space of the model by least squares over the genes that are in both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..._core.log import logger
from ...training.problem import Origin
from .. import classes
from ..classes import LABELS
from .network import Network
from .tokens import Scale
from .trained import TrainedGeneRAIN

PREFIX = "origin_"
"""Of what a run has to know of the model that it began with, among its facts."""


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

    @property
    def mark(self) -> float:
        """What tells the model from others."""
        return float(zlib.crc32(np.ascontiguousarray(self.model.genes()).tobytes()))

    def scale(self, fitted: Scale) -> Scale:
        """Return the scale of the new samples, but that of the model for genes it knows."""
        return fitted.taking(self.model.scale, self.known, self.columns)

    def require_same(self, facts: Mapping[str, float]) -> None:
        """Raise ValueError if a run that goes on began with another model."""
        if facts.get(f"{PREFIX}mark") != self.mark:
            raise ValueError(
                "the model that is given as start is not the one that the run was begun with; give "
                "that one."
            )

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
        new = np.setdiff1d(np.arange(int(number.max()) + 1), ours)
        places = np.flatnonzero(number >= 0)[np.argsort(number[number >= 0])]
        vectors = drawn.numpy()[places] * np.sqrt(np.square(table).mean())
        vectors[ours] = table[theirs]
        X = np.column_stack([loadings[places], np.ones(len(places))]).astype(np.float64)
        r2 = 0.0
        if len(new) and len(ours) > X.shape[1]:
            weights, *_ = np.linalg.lstsq(X[ours], vectors[ours].astype(np.float64))
            left = np.square(vectors[ours] - X[ours] @ weights).sum()
            r2 = 1 - left / np.square(vectors[ours] - vectors[ours].mean(0)).sum()
            vectors[new] = X[new] @ weights
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
        mapped = len(new) if len(ours) > X.shape[1] else 0
        _tell(len(ours), len(table), len(new), mapped, r2)
        return {
            f"{PREFIX}shared": float(len(ours)),
            f"{PREFIX}new": float(len(new)),
            f"{PREFIX}mapped": float(mapped),
            f"{PREFIX}r2": float(r2),
            f"{PREFIX}mark": self.mark,
        }


def _tell(shared: int, of_model: int, new: int, mapped: int, r2: float) -> None:
    start = "they start at random vectors, too few genes being shared"
    if mapped:
        start = (
            "they start at their loadings, mapped by least squares over the shared genes (which "
            f"tells {r2:.0%} of the variance of theirs)"
        )
    logger.info(
        "continued a model: %d of its %d genes are shared and keep vectors and levels; %d genes "
        "are new%s",
        shared, of_model, new, f": {start}" if new else "",
    )  # fmt: skip
