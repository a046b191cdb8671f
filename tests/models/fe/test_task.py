"""What training must do whatever the numbers: PCA, permutations, kinds of input, missing values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.matrix.rows import ByBlocks, InMemory
from fe_anndata.models import family
from fe_anndata.training.holdout import draw
from fe_anndata.training.ranks import Ranks
from tests.helpers import choose, fit, in_order, predict, problem


@pytest.mark.parametrize("start", ["components", "random"])
def test_pca_is_a_special_case(X, start):
    """Without hidden layers the inner decoder ends at the best matrix of that rank: PCA."""
    from sklearn.decomposition import PCA

    k = 3
    starts = {"sample_start": "random", "gene_start": "random"} if start == "random" else {}
    options = choose(
        "default",
        sample_dim=k,
        gene_dim=k,
        hidden=(),
        validation=0.0,
        sample_noise=0.0,
        neighbor_weight=0.0,
        gene_prior=0.0,
        noise_model="equal",
        steps=3000 if start == "random" else 50,
        learning_rate=3e-2,
        tolerance=1e-7,
        patience=5,
        learning_rate_drops=6,
        **starts,
    )
    fitted = fit(X, options)
    pca = PCA(k, svd_solver="full").fit(X)
    best = pca.inverse_transform(pca.transform(X))
    loss = ((X - predict(fitted)) ** 2).mean()
    assert loss == pytest.approx(((X - best) ** 2).mean(), rel=1e-3)
    np.testing.assert_allclose(predict(fitted), best, atol=0.05 * best.std())


def test_history_is_in_units_of_the_matrix(X):
    options = choose("default", steps=20, place_samples=False)
    fitted = fit(10 * X, options)
    held_out = draw(InMemory(10 * X), "auto", "entries", 0, in_order(X.shape)).entries
    error = predict(fitted)[held_out.rows, held_out.cols] - held_out.values
    best = min(record["validation_loss"] for record in fitted.history)
    assert best == pytest.approx((error**2).mean(), rel=1e-4)
    assert fitted.validation_loss == pytest.approx(best, rel=1e-4)


def test_missing_entries_are_never_zeros(X):
    """A NaN leaves the loss: dense and sparse agree, and a random hole is filled in well."""
    holes = np.random.default_rng(0).random(X.shape) < 0.2
    spoiled = np.where(holes, np.nan, X).astype(np.float32)
    # Few steps: rounding, which differs between the two, grows with every one.
    options = choose("default", sample_dim=8, gene_dim=16, steps=30)
    dense = fit(spoiled, options)
    csr = fit(sparse.csr_matrix(spoiled), options)
    losses = [f.history[-1]["validation_loss"] for f in (dense, csr)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    error = ((predict(dense) - X)[holes] ** 2).mean()
    gene_means = np.nanmean(spoiled, axis=0)
    assert error < 0.5 * ((gene_means - X)[holes] ** 2).mean()


@pytest.mark.parametrize("decoder", ["inner", "concat", "dot"])
def test_same_seed_same_bytes(X, decoder):
    options = choose("default", decoder=decoder, steps=30)
    a, b = (fit(X, options, seed=7) for _ in range(2))
    for name, value in a.trained.module.state_dict().items():
        assert torch.equal(value, b.trained.module.state_dict()[name]), name
    other = fit(X, options, seed=8)
    assert not torch.equal(a.trained.module.samples, other.trained.module.samples)


@pytest.mark.parametrize(
    "changes",
    [{}, {"decoder": "concat"}, {"sample_start": "random", "gene_start": "random"}],
    ids=["inner", "concat", "random"],
)
def test_permutations_permute_the_result(X, changes):
    # Few steps and few, well separated components: rounding grows with every step.
    options = choose("default", gene_dim=8, steps=5, place_samples=False, **changes)
    plain = fit(X, options).trained
    rng = np.random.default_rng(0)
    rows, cols = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    shuffled = np.ascontiguousarray(X[np.ix_(rows, cols)])
    permuted = fit(shuffled, options, ranks=Ranks(rows, cols)).trained
    np.testing.assert_allclose(permuted.samples(), plain.samples()[rows], atol=1e-2)
    np.testing.assert_allclose(permuted.genes(), plain.genes()[cols], atol=1e-2)


def test_early_stopping_restores_the_best(X):
    options = choose(
        "default", sample_dim=16, steps=2000, learning_rate_drops=1, place_samples=False
    )
    fitted = fit(X, options)
    losses = [record["validation_loss"] for record in fitted.history]
    assert fitted.ended == "converged"
    assert fitted.best_step == fitted.history[int(np.argmin(losses))]["step"]
    assert fitted.best_step < fitted.history[-1]["step"]
    held_out = draw(InMemory(X), "auto", "entries", 0, in_order(X.shape)).entries
    error = predict(fitted)[held_out.rows, held_out.cols] - held_out.values
    assert (error**2).mean() == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize(
    "changes", [{"gene_hidden": 8}, {"gene_step": "gradient"}, {"minibatch": "tiles"}]
)
def test_other_ways_of_the_inner_decoder_train_on(X, changes):
    """They go past their warm-up, and leave less than their start."""
    fitted = fit(X, choose("default", sample_dim=4, **changes))
    losses = [record["validation_loss"] for record in fitted.history]
    assert fitted.history[-1]["step"] > 10
    assert min(losses) < 0.9 * losses[0]


@pytest.mark.parametrize("scale", [1, 30])
def test_units_do_not_matter_without_an_offset(X, scale):
    options = choose("default", center=False, steps=40)
    fitted = fit(np.float32(scale) * X, options)
    losses = [record["validation_loss"] for record in fitted.history]
    assert min(losses) < 0.9 * losses[0]


def test_a_constant_matrix_is_predicted():
    X = np.full((30, 20), 2.5, np.float32)
    fitted = fit(X, choose("default", hidden=(), steps=30))
    np.testing.assert_allclose(predict(fitted), X, atol=1e-5)


@pytest.mark.parametrize("changes", [{}, {"gene_step": "gradient"}, {"validation_by": "samples"}])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_a_matrix_by_blocks_trains_alike(X, changes, kind, monkeypatch):
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 1500)  # 16 samples at a time
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 1500)
    holes = X.copy()
    holes[[3, 40], [5, 80]] = np.nan
    # Few steps: rounding, which differs between the two, grows with every one.
    options = choose(gene_dim=8, steps=5, evaluate_every=5, **changes)
    whole, blocks = (fit(rows(kind(holes)), options) for rows in (InMemory, ByBlocks))
    np.testing.assert_allclose(blocks.trained.samples(), whole.trained.samples(), atol=1e-2)
    np.testing.assert_allclose(predict(blocks), predict(whole), atol=1e-2)
    for name in ("train_loss", "validation_loss"):
        a, b = ([record[name] for record in f.history] for f in (whole, blocks))
        np.testing.assert_allclose(a, b, rtol=1e-3)


@pytest.mark.parametrize(
    ("changes", "steps", "every"),
    [
        ({}, 135, 15),
        ({"sample_dim": 8}, 135, 10),
        ({"epochs": 3}, 45, 15),  # of 15 steps each, between two solutions
        ({"epochs": 2.5, "gene_step": "gradient"}, 3, 10),
        ({"decoder": "concat"}, 20_000, 1),  # the whole matrix is a tile
        ({"decoder": "concat", "minibatch_size": (20, 30), "epochs": 2}, 18, 4),
        ({"decoder": "concat", "minibatch_size": (20, 31), "epochs": 1.5}, 14, 4),
        ({"decoder": "concat", "minibatch_size": (1, 5)}, 20_000, 500),
        ({"decoder": "concat", "minibatch_size": (1, 9)}, 20_000, 300),
        ({"decoder": "dot", "minibatch_size": 1000}, 180, 3),
        ({"decoder": "dot", "minibatch_size": 1000, "evaluate_every": 7}, 180, 7),
    ],
)
def test_steps_and_evaluations(X, changes, steps, every):
    task = family("fe").task(problem(X), choose(**changes), None)
    assert (task.schedule.steps, task.schedule.evaluate_every) == (steps, every)
    options = choose(**changes).settled()
    for name in ("warm_up", "patience", "learning_rate_drops", "tolerance"):
        assert getattr(task.schedule, name) == getattr(options, name)


def test_rates_of_the_groups(X):
    """Matrices by Muon, tables at rates of their own, what is left at a tenth."""
    task = family("fe").task(problem(X), choose(sample_dim=4, gene_step="gradient"), None)
    rate = 0.03 * len(X) / 512  # fewer samples learn more slowly
    found = {
        name: (group.method, group.rate, group.decay)
        for group in task.groups
        for name in group.parameters
    }
    assert found.keys() == task.parameters.keys()
    assert found["samples"] == ("adam", pytest.approx(0.07), 0)
    assert found["genes"] == ("adam", 0.01, 0)
    assert found["decoder.phi_mlp.0.weight"] == ("muon", pytest.approx(rate), 2.0)
    assert found["decoder.phi_mlp.0.bias"] == ("adam", pytest.approx(rate / 10), 0)
    assert found["decoder.linear.weight"] == ("adam", pytest.approx(rate / 10), 0)
    concat = family("fe").task(problem(X), choose(decoder="concat"), None)
    found = {n: (g.method, g.rate) for g in concat.groups for n in g.parameters}
    assert found["samples"] == ("sparse_adam", 0.03)
    assert found["genes"] == ("sparse_adam", 0.02)
    assert found["decoder.mlp.4.weight"] == ("adam", pytest.approx(0.002))  # a single row
    assert found["decoder.mlp.2.weight"] == ("muon", 0.02)
    thesis = family("fe").task(problem(X), choose("thesis2024"), None)
    assert {(g.method, g.rate) for g in thesis.groups if g.parameters} == {("adam", 0.01)}
