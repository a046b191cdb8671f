"""From a network that has learned to a model: training samples embedded, classes told, a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...training.problem import Problem
from .. import classes
from ..limits import loss_limit
from .corpus import Material
from .network import Network
from .objectives import objective_of
from .options import GeneRAIN
from .trained import TrainedGeneRAIN

FEW = 10
"""Held-out samples that can tell how far losses are spread."""


def finished(
    problem: Problem,
    options: GeneRAIN,
    material: Material,
    learned: Network,
    known: Mapping[str, Mapping[str, Any]],
) -> TrainedGeneRAIN:
    """Return the trained model, which embeds the training samples as it will new ones.

    Parameters
    ----------
    problem, options, material
        What was learned from, and what was chosen.
    learned
        The network, on any device.
    known
        What is known of the training, by section.
    """
    labels, held_out = problem.labels, material.held_out
    network = Network(options, material.n_genes, classes.number(labels))
    weights = {name: value.cpu() for name, value in learned.state_dict().items()}
    network.load_state_dict({**network.state_dict(), **weights})
    arrays = material.scale, problem.ranks.genes, material.number
    nowhere = np.zeros((0, options.width), np.float32)
    place = TrainedGeneRAIN(options, network, *arrays, known, nowhere).placing(
        np.arange(len(material.number))
    )
    placed = [place(block) for _, block in problem.rows.blocks()]
    losses = np.concatenate([part.facts[objective_of(options).unit] for part in placed])
    samples = np.concatenate([part.u for part in placed])
    judged = losses[held_out] if len(held_out) >= FEW else losses
    facts = {**known, "fit": {"loss_limit": loss_limit(judged)}}
    if labels is not None:
        if options.head == "on-body":
            classes.fit(network, samples[material.training], labels.codes[material.training])
        found = classes.scores(network, samples)
        facts["labels"] = classes.judged(labels, found, material.training, held_out)
    return TrainedGeneRAIN(options, network, *arrays, facts, samples)
