"""The published recipes against a naive implementation, step by step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from fe_anndata.training.batches import cell_batch
from fe_anndata.training.names import Names
from torch import nn

from fe_anndata._core.random import ranks
from fe_anndata.training import fit, resolve

SHAPE = (20, 30)


def names():
    """Names in sorted order, so that ranks are places."""
    return Names(*(ranks(np.array([f"{i:03d}" for i in range(n)])) for n in SHAPE))


def matrix():
    return np.random.default_rng(0).gamma(2.0, 0.5, size=SHAPE).astype(np.float32)


class Naive(nn.Module):
    """Tables, concatenation, plain layers: what the papers describe."""

    def __init__(self, arrays, hidden, activation, bounds):
        super().__init__()
        self.samples = nn.Parameter(torch.tensor(arrays["samples"]))
        self.genes = nn.Parameter(torch.tensor(arrays["genes"]))
        sizes = [self.samples.shape[1] + self.genes.shape[1], *hidden, 1]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        for i, layer in enumerate(self.layers):
            layer.weight.data = torch.tensor(arrays[f"decoder.mlp.{2 * i}.weight"])
            layer.bias.data = torch.tensor(arrays[f"decoder.mlp.{2 * i}.bias"])
        self.activation, self.bounds = activation, bounds

    def forward(self, rows, cols):
        x = torch.cat([self.samples[rows], self.genes[cols]], dim=1)
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        y = self.layers[-1](x)[:, 0]
        if self.bounds is None:
            return y
        return torch.sigmoid(y) * (self.bounds[1] - self.bounds[0]) + self.bounds[0]


def compare(recipe, naive_of, optimiser_of, l2_sum, batch_size, steps):
    X = matrix()
    changes = {"batch_size": batch_size} if recipe == "trofimov2020" else {}
    config = resolve(recipe, evaluate_every=1, steps=steps, **changes)
    runs = [
        fit(X, resolve(recipe, evaluate_every=1, steps=n, **changes), seed=3, names=names())
        for n in range(1, steps + 1)
    ]
    # The start: what a run of one step held at its evaluation before that step.
    start = fit(X, resolve(recipe, steps=1, learning_rate=1e-30, **changes), seed=3, names=names())
    naive = naive_of(start.resumable.parameters, config.hidden, X)
    optimiser = optimiser_of(naive.parameters())
    for step in range(steps):
        rows, cols = (torch.from_numpy(a) for a in cell_batch(step, batch_size, SHAPE, 3))
        error = (naive(rows, cols) - torch.from_numpy(X)[rows, cols]).square().mean()
        loss = error + l2_sum * sum(p.square().sum() for p in naive.parameters())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        trained = runs[step]
        assert trained.history[-1]["train_loss"] == pytest.approx(float(error.detach()), rel=1e-4)
        for ours, theirs in (
            (trained.model.samples, naive.samples),
            (trained.model.genes, naive.genes),
            (trained.model.decoder.mlp[0].weight, naive.layers[0].weight),
            (trained.model.decoder.mlp[-1].weight, naive.layers[-1].weight),
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_trofimov2020():
    config = resolve("trofimov2020")
    assert (config.sample_dim, config.gene_dim) == (2, 2)
    assert config.hidden == (250, 75, 50, 25, 10)
    assert (config.batch_size, config.learning_rate, config.epochs) == (10_000, 1e-3, 10)
    assert config.validation == 0
    compare(
        "trofimov2020",
        lambda a, hidden, X: Naive(a, hidden, torch.tanh, (float(X.min()), float(X.max()))),
        lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.99, weight_decay=1e-5),
        0.0,
        100,
        5,
    )


def test_thesis2024():
    config = resolve("thesis2024")
    assert (config.sample_dim, config.gene_dim) == (2, 100)
    assert config.hidden == (100, 50, 50)
    assert (config.learning_rate, config.steps) == (1e-2, 100_000)
    compare(
        "thesis2024",
        lambda a, hidden, X: Naive(a, hidden, torch.relu, None),
        lambda p: torch.optim.Adam(p, lr=1e-2),
        1e-7,
        10 * SHAPE[1],
        5,
    )


@pytest.mark.parametrize("recipe", ["trofimov2020", "thesis2024"])
def test_tables_start_standard_normal(recipe):
    config = resolve(recipe, steps=1, learning_rate=1e-30)
    start = fit(
        np.ones((400, 300), np.float32) + np.eye(400, 300, dtype=np.float32),
        config,
        seed=0,
        names=Names(np.arange(400), np.arange(300)),
    )
    for table in (start.model.samples, start.model.genes):
        assert float(table.detach().mean()) == pytest.approx(0, abs=0.1)
        assert float(table.detach().std()) == pytest.approx(1, abs=0.1)
