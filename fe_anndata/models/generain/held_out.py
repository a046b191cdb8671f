"""What is known of the lists held out: predictions without a transformer, to be beaten."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ..._core.log import logger
from ..._core.random import generator
from .baselines import Bag, Place, unigram
from .corpus import Material
from .objectives import SPREAD, Masked, objective_of
from .options import GeneRAIN

MOST = 100
"""Held-out lists that the predictions are made of."""


class HeldOut:
    """The lists held out, and what they cost without a transformer.

    Parameters
    ----------
    material, options
        The lists, and what was chosen.
    facts
        Losses and constants by name: all that a run that goes on has to know.
    """

    def __init__(self, material: Material, options: GeneRAIN, facts: Mapping[str, float]) -> None:
        self.material, self.options, self.facts = material, options, dict(facts)

    @classmethod
    def begun(
        cls, material: Material, options: GeneRAIN, start: Tensor, pca: np.ndarray | None
    ) -> HeldOut:
        """Return them before the first step; `start` is the table there, `pca` are vectors."""
        found = cls(material, options, {})
        if not len(material.held_out):
            return found
        if options.objective == "masked-expression":
            found.facts["constant"] = found._variance()
        else:
            assert pca is not None
            bag = found._bag()
            vectors = torch.from_numpy(pca[material.genes])
            found.facts["unigram"] = bag.of_frequencies()
            found.facts["bag"] = bag.cross_entropy(vectors, bag.choose(vectors))
            found.facts["bag_of_start"] = (
                found.facts["bag"]
                if options.start == "pca"
                else bag.cross_entropy(start, bag.choose(start))
            )
        logger.info("held-out samples cost without a transformer: %s", found._in_words())
        return found

    @property
    def baselines(self) -> dict[str, float]:
        """Losses by name."""
        return dict(self.facts)

    def conclude(self, table: Tensor) -> None:
        """Say so if the vectors of the genes know less of the lists held out than their start."""
        if "bag_of_start" not in self.facts:
            return
        bag = self._bag()
        ended = bag.cross_entropy(table, bag.choose(table))
        began = self.facts["bag_of_start"]
        if ended > began:
            logger.warning(
                "the gene vectors alone know less of held-out samples than where they started "
                "(cross-entropy %.3f, %.3f at the start): for genes, take the start",
                ended, began,
            )  # fmt: skip

    def _in_words(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {v:.3f}" for name, v in self.facts.items())

    def _lists(self) -> list[np.ndarray]:
        return [self.material.shown(int(i))[0] for i in self.material.held_out[:MOST]]

    def _bag(self) -> Bag:
        counts = np.zeros(self.material.n_genes)
        for sample in self.material.training:
            counts[self.material.shown(int(sample))[0]] += 1
        return Bag(self._places(), unigram(counts))

    def _places(self) -> list[Place]:
        places: list[Place] = []
        objective = objective_of(self.options)
        for genes in self._lists():
            if isinstance(objective, Masked):
                hidden = np.zeros(len(genes), dtype=bool)
                k = round(self.options.masked * len(genes))
                hidden[generator(0, "hidden", len(genes)).permutation(len(genes))[: max(1, k)]] = 1
                places += [(genes[~hidden], int(gene)) for gene in genes[hidden]]
            else:
                places += [(genes[:i], int(genes[i])) for i in range(1, len(genes))]
        return places

    def _variance(self) -> float:
        """Return the squared error of saying the middle of all levels."""
        levels = [self.material.shown(int(i))[1] for i in self.material.held_out]
        errors = np.square((np.concatenate(levels) - 0.5) / SPREAD)
        return float(errors.mean()) if len(errors) else math.nan
