"""From a network that has learned to a model: training samples embedded, axes chosen, a limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...kernels.workers import in_parallel
from ...training.problem import Problem
from .. import classes
from ..limits import loss_limit
from .material import Material, unit_of
from .network import Network
from .options import Exceiver
from .trained import Coordinates, Reader, TrainedExceiver

FEW = 10
"""Held-out samples that can tell how far losses are spread."""
LEAST = 1e-6
"""Part of the greatest extent that each direction of the coordinates has at least."""
JUDGED = 200
"""Samples whose losses tell it otherwise."""


def finished(
    problem: Problem, options: Exceiver, material: Material, learned: Network
) -> TrainedExceiver:
    """Return the trained model, which embeds the training samples as it will new ones."""
    labels, held_out = problem.labels, material.held_out
    network = Network(options, material.n_genes, classes.number(labels))
    weights = {name: value.cpu() for name, value in learned.state_dict().items()}
    network.load_state_dict({**network.state_dict(), **weights})
    rank, n = problem.ranks.genes, len(material.counts)
    same = Coordinates(np.zeros(options.sample_dim), np.eye(options.sample_dim))
    total = float(np.median(material.counts.totals))
    facts: dict[str, dict[str, Any]] = {
        "preprocessing": unit_of(problem),
        "fit": {"total": total},
    }

    def model(coordinates: Coordinates, samples: np.ndarray) -> TrainedExceiver:
        arrays = rank, material.projection, coordinates, facts, samples
        return TrainedExceiver(options, network, *arrays)

    nowhere = np.zeros((0, options.sample_dim), np.float32)
    reader = Reader(model(same, nowhere), np.arange(len(rank)))
    inner = np.empty((n, options.sample_dim), np.float32)

    def embed(i: int) -> None:
        inner[i] = reader.embedded(material.counts.take(np.array([i])), reader.known)

    in_parallel(embed, n)
    judged = held_out if len(held_out) >= FEW else material.training[:JUDGED]
    losses = np.empty(len(judged))

    def judge(i: int) -> None:
        losses[i] = reader.loss(material.counts.take(judged[i : i + 1]), reader.known)

    in_parallel(judge, len(judged))
    facts["fit"]["loss_limit"] = loss_limit(losses)
    if labels is not None:
        if options.head == "on-body":
            classes.fit(network, inner[material.training], labels.codes[material.training])
        found = classes.scores(network, inner)
        facts["labels"] = classes.judged(labels, found, material.training, held_out)
    coordinates = axes(inner[problem.ranks.rows], network)
    return model(coordinates, coordinates.outer(inner))


def axes(inner: np.ndarray, network: Network) -> Coordinates:
    """Return coordinates whose distances are those of the log shares that they stand for.

    They are the principal axes of the training samples, in the metric of the linear map that
    foretells expected log shares best; what all genes have in common does not count. Each axis
    points to where its third moment is positive.
    """
    table = network.genes.detach().double()
    table = table - table.mean(0)
    with torch.no_grad():
        states = network.states(torch.from_numpy(inner)).double().numpy()
    centre = inner.astype(np.float64).mean(0)
    deviations, states = inner - centre, states - states.mean(0)
    onto, *_ = np.linalg.lstsq(deviations, states, rcond=None)
    form = onto @ (table.T @ table).numpy() @ onto.T / len(table)
    values, vectors = np.linalg.eigh(form)
    values = np.maximum(values, LEAST * max(float(values[-1]), 1e-12))
    root = vectors * np.sqrt(values) @ vectors.T
    placed = deviations @ root
    _, _, rotation = np.linalg.svd(placed.T @ placed)
    along = placed @ rotation.T
    signs = np.where((along**3).sum(0) < 0, -1.0, 1.0)
    return Coordinates(centre, root @ rotation.T * signs)
