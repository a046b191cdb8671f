"""The published recipes against a naive implementation, step by step."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from anndata import AnnData
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from torch import nn

import fe_anndata as fe
from fe_anndata.training.order import entries_of_step
from tests.helpers import choose, fit, of_components
from tests.refusals import small

SHAPE = (20, 30)


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


def compare(recipe, naive_of, optimiser_of, l2_sum, minibatch_size, steps):
    X = matrix()
    changes = {"minibatch_size": minibatch_size} if recipe == "trofimov2020" else {}
    options = choose(recipe, evaluate_every=1, steps=steps, **changes)
    runs = [
        fit(X, choose(recipe, evaluate_every=1, steps=n, **changes), seed=3)
        for n in range(1, steps + 1)
    ]
    # The start: what a run of one step held at its evaluation before that step.
    start = fit(X, choose(recipe, steps=1, learning_rate=1e-30, **changes), seed=3)
    naive = naive_of(start.resumable.parameters, options.hidden, X)
    optimiser = optimiser_of(naive.parameters())
    for step in range(steps):
        rows, cols = (torch.from_numpy(a) for a in entries_of_step(step, minibatch_size, SHAPE, 3))
        error = (naive(rows, cols) - torch.from_numpy(X)[rows, cols]).square().mean()
        loss = error + l2_sum * sum(p.square().sum() for p in naive.parameters())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        fitted = runs[step]
        model = fitted.trained.module
        assert fitted.history[-1]["train_loss"] == pytest.approx(float(error.detach()), rel=1e-4)
        for ours, theirs in (
            (model.samples, naive.samples),
            (model.genes, naive.genes),
            (model.decoder.mlp[0].weight, naive.layers[0].weight),
            (model.decoder.mlp[-1].weight, naive.layers[-1].weight),
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_trofimov2020():
    options = choose("trofimov2020").settled()
    assert (options.sample_dim, options.gene_dim) == (2, 2)
    assert options.hidden == (250, 75, 50, 25, 10)
    assert (options.minibatch_size, options.learning_rate, options.epochs) == (10_000, 1e-3, 10)
    assert options.validation == 0
    compare(
        "trofimov2020",
        lambda a, hidden, X: Naive(a, hidden, torch.tanh, (float(X.min()), float(X.max()))),
        lambda p: torch.optim.RMSprop(p, lr=1e-3, alpha=0.99, weight_decay=1e-5),
        0.0,
        100,
        5,
    )


def test_thesis2024():
    options = choose("thesis2024").settled()
    assert (options.sample_dim, options.gene_dim) == (2, 100)
    assert options.hidden == (100, 50, 50)
    assert (options.learning_rate, options.steps) == (1e-2, 100_000)
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
    options = choose(recipe, steps=1, learning_rate=1e-30)
    start = fit(
        np.ones((400, 300), np.float32) + np.eye(400, 300, dtype=np.float32),
        options,
    )
    for table in (start.trained.module.samples, start.trained.module.genes):
        assert float(table.detach().mean()) == pytest.approx(0, abs=0.1)
        assert float(table.detach().std()) == pytest.approx(1, abs=0.1)


def test_a_model_that_predicts_the_same_for_all_samples():
    adata = small()
    fe.tl.train(adata, recipe="trofimov2020", l2=0.1, steps=30)
    assert adata.obsm["X_fe"].shape == (adata.n_obs, 2)


def components_of_new(X, n, **keywords):
    """Return the R2 of two components of new samples, those from `n` on, read off by a line."""
    adata, new = AnnData(X[:n]), AnnData(X[n:])
    fe.tl.train(adata, progress=False, **keywords)
    fe.tl.transform(new, adata, progress=False)
    pca = PCA(2).fit(adata.X)
    read = LinearRegression().fit(adata.obsm["X_fe"], pca.transform(adata.X))
    scores = pca.transform(new.X)
    left = scores - read.predict(new.obsm["X_fe"])
    return 1 - (left**2).sum(axis=0) / (scores**2).sum(axis=0)


def test_the_linear_map_spans_the_leading_components():
    X = of_components(240, (4, 3, 2.6, 2.3, 2.0, 1.8))
    assert components_of_new(X, 120, recipe="linear").min() > 0.97
    assert components_of_new(X, 120)[1] < 0.8  # the default trades it for others


def test_the_linear_map_holds_where_new_samples_are_of_other_kinds():
    X = fe.datasets.simulated(300, 80, 6).X
    assert components_of_new(X, 200, recipe="linear").min() > 0.99


def test_the_linear_map_has_the_distances_of_pca():
    adata = fe.datasets.simulated(200, 80, 6)
    fe.tl.train(adata, recipe="linear", progress=False)
    scores = PCA(2).fit_transform(adata.X)
    ours, theirs = (
        np.linalg.norm(of[:100] - of[100:], axis=1) for of in (adata.obsm["X_fe"], scores)
    )
    np.testing.assert_allclose(ours, theirs, rtol=0.1, atol=0.1 * theirs.mean())


def test_the_linear_recipe_has_reconstruction_alone_for_the_inner_decoder():
    options = choose("linear").settled()
    assert (options.hidden, options.fourier, options.neighbor_weight) == ((), 0, 0)
    with pytest.raises(ValueError, match="'linear' is for decoder='inner', not 'concat'"):
        choose("linear", decoder="concat")
