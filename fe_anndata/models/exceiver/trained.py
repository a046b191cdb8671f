"""A trained model: what it says of samples, one at a time, so that none feels which others come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from ...kernels.workers import in_parallel
from .counts import Counts
from .embedding import ROWS, ReaderOfCounts, TrainedOnCounts, fill
from .likelihoods import Hidden, losses
from .material import split
from .network import OF_BATCHES, Network, Shown
from .options import Exceiver
from .projection import Projection, Seen

PARTS_OF_BATCHES = ("shift", "offsets", "dispersion")
"""What is stored of what batches do."""


@dataclass(frozen=True)
class Coordinates:
    """The map from inner coordinates to those that users see.

    Attributes
    ----------
    centre
        Mean of the training samples, (d,).
    map
        What deviations from it are multiplied with, (d, d), and can be divided by.
    """

    centre: np.ndarray
    map: np.ndarray

    def outer(self, inner: np.ndarray) -> np.ndarray:
        """Return coordinates as users see them; a sample at a time, the same in any company."""
        rows = [(z - self.centre) @ self.map for z in inner.astype(np.float64)]
        return np.array(rows, np.float32).reshape(inner.shape)

    def inner(self, outer: np.ndarray) -> np.ndarray:
        """Return inner coordinates."""
        found = np.linalg.solve(self.map.T, outer.T.astype(np.float64)).T + self.centre
        return np.asarray(found, np.float32)


class TrainedExceiver(TrainedOnCounts):
    """A network, what projects log profiles, and the embedding of the training samples.

    Parameters
    ----------
    options
        With every value that was used.
    network
        On the processor; genes are numbered in the order of their names.
    rank
        The number of each trained gene.
    projection
        Of log profiles.
    coordinates
        From inner to outer ones.
    facts
        Sections of :meth:`arrays` that are kept as they are: what is known of the training.
    samples
        The embedding of the training samples.
    """

    network: Network
    loss = "nll"

    def __init__(
        self,
        options: Exceiver,
        network: Network,
        rank: np.ndarray,
        projection: Projection,
        coordinates: Coordinates,
        facts: Mapping[str, Mapping[str, Any]],
        samples: np.ndarray,
    ) -> None:
        super().__init__(options, network, rank, facts, samples)
        self.projection, self.coordinates = projection, coordinates

    @property
    def inner_dim(self) -> int:
        """How many numbers a sample is embedded by."""
        return self.options.sample_dim

    def reader(self, known: np.ndarray) -> Reader:
        """Return what embeds samples of which these genes are known."""
        return Reader(self, known)

    def outer(self, inner: np.ndarray) -> np.ndarray:
        """Return inner coordinates as users see them."""
        return self.coordinates.outer(inner)

    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return weights, the projection, the order of names, and what is known of the training."""
        return {
            "model": self.weights(),
            "vocabulary": {"rank": self.rank.astype(np.float32)},
            "projection": {
                "loadings": self.projection.loadings[self.rank],
                "mean": self.projection.mean[self.rank],
                "share": self.projection.share[self.rank],
                "scale": self.projection.scale,
            },
            "coordinates": {"centre": self.coordinates.centre, "map": self.coordinates.map},
            **({"batches": batches} if (batches := self._batches()) else {}),
            **{name: dict(section) for name, section in self.facts.items()},
        }

    def _batches(self) -> dict[str, np.ndarray]:
        """Return what batches do, if any are known, to genes in the order of the data."""
        weights = self.network.state_dict()
        return {
            name.removeprefix(OF_BATCHES): (
                weights[name].numpy()[self.rank]
                if name in self.network.per_gene
                else weights[name].numpy()
            )
            for name in weights
            if name.startswith(OF_BATCHES)
        }

    @property
    def can_decode(self) -> bool:
        """Whether the model predicts expression at coordinates."""
        return True

    @property
    def per_total(self) -> bool:
        """Whether predictions are of samples of one total: of the median one of the training."""
        return True

    @property
    def dispersion(self) -> np.ndarray | None:
        """The dispersion of each gene, if counts were taken for negative binomial."""
        sizes = self.network.sizes_of_genes
        return None if sizes is None else (-sizes.detach()).exp().numpy()[self.rank]

    def attention(self, X: np.ndarray, known: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return of each sample its counted genes, and how much latent vectors take of each."""
        reader = Reader(self, known)
        counts, visible = reader.counts(X)
        gene = np.argsort(self.rank)
        found = [(gene[:0], np.empty((0, self.options.latents), np.float32))] * len(counts)

        def look(i: int) -> None:
            one = counts.take(np.array([i]))
            if len(one.genes):
                shown = reader.shown(one, visible(i))
                with torch.no_grad():
                    taken = self.network.attention(shown, reader.tables)
                found[i] = gene[one.genes], taken.numpy()

        in_parallel(look, len(counts))
        return found

    def decode(
        self, u: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return expected counts at coordinates `u`, of samples of the median total."""
        total = float(self.facts["fit"]["total"])
        return self.shares(u, covariates)[:, self.rank[genes]] * np.float32(total)

    def shares(self, u: np.ndarray, covariates: np.ndarray | None = None) -> np.ndarray:
        """Return the expected share of each gene at coordinates, float32 (n, m), by its number."""
        z = torch.from_numpy(self.coordinates.inner(u))
        C = None if covariates is None else torch.from_numpy(covariates)
        states, table, offset, _ = self.network.expecting(z, C)
        scores = torch.addmm(offset, states, table.T)
        found: np.ndarray = scores.softmax(1).numpy()
        return found

    def decode_pairs(
        self, samples: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prediction for pairs of trained samples and genes, float32 (n,)."""
        distinct, at, place = np.unique(samples, return_index=True, return_inverse=True)
        found = np.empty(len(samples), np.float32)
        for first in range(0, len(distinct), ROWS):
            here = (place >= first) & (place < first + ROWS)
            part = slice(first, first + ROWS)
            C = None if covariates is None else covariates[at[part]]
            values = self.decode(self._samples[distinct[part]], np.arange(len(self.rank)), C)
            found[here] = values[place[here] - first, genes[here]]
        return found


@dataclass(frozen=True)
class View:
    """Which genes of a sample are seen and which are asked for, bool (1, m).

    `seen` is what the projection has to know of the former.
    """

    visible: np.ndarray
    hidden: np.ndarray
    seen: Seen


class Reader(ReaderOfCounts):
    """What a model sees of samples of which some genes are known; see :class:`ReaderOfCounts`."""

    def __init__(self, model: TrainedExceiver, known: np.ndarray) -> None:
        super().__init__(model.rank, known)
        self.model = model
        self.half = halves(len(model.rank))
        self.tables = model.network.tables_of_genes()
        # Most samples show the same genes, of which this is computed once.
        self.views = self._views(self.known)

    def _views(self, visible: np.ndarray) -> tuple[View, View, View]:
        """Return the views of all known genes, and of each half of them."""
        seen = [visible, visible & self.half, visible & ~self.half]
        asked = [np.zeros_like(visible), seen[2], seen[1]]
        whole, one, other = (
            View(of[None], hidden[None], self.model.projection.seen(of[None]))
            for of, hidden in zip(seen, asked, strict=True)
        )
        return whole, one, other

    def _of(self, visible: np.ndarray) -> tuple[View, View, View]:
        return self.views if visible is self.known else self._views(visible)

    def shown(self, one: Counts, visible: np.ndarray) -> Shown:
        """Return what the network sees of a sample."""
        return self._split(one, self._of(visible)[0])[0]

    def embedded(self, one: Counts, visible: np.ndarray) -> np.ndarray:
        """Return the inner coordinates of a sample, (d,)."""
        shown = self.shown(one, visible)
        network = self.model.network
        with torch.no_grad():
            found = network.coordinates(shown, network.latent_vectors(shown, self.tables))
        return found[0].numpy()

    def loss(self, one: Counts, visible: np.ndarray) -> float:
        """Return the mean loss of the counts of half of the genes, by those of the other half."""
        total = n = 0.0
        for view in self._of(visible)[1:]:
            shown, hidden = self._split(one, view)
            if not len(shown.tokens.genes):
                continue
            network = self.model.network
            with torch.no_grad():
                z = network.coordinates(shown, network.latent_vectors(shown, self.tables))
                expecting = network.expecting(z, shown.covariates)
                total += float(losses(self.model.options, *expecting, hidden).sum())
            n += hidden.n_targets(self.model.options.likelihood)
        return total / n if n else float("nan")

    def _split(self, one: Counts, view: View) -> tuple[Shown, Hidden]:
        linear = self.model.options.linear
        project = partial(self.model.projection.of, seen=view.seen) if linear else None
        return split(one, view.visible, view.hidden, project)


def halves(n_genes: int) -> np.ndarray:
    """Return which genes are in the first of two halves, by their numbers."""
    order = np.random.default_rng(n_genes).permutation(n_genes)
    half = np.zeros(n_genes, dtype=bool)
    half[order[: n_genes // 2]] = True
    return half


def load(
    options: Exceiver,
    samples: np.ndarray,
    genes: np.ndarray,
    arrays: Mapping[str, Mapping[str, Any]],
) -> TrainedExceiver:
    """Return the trained model of its stored arrays."""
    rank = np.asarray(arrays["vocabulary"]["rank"]).astype(np.int64)
    column = np.argsort(rank)
    n_classes = np.size(arrays.get("labels", {}).get("classes", ()))
    batches = {
        f"{OF_BATCHES}{name}": array
        for name, array in arrays.get("batches", {}).items()
        if name in PARTS_OF_BATCHES
    }
    n_covariates = len(batches[f"{OF_BATCHES}shift"]) if batches else 0
    network = Network(options, len(rank), n_classes, n_covariates)
    fill(network, {**arrays["model"], **batches, "genes": genes}, column)
    of_genes = arrays["projection"]
    loadings, mean, share = (
        np.asarray(of_genes[name])[column] for name in ("loadings", "mean", "share")
    )
    projection = Projection(loadings, mean, share, float(of_genes["scale"]))
    centre, onto = (np.asarray(arrays["coordinates"][name]) for name in ("centre", "map"))
    coordinates = Coordinates(centre, onto)
    facts = {k: arrays[k] for k in ("preprocessing", "fit", "labels") if k in arrays}
    return TrainedExceiver(options, network, rank, projection, coordinates, facts, samples)
