"""The two published recipes in plain torch, as they were run: what ours is measured against.

``Thesis``
    The Julia recipe of 2024: every entry unrolled to two indices and a value, shuffled once;
    contiguous slices are the batches.
``Trofimov``
    The PyTorch recipe of 2020, here fed with random entries by index; :func:`as_published` feeds it
    as its own code did, entry by entry in Python, and writes both tables at every batch.

Written from the description of both, with no code of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

THESIS_LAYERS = (100, 50, 50)
THESIS_DIMS = (2, 100)
THESIS_LEARNING_RATE = 1e-2
THESIS_L2 = 1e-7
TROFIMOV_LAYERS = (250, 75, 50, 25, 10)
TROFIMOV_DIMS = (2, 2)
TROFIMOV_BATCH = 10_000
CHUNK = 1 << 16


@dataclass(frozen=True)
class Unrolled:
    """Every entry that is there (not NaN), in random order."""

    samples: Tensor
    genes: Tensor
    values: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, X: np.ndarray, seed: int = 0) -> Unrolled:
        """Unroll a matrix."""
        rows, cols = np.nonzero(~np.isnan(X))
        order = np.random.default_rng(seed).permutation(len(rows))
        rows, cols = rows[order], cols[order]
        samples, genes, values = (torch.from_numpy(part) for part in (rows, cols, X[rows, cols]))
        return cls(samples, genes, values, (X.shape[0], X.shape[1]))

    def __len__(self) -> int:
        return len(self.values)

    def columns(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return samples, genes and values."""
        return self.samples, self.genes, self.values


class Network(nn.Module):
    """Two tables, concatenated vectors, a plain network; bounded by a sigmoid or linear."""

    def __init__(
        self,
        shape: tuple[int, int],
        dims: tuple[int, int],
        hidden: tuple[int, ...],
        activation: type[nn.Module],
        bounds: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.samples = nn.Embedding(shape[0], dims[0])
        self.genes = nn.Embedding(shape[1], dims[1])
        parts: list[nn.Module] = []
        for into, out in pairwise((sum(dims), *hidden)):
            parts += [nn.Linear(into, out), activation()]
        self.layers = nn.Sequential(*parts, nn.Linear(hidden[-1], 1))
        self.bounds = bounds

    def forward(self, samples: Tensor, genes: Tensor) -> Tensor:
        """Return the value of each pair."""
        pairs = torch.cat([self.samples(samples), self.genes(genes)], dim=1)
        y: Tensor = self.layers(pairs).squeeze(1)
        if self.bounds is None:
            return y
        minimum, maximum = self.bounds
        return minimum + (maximum - minimum) * torch.sigmoid(y)

    @torch.no_grad()
    def loss(self, rows: np.ndarray, cols: np.ndarray, values: np.ndarray) -> float:
        """Return the mean squared error of some entries, in the units of the matrix."""
        total = 0.0
        for first in range(0, len(rows), CHUNK):
            part = slice(first, first + CHUNK)
            predicted = self(torch.from_numpy(rows[part]), torch.from_numpy(cols[part]))
            total += float((predicted - torch.from_numpy(values[part])).double().square().sum())
        return total / len(rows)

    def sample_vectors(self) -> np.ndarray:
        """Return the sample table."""
        return self.samples.weight.detach().numpy()


class Thesis:
    """The recipe of the thesis.

    Parameters
    ----------
    entries
        What it is trained on.
    samples_per_batch
        A batch has so many times the number of genes of entries: 10 in the thesis, 1 by default in
        its package, which on a processor makes it faster.
    forwards
        3 as the Julia code: the gradient, the printed loss and the printed correlation each
        evaluate the network. 1 for the gradient alone.
    """

    def __init__(
        self, entries: Unrolled, *, samples_per_batch: int = 1, forwards: int = 1, seed: int = 0
    ) -> None:
        torch.manual_seed(seed)
        self.entries, self.forwards = entries, forwards
        self.network = Network(entries.shape, THESIS_DIMS, THESIS_LAYERS, nn.ReLU)
        for layer in self.network.layers:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=THESIS_LEARNING_RATE)
        self.batch = min(samples_per_batch * entries.shape[1], len(entries))
        self.place = 0

    def steps_of(self, epochs: float) -> int:
        """Return how many steps see so many times the number of entries."""
        return max(1, round(epochs * len(self.entries) / self.batch))

    def step(self) -> int:
        """Do one step; return its number of entries."""
        if self.place + self.batch > len(self.entries):  # the tail is never seen
            self.place = 0
        part = slice(self.place, self.place + self.batch)
        self.place += self.batch
        samples, genes, values = (of_all[part] for of_all in self.entries.columns())
        self.optimizer.zero_grad()
        torch.autograd.backward(self._penalised(self.network(samples, genes), values))
        self.optimizer.step()
        if self.forwards == 3:
            with torch.no_grad():
                float(self._penalised(self.network(samples, genes), values))
                float(torch.corrcoef(torch.stack([self.network(samples, genes), values]))[0, 1])
        return self.batch

    def _penalised(self, predicted: Tensor, values: Tensor) -> Tensor:
        squares = [parameter.square().sum() for parameter in self.network.parameters()]
        return functional.mse_loss(predicted, values) + THESIS_L2 * torch.stack(squares).sum()


class Trofimov:
    """The recipe of 2020."""

    def __init__(self, entries: Unrolled, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.entries = entries
        bounds = float(entries.values.min()), float(entries.values.max())
        self.network = Network(entries.shape, TROFIMOV_DIMS, TROFIMOV_LAYERS, nn.Tanh, bounds)
        self.optimizer = torch.optim.RMSprop(
            self.network.parameters(), lr=1e-3, alpha=0.99, weight_decay=1e-5
        )
        self.batch = min(TROFIMOV_BATCH, len(entries))

    def steps_of(self, epochs: float) -> int:
        """Return how many steps see so many times the number of entries."""
        return max(1, round(epochs * len(self.entries) / self.batch))

    def step(self) -> int:
        """Do one step on random entries, without the loader; return their number."""
        drawn = torch.randint(len(self.entries), (self.batch,))
        self.train(*(of_all[drawn] for of_all in self.entries.columns()))
        return self.batch

    def train(self, samples: Tensor, genes: Tensor, values: Tensor) -> None:
        """Do one step on these entries."""
        self.optimizer.zero_grad()
        torch.autograd.backward(functional.mse_loss(self.network(samples, genes), values))
        self.optimizer.step()


class PairDataset(Dataset[tuple[np.ndarray, float]]):
    """One (gene, sample) pair and its value per item: 24 bytes an entry."""

    def __init__(self, entries: Unrolled) -> None:
        self.pairs = np.column_stack([entries.genes.numpy(), entries.samples.numpy()])
        self.values = entries.values.numpy().astype(np.float64)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> tuple[np.ndarray, float]:
        return self.pairs[index], self.values[index]


def as_published(recipe: Trofimov, dataset: PairDataset, folder: Path) -> Iterator[int]:
    """Train as the code of 2020 did; yield the number of entries after each step, without end."""
    loader = DataLoader(dataset, batch_size=recipe.batch, shuffle=True, num_workers=1)
    while True:
        for pairs, values in loader:
            recipe.train(pairs[:, 1], pairs[:, 0], values.float())
            np.save(folder / "samples.npy", recipe.network.sample_vectors())
            np.save(folder / "genes.npy", recipe.network.genes.weight.detach().numpy())
            yield len(values)
