"""A trained model: what it says of samples, one at a time, so that none feels which others come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core.warn import warn_user
from ...kernels.workers import in_parallel
from .. import classes
from ..base import Placed, Trained
from .counts import FEW, Counts, of_block
from .likelihoods import Hidden, losses
from .material import split
from .network import Network, Shown
from .options import Exceiver
from .projection import Projection

ROWS = 256


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


class TrainedExceiver(Trained):
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

    options: Exceiver

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
        self.options, self.network = options, network.eval().requires_grad_(False)
        self.rank, self.projection, self.coordinates = rank, projection, coordinates
        self.facts, self._samples = facts, samples

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.network

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the model tells apart."""
        found = self.facts.get("labels", {}).get("classes", ())
        return tuple(map(str, np.atleast_1d(np.asarray(found, dtype=object))))

    def samples(self) -> np.ndarray:
        """Return the embedding of the training samples."""
        return self._samples

    def genes(self) -> np.ndarray:
        """Return the vectors of genes."""
        found: np.ndarray = self.network.genes.detach().numpy()[self.rank]
        return found

    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return weights, the projection, the order of names, and what is known of the training."""
        weights = {}
        for name, array in self.network.state_dict().items():
            if name != "genes":
                of_gene = name in self.network.per_gene
                weights[name] = array.numpy()[self.rank] if of_gene else array.numpy().copy()
        return {
            "model": weights,
            "vocabulary": {"rank": self.rank.astype(np.float32)},
            "projection": {
                "loadings": self.projection.loadings[self.rank],
                "mean": self.projection.mean[self.rank],
                "share": self.projection.share[self.rank],
                "scale": self.projection.scale,
            },
            "coordinates": {"centre": self.coordinates.centre, "map": self.coordinates.map},
            **{name: dict(section) for name, section in self.facts.items()},
        }

    @property
    def rows_at_a_time(self) -> int:
        """How many samples :meth:`placing` likes to get at a time."""
        return ROWS

    def placing(self, known: np.ndarray) -> Callable[[np.ndarray], Placed]:
        """Return what embeds blocks of new samples."""
        reader = Reader(self, known)
        limit = self.facts.get("fit", {}).get("loss_limit", np.inf)

        def place(X: Any) -> Placed:
            counts, visible = reader.counts(X)
            n = len(counts)
            inner = np.full((n, self.options.sample_dim), np.nan, np.float32)
            fit = np.full(n, np.nan, np.float32)

            def embed(i: int) -> None:
                one = counts.take(np.array([i]))
                if len(one.genes):
                    inner[i] = reader.embedded(one, visible(i))
                    fit[i] = reader.loss(one, visible(i))

            in_parallel(embed, n)
            n_genes = np.diff(counts.starts)
            few = (n_genes < FEW) & (n_genes > 0)
            if few.any():
                warn_user(
                    f"{few.sum()} samples have counts of fewer than {FEW} genes that the model "
                    "knows: they were placed, and called outliers."
                )
            u = self.coordinates.outer(inner)
            facts = {"nll": fit, "outlier": (fit > limit) | few}
            told = None
            if self.classes:
                temperature = classes.temperature(self.facts)
                told = classes.probabilities(self.network, inner, temperature)
            return Placed(u, None, n_genes, facts, told)

        return place

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

    def decode(self, u: np.ndarray, genes: np.ndarray) -> np.ndarray:
        """Return expected counts at coordinates `u`, of samples of the median total."""
        total = float(self.facts["fit"]["total"])
        return self.shares(u)[:, self.rank[genes]] * np.float32(total)

    def shares(self, u: np.ndarray) -> np.ndarray:
        """Return the expected share of each gene at coordinates, float32 (n, m), by its number."""
        z = torch.from_numpy(self.coordinates.inner(u))
        network = self.network
        scores = torch.addmm(network.offset, network.states(z), network.genes.T)
        found: np.ndarray = scores.softmax(1).numpy()
        return found

    def decode_pairs(self, samples: np.ndarray, genes: np.ndarray) -> np.ndarray:
        """Return the prediction for pairs of trained samples and genes, float32 (n,)."""
        distinct, place = np.unique(samples, return_inverse=True)
        found = np.empty(len(samples), np.float32)
        for first in range(0, len(distinct), ROWS):
            here = (place >= first) & (place < first + ROWS)
            u = self._samples[distinct[first : first + ROWS]]
            values = self.decode(u, np.arange(len(self.rank)))
            found[here] = values[place[here] - first, genes[here]]
        return found

    def unit(self) -> tuple[np.ndarray, float]:
        """Return the mean of each gene, and the overall spread around it."""
        known = self.facts["preprocessing"]
        return np.asarray(known["expected"], dtype=np.float64), float(known["around"])


class Reader:
    """What a model sees of samples of which some genes are known.

    Parameters
    ----------
    model
        It.
    known
        Which of its genes the columns are.
    """

    def __init__(self, model: TrainedExceiver, known: np.ndarray) -> None:
        self.model, self.number = model, model.rank[known]
        self.known = np.zeros(len(model.rank), dtype=bool)
        self.known[self.number] = True
        self.half = halves(len(model.rank))
        self.tables = model.network.tables_of_genes()

    def counts(self, X: Any) -> tuple[Counts, Callable[[int], np.ndarray]]:
        """Return the counts of a block, and what says which genes of a sample are known."""
        counts = of_block(
            X, self.number, lambda i, j: f"sample {i} of a block and gene {j} of those shared"
        )
        missing = np.isnan(X) if isinstance(X, np.ndarray) else None

        def visible(i: int) -> np.ndarray:
            if missing is None or not missing[i].any():
                return self.known
            of_sample = self.known.copy()
            of_sample[self.number[missing[i]]] = False
            return of_sample

        return counts, visible

    def shown(self, one: Counts, visible: np.ndarray) -> Shown:
        """Return what the network sees of a sample."""
        nothing = np.zeros((1, len(visible)), dtype=bool)
        return self._split(one, visible[None], nothing)[0]

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
        for half in (self.half, ~self.half):
            shown, hidden = self._split(one, (visible & half)[None], (visible & ~half)[None])
            if not len(shown.tokens.genes):
                continue
            network = self.model.network
            with torch.no_grad():
                z = network.coordinates(shown, network.latent_vectors(shown, self.tables))
                total += float(self._losses(network.states(z), hidden).sum())
            n += hidden.n_targets(self.model.options.likelihood)
        return total / n if n else float("nan")

    def _losses(self, states: Tensor, hidden: Hidden) -> Tensor:
        network, options = self.model.network, self.model.options
        return losses(
            options, states, network.genes, network.offset, network.sizes_of_genes, hidden
        )

    def _split(self, one: Counts, visible: np.ndarray, hidden: np.ndarray) -> tuple[Shown, Hidden]:
        linear = self.model.options.linear
        return split(one, visible, hidden, self.model.projection if linear else None)


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
    network = Network(options, len(rank), n_classes)
    weights = {**arrays["model"], "genes": genes}
    network.load_state_dict(
        {
            name: torch.from_numpy(
                np.array(array)[column] if name in network.per_gene else np.array(array)
            )
            for name, array in weights.items()
        }
    )
    of_genes = arrays["projection"]
    loadings, mean, share = (
        np.asarray(of_genes[name])[column] for name in ("loadings", "mean", "share")
    )
    projection = Projection(loadings, mean, share, float(of_genes["scale"]))
    centre, onto = (np.asarray(arrays["coordinates"][name]) for name in ("centre", "map"))
    coordinates = Coordinates(centre, onto)
    facts = {k: arrays[k] for k in ("preprocessing", "fit", "labels") if k in arrays}
    return TrainedExceiver(options, network, rank, projection, coordinates, facts, samples)
