"""From a network that has learned to a model: training samples embedded, axes chosen, a limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ...kernels.workers import in_parallel
from ...training.problem import Problem
from .. import classes
from ..limits import loss_limit
from ..unit import unit_of
from .embedding import TrainedOnCounts
from .material import Material, Samples
from .network import Network, OfGenes
from .options import Exceiver
from .trained import Coordinates, TrainedExceiver

FEW = 10
"""Held-out samples that can tell how far losses are spread."""
LEAST = 1e-6
"""Part of the greatest extent that each direction of the coordinates has at least."""
JUDGED = 200
"""Samples whose losses tell it otherwise."""


def finished(
    problem: Problem,
    options: Exceiver,
    material: Material,
    learned: Network,
    coordinates: Coordinates | None,
) -> TrainedExceiver:
    """Return the trained model, which embeds the training samples as it will new ones.

    Parameters
    ----------
    problem, options, material
        What was learned from, and what was chosen.
    learned
        The network, on any device.
    coordinates
        Those of the model that was continued, if one was; by default they are made anew.
    """
    batches = problem.batches
    n_covariates = 0 if batches is None else batches.covariates.shape[1]
    n_classes = classes.number(problem.labels)
    network = Network(options, material.n_genes, n_classes, n_covariates)
    take(network, learned)
    rank = problem.ranks.genes
    same = Coordinates(np.zeros(options.sample_dim), np.eye(options.sample_dim))
    total = float(np.median(material.counts.totals))
    facts: dict[str, dict[str, Any]] = {
        "preprocessing": unit_of(problem),
        "fit": {"total": total},
    }

    def model(coordinates: Coordinates, samples: np.ndarray) -> TrainedExceiver:
        arrays = rank, material.projection, coordinates, facts, samples
        return TrainedExceiver(options, network, *arrays)

    inner = concluded(problem, model(same, np.zeros((0, options.sample_dim))), facts, material)
    if coordinates is None:
        coordinates = axes(inner[problem.ranks.rows], network)
    return model(coordinates, coordinates.outer(inner))


def take(network: OfGenes, learned: nn.Module) -> None:
    """Fill a network with what another one has learned, on any device; classes may be new."""
    weights = {name: value.cpu() for name, value in learned.state_dict().items()}
    network.load_state_dict({**network.state_dict(), **weights})


def concluded(
    problem: Problem, model: TrainedOnCounts, facts: dict[str, dict[str, Any]], material: Samples
) -> np.ndarray:
    """Return the inner coordinates of the training samples, and add what they tell to `facts`.

    That is the loss above which a sample is unlike them, and how well classes are told apart, which
    are learned here if they were not with the body.

    Parameters
    ----------
    problem, material
        What was learned from.
    model
        A model that has learned all else.
    facts
        Its own.
    """
    labels, held_out, n = problem.labels, material.held_out, len(material.counts)
    reader = model.reader(np.arange(material.n_genes))
    inner = np.empty((n, model.inner_dim), np.float32)

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
        if model.options.head == "on-body":
            classes.fit(model.network, inner[material.training], labels.codes[material.training])
        found = classes.scores(model.network, inner)
        facts["labels"] = classes.judged(labels, found, material.training, held_out)
    return inner


def axes(inner: np.ndarray, network: Network) -> Coordinates:
    """Return coordinates whose distances are those of the log shares that they stand for.

    They are the principal axes of the training samples, in the metric of the linear map that
    predicts expected log shares best; what all genes have in common does not count. Each axis
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
