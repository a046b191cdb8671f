"""A trained model: what it says of samples, one at a time, so that none feels which others come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..._core.warn import warn_user
from ...kernels.workers import in_parallel
from .. import classes
from ..trained import Placed, Trained
from .network import Batch, Network
from .objectives import objective_of
from .options import GeneRAIN
from .tokens import FEWEST, Lister, Scale, load_scale

ROWS = 128


class TrainedGeneRAIN(Trained):
    """A network, what makes lists for it, and the embedding of its training samples.

    Parameters
    ----------
    options
        With every value that was used.
    network
        On the processor.
    scale
        Of the trained genes.
    rank
        Of their names.
    number
        The number of each in the network, -1 for those that no list has shown.
    facts
        Sections of :meth:`arrays` that are kept as they are: what is known of the training.
    samples
        The embedding of the training samples.
    """

    options: GeneRAIN

    def __init__(
        self,
        options: GeneRAIN,
        network: Network,
        scale: Scale,
        rank: np.ndarray,
        number: np.ndarray,
        facts: Mapping[str, Mapping[str, Any]],
        samples: np.ndarray,
    ) -> None:
        self.options, self.network, self.scale = options, network.eval(), scale
        self.rank, self.number, self.facts, self._samples = rank, number, facts, samples
        self.objective = objective_of(options)

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
        """Return the vectors of genes; NaN for those that no list has shown."""
        found = np.full((len(self.number), self.options.width), np.nan, np.float32)
        known = self.number >= 0
        found[known] = self.network.genes.detach().numpy()[self.number[known]]
        return found

    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return weights, the scale, the order of names, and what is known of the training."""
        weights = {
            name: array.detach().numpy().copy()
            for name, array in self.network.state_dict().items()
            if name != "genes"
        }
        kept = {name: dict(section) for name, section in self.facts.items()}
        kept["preprocessing"] = {**self.scale.arrays(), **kept.get("preprocessing", {})}
        return {"model": weights, "vocabulary": {"rank": self.rank.astype(np.float32)}, **kept}

    @property
    def rows_at_a_time(self) -> int:
        """How many samples :meth:`placing` likes to get at a time."""
        return ROWS

    def placing(self, known: np.ndarray) -> Callable[[np.ndarray], Placed]:
        """Return what embeds blocks of new samples."""
        read = self.reading(known)
        limit = self.facts.get("fit", {}).get("loss_limit", np.inf)

        def place(X: Any) -> Placed:
            lists = read(X)
            n = len(lists)
            u = np.full((n, self.options.width), np.nan, np.float32)
            losses = np.full(n, np.nan, np.float32)

            def embed(i: int) -> None:
                batch = lists[i][0]
                if batch is not None:
                    u[i], losses[i] = self._embed(batch)

            in_parallel(embed, n)
            short = sum(batch is None for batch, _ in lists)
            if short:
                warn_user(
                    f"{short} samples have fewer than {FEWEST} expressed genes that the model "
                    "knows, or one value in all genes: they were placed nowhere (NaN)."
                )
            facts = {self.objective.unit: losses, "outlier": losses > limit}
            known = np.array([number for _, number in lists], np.int64)
            told = None
            if self.classes:
                temperature = classes.temperature(self.facts)
                told = classes.probabilities(self.network, u, temperature)
            return Placed(u, None, known, facts, told)

        return place

    def reading(self, known: np.ndarray) -> Callable[[Any], list[tuple[Batch | None, int]]]:
        """Return what makes a list of each sample of a block, with its number of known genes.

        None instead of a list stands for a sample that nothing can be told from.
        """
        scale = self.scale.of_genes(known)
        lister = Lister(self.options, self.number[known])

        def read(X: Any) -> list[tuple[Batch | None, int]]:
            found = []
            for genes, levels, n_known in scale.levels(X):
                number, kept = lister.kept(genes, levels)
                batch = None
                if len(number) >= FEWEST:
                    shown = lister.order(number, kept, None)
                    batch = Batch(
                        torch.from_numpy(number[shown])[None],
                        torch.from_numpy(kept[shown])[None],
                        (len(shown),),
                    )
                found.append((batch, n_known))
            return found

        return read

    @torch.no_grad()
    def _embed(self, batch: Batch) -> tuple[np.ndarray, float]:
        """Return the embedding of a list, and the mean loss of its targets."""
        shown, asked = self.objective.shown(batch), self.objective.prepared(batch, None)
        states = self.network.states(shown)
        of_asked = states if asked is shown else self.network.states(asked)
        losses = self.objective.losses(self.network, of_asked, asked, None)
        pooled = self.network.pooled(states, batch.lengths)
        return pooled[0].numpy(), float(losses.each.mean())

    @torch.no_grad()
    def _states(self, batch: Batch) -> Tensor:
        """Return the hidden states of the genes of a list, (t, width)."""
        return self.network.of_tokens(self.network.states(self.objective.shown(batch)))[0]

    def contexts(self, X: np.ndarray, known: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return of each sample the genes of its list, and their hidden states."""
        gene = self._gene_of_number()
        return [
            (gene[batch.tokens[0].numpy()], self._states(batch).numpy())
            for batch, _ in self.reading(known)(X)
            if batch is not None
        ]

    @torch.no_grad()
    def next_genes(
        self, X: np.ndarray, known: np.ndarray, genes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the list of a sample, and what the model expects after each place."""
        if self.options.objective != "next-gene":
            raise ValueError(
                f"the model was trained with objective={self.options.objective!r}, and does not "
                "say which gene comes next; objective='next-gene' does."
            )
        ((batch, _),) = self.reading(known)(X)
        if batch is None:
            raise ValueError(f"the sample has fewer than {FEWEST} expressed genes that are known.")
        listed, asked = batch.tokens[0], torch.from_numpy(self.number[genes])
        scores = self._states(batch) @ self.network.genes.T
        if self.options.layout == "ours":
            places = torch.arange(len(listed))
            shut = torch.full((scores.shape[1],), len(listed)).index_put((listed,), places)
            scores = scores.masked_fill(shut <= places[:, None], -torch.inf)
        found = scores.softmax(1)[:, asked.clamp_min(0)]
        return self._gene_of_number()[listed.numpy()], found.where(asked >= 0, 0.0).numpy()

    def _gene_of_number(self) -> np.ndarray:
        return np.flatnonzero(self.number >= 0)[np.argsort(self.number[self.number >= 0])]

    def unit(self) -> tuple[np.ndarray, float]:
        """Return the mean of each gene, and the overall spread around it."""
        known = self.facts["preprocessing"]
        return np.asarray(known["expected"], dtype=np.float64), float(known["around"])


def numbers_of(rank: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Return the number of each gene among those that are listed, by name; -1 for others."""
    number = np.full(len(rank), -1, np.int64)
    of_listed = np.flatnonzero(listed)
    number[of_listed[np.argsort(rank[of_listed])]] = np.arange(len(of_listed))
    return number


def load(
    options: GeneRAIN,
    samples: np.ndarray,
    genes: np.ndarray,
    arrays: Mapping[str, Mapping[str, Any]],
) -> TrainedGeneRAIN:
    """Return the trained model of its stored arrays."""
    rank = np.asarray(arrays["vocabulary"]["rank"]).astype(np.int64)
    listed = np.isfinite(genes).all(axis=1)
    number = numbers_of(rank, listed)
    n_classes = np.size(arrays.get("labels", {}).get("classes", ()))
    network = Network(options, int(listed.sum()), n_classes)
    table = np.empty((int(listed.sum()), options.width), np.float32)
    table[number[listed]] = genes[listed]
    weights = {**arrays["model"], "genes": table}
    network.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in weights.items()})
    preprocessing = dict(arrays["preprocessing"])
    scale = load_scale(options, preprocessing)
    facts = {
        "preprocessing": {k: preprocessing[k] for k in ("expected", "around")},
        **{k: arrays[k] for k in ("fit", "baselines", "origin", "labels") if k in arrays},
    }
    return TrainedGeneRAIN(options, network, scale, rank, number, facts, samples)
