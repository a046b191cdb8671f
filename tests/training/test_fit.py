"""What training must do whatever the numbers: PCA, permutations, kinds of input, l2, masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fe_anndata.training.names import Names
from fe_anndata.training.whole_matrix import JointSteps
from scipy import sparse

from fe_anndata.datasets import simulated
from fe_anndata.training import fit, resolve
from fe_anndata.training.holdout import draw, hidden_cells
from fe_anndata.training.optimisers import Optimiser


@pytest.fixture(scope="module", name="X")
def matrix():
    return simulated(60, 90, 4).X


def names(shape):
    return Names(np.arange(shape[0]), np.arange(shape[1]))


def predict(model):
    n, m = len(model.samples), len(model.genes)
    return model.tile(torch.arange(n), torch.arange(m)).detach().numpy()


@pytest.mark.parametrize("start", ["components", "random"])
def test_pca_is_a_special_case(X, start):
    """Without hidden layers the inner decoder ends at the best matrix of that rank: PCA."""
    from sklearn.decomposition import PCA

    k = 3
    starts = {"sample_start": "random", "gene_start": "random"} if start == "random" else {}
    config = resolve(
        "default",
        sample_dim=k,
        gene_dim=k,
        hidden=(),
        validation=0.0,
        sample_noise=0.0,
        neighbor_weight=0.0,
        gene_prior=0.0,
        noise="equal",
        steps=3000 if start == "random" else 50,
        learning_rate=3e-2,
        tolerance=1e-7,
        patience=5,
        learning_rate_drops=6,
        **starts,
    )
    fitted = fit(X, config, seed=0, names=names(X.shape))
    pca = PCA(k, svd_solver="full").fit(X)
    best = pca.inverse_transform(pca.transform(X))
    loss = ((X - predict(fitted.model)) ** 2).mean()
    assert loss == pytest.approx(((X - best) ** 2).mean(), rel=1e-3)
    np.testing.assert_allclose(predict(fitted.model), best, atol=0.05 * best.std())


def test_history_is_in_units_of_the_matrix(X):
    config = resolve("default", steps=20, relocate=False)
    fitted = fit(10 * X, config, seed=0, names=names(X.shape))
    held_out = draw(10 * X, "auto", "cells", 0, names(X.shape)).cells
    error = predict(fitted.model)[held_out.rows, held_out.cols] - held_out.values
    best = min(record["validation_loss"] for record in fitted.history)
    assert best == pytest.approx((error**2).mean(), rel=1e-4)
    assert fitted.validation_loss == pytest.approx(best, rel=1e-4)


def test_samples_are_relocated_without_a_look_at_held_out_cells(X):
    # A start at the components differs in rounding, which Muon lets grow.
    random = {"sample_start": "random", "gene_start": "random"}
    config = resolve("default", sample_dim=8, gene_dim=8, steps=4, **random)
    held_out = draw(X, "auto", "cells", 0, names(X.shape)).cells
    stay, move = (
        fit(X, c, seed=0, names=names(X.shape)) for c in (replace(config, relocate=False), config)
    )
    moved = (stay.model.samples - move.model.samples).detach().abs().max()
    assert moved > 1e-3
    error = predict(move.model)[held_out.rows, held_out.cols] - held_out.values
    assert move.validation_loss == pytest.approx((error**2).mean(), rel=1e-4)
    # Placed by what they were filled with: other values there move nothing.
    spoiled = X.copy()
    spoiled[held_out.rows, held_out.cols] += 5
    again = fit(spoiled, config, seed=0, names=names(X.shape)).model
    np.testing.assert_allclose(again.samples.detach(), move.model.samples.detach(), atol=1e-2)


def test_the_prior_is_chosen_by_held_out_cells(X):
    few = {"sample_dim": 16, "gene_dim": 16, "steps": 40}
    noisy = X + np.random.default_rng(3).normal(0, 3 * X.std(), X.shape).astype(np.float32)
    losses = {}
    for prior in (1.0, 4.0, 16.0, 64.0, "auto"):
        config = resolve("default", sample_prior=prior, **few)
        fitted = fit(noisy, config, seed=0, names=names(X.shape))
        losses[prior] = fitted.validation_loss
        if prior != "auto":
            assert fitted.config.sample_prior == prior
    chosen = fitted.config.sample_prior
    assert chosen > 1
    assert losses["auto"] == pytest.approx(losses[chosen], rel=1e-5)
    assert losses["auto"] < losses[1.0]


def test_held_out_cells_are_never_seen(X):
    """Another number in a held-out cell changes nothing but the validation loss."""
    held_out = draw(X, 0.1, "cells", 0, names(X.shape)).cells
    spoiled = X.copy()
    spoiled[held_out.rows, held_out.cols] += 5
    # A start at the components differs in rounding, which Muon lets grow.
    random = {"sample_start": "random", "gene_start": "random"}
    for decoder, changes in (("inner", {}), ("concat", random), ("dot", {})):
        config = resolve(
            "default",
            decoder=decoder,
            gene_dim=8,
            sample_dim=8,
            validation=0.1,
            steps=4,
            evaluate_every=4,
            **changes,
        )
        a, b = (fit(x, config, seed=0, names=names(X.shape)) for x in (X, spoiled))
        # The last state, not the best: which is best is for the held-out cells to say.
        last = (f.resumable.parameters["samples"] for f in (a, b))
        np.testing.assert_allclose(*last, atol=1e-3)
        losses = [f.history[-1]["validation_loss"] for f in (a, b)]
        assert abs(losses[1] - losses[0]) > 1


def test_missing_cells_are_never_zeros(X):
    """A NaN leaves the loss: dense and sparse agree, and a random hole is filled in well."""
    holes = np.random.default_rng(0).random(X.shape) < 0.2
    spoiled = np.where(holes, np.nan, X).astype(np.float32)
    # Few steps: rounding, which differs between the two, grows with every one.
    config = resolve("default", sample_dim=8, gene_dim=16, steps=30)
    dense = fit(spoiled, config, seed=0, names=names(X.shape))
    csr = fit(sparse.csr_matrix(spoiled), config, seed=0, names=names(X.shape))
    losses = [f.history[-1]["validation_loss"] for f in (dense, csr)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    error = ((predict(dense.model) - X)[holes] ** 2).mean()
    gene_means = np.nanmean(spoiled, axis=0)
    assert error < 0.5 * ((gene_means - X)[holes] ** 2).mean()


@pytest.mark.parametrize("decoder", ["inner", "concat", "dot"])
def test_same_seed_same_bytes(X, decoder):
    config = resolve("default", decoder=decoder, steps=30)
    a, b = (fit(X, config, seed=7, names=names(X.shape)) for _ in range(2))
    for name, value in a.model.state_dict().items():
        assert torch.equal(value, b.model.state_dict()[name]), name
    other = fit(X, config, seed=8, names=names(X.shape))
    assert not torch.equal(a.model.samples, other.model.samples)


@pytest.mark.parametrize(
    "changes",
    [{}, {"decoder": "concat"}, {"sample_start": "random", "gene_start": "random"}],
    ids=["inner", "concat", "random"],
)
def test_permutations_permute_the_result(X, changes):
    # Few steps and few, well separated components: rounding grows with every step.
    config = resolve("default", gene_dim=8, steps=5, relocate=False, **changes)
    plain = fit(X, config, seed=0, names=names(X.shape)).model
    rng = np.random.default_rng(0)
    rows, cols = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    permuted = fit(
        np.ascontiguousarray(X[np.ix_(rows, cols)]), config, seed=0, names=Names(rows, cols)
    ).model
    np.testing.assert_allclose(permuted.samples.detach(), plain.samples.detach()[rows], atol=1e-2)
    np.testing.assert_allclose(permuted.genes.detach(), plain.genes.detach()[cols], atol=1e-2)


def test_early_stopping_restores_the_best(X):
    config = resolve("default", sample_dim=16, steps=2000, learning_rate_drops=1, relocate=False)
    fitted = fit(X, config, seed=0, names=names(X.shape))
    losses = [record["validation_loss"] for record in fitted.history]
    assert fitted.ended == "converged"
    assert fitted.best_step == fitted.history[int(np.argmin(losses))]["step"]
    assert fitted.best_step < fitted.history[-1]["step"]
    held_out = draw(X, "auto", "cells", 0, names(X.shape)).cells
    error = predict(fitted.model)[held_out.rows, held_out.cols] - held_out.values
    assert (error**2).mean() == pytest.approx(min(losses), rel=1e-4)


def test_l2_is_the_sum_of_squares_of_all_parameters(X):
    """One plain gradient step with a penalty, against autograd on the sum."""
    config = resolve("thesis2024", l2=0.01, optimizer="rmsprop", learning_rate=1e-3, steps=1)
    model = fit(X, config, seed=0, names=names(X.shape)).model
    optimiser = Optimiser(model, config)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    penalty = 0.01 * sum(p.square().sum() for p in model.parameters())
    expected = torch.autograd.grad(penalty, list(model.parameters()))
    optimiser.step(1.0)
    state = optimiser.state()
    for (name, _), gradient in zip(model.named_parameters(), expected, strict=True):
        # RMSprop keeps (1 - alpha) times the square of the gradient it was given.
        np.testing.assert_allclose(state[f"{name}:square_avg"], 0.01 * gradient**2, rtol=1e-4)


@pytest.mark.parametrize("by", ["cells", "samples"])
def test_a_step_of_the_full_matrix_is_the_naive_gradient(X, by):
    """End to end: gradients of every parameter of the inner decoder, with hidden cells."""
    from fe_anndata.kernels.products import Cells, Products
    from fe_anndata.kernels.target import Target

    holdout = draw(X, 0.2, by, 0, names(X.shape))
    config = resolve("default", gene_hidden=6, steps=3, validation=0.2, validation_by=by)
    model = fit(X, config, seed=0, names=names(X.shape)).model
    unseen, cpu = hidden_cells(X, holdout.cells), torch.device("cpu")
    counted = torch.from_numpy(holdout.counted[:, None].astype(np.float32))
    target = Target.of(
        Products.of(X, cpu),
        Cells.of(unseen.rows, unseen.cols, unseen.values, X.shape, cpu),
        counted,
        model.offset,
    )
    objective = JointSteps(model, target, holdout, names(X.shape), 0, noise=0.0, keeping=None)
    model.zero_grad()
    loss = objective.backward(0)
    got = {name: p.grad.clone() for name, p in model.named_parameters()}
    observed = torch.ones(X.shape, dtype=torch.bool)
    observed[unseen.rows, unseen.cols] = False
    residual = model.tile(torch.arange(60), torch.arange(90)) - torch.from_numpy(X)
    squares = residual.square() * observed / model.scale**2
    n = int((observed * counted).sum())
    assert loss == pytest.approx(
        float((squares * counted).detach().sum() * model.scale**2 / n), rel=1e-4
    )
    shared = [p for name, p in model.named_parameters() if name != "samples"]
    expected = torch.autograd.grad((squares * counted).sum() / n, shared, retain_graph=True)
    (own,) = torch.autograd.grad(squares.sum() / n, [model.samples])
    for name, gradient in zip(
        ["samples", *(n for n in got if n != "samples")], [own, *expected], strict=True
    ):
        atol = 1e-4 * float(gradient.abs().max())
        torch.testing.assert_close(got[name], gradient, rtol=1e-4, atol=atol)


@pytest.mark.parametrize(
    ("decoder", "start"), [("inner", "components"), ("inner", "random"), ("concat", "random")]
)
def test_samples_held_out_whole_shape_nothing_shared(X, decoder, start):
    """Other values in them change neither genes nor network, but their own vectors."""
    holdout = draw(X, 0.2, "samples", 0, names(X.shape))
    out = np.flatnonzero(~holdout.counted)
    assert len(out) == 12
    assert set(holdout.cells.rows) <= set(out)
    assert len(holdout.cells) == 12 * 90 // 2
    spoiled = X.copy()
    spoiled[out] = spoiled[np.roll(out, 1)]
    starts = {"sample_start": "random", "gene_start": "random"} if start == "random" else {}
    config = resolve(
        "default", decoder=decoder, gene_dim=8, sample_dim=4, validation=0.2,
        validation_by="samples", steps=10, evaluate_every=10, **starts,
    )  # fmt: skip
    a, b = (fit(x, config, seed=0, names=names(X.shape)).resumable.parameters for x in (X, spoiled))
    for name in a:
        if name != "samples":
            np.testing.assert_allclose(a[name], b[name], atol=2e-3)
    np.testing.assert_allclose(
        a["samples"][holdout.counted], b["samples"][holdout.counted], atol=2e-3
    )
    assert np.abs(a["samples"][out] - b["samples"][out]).max() > 0.1


def test_samples_held_out_whole_are_still_embedded(X):
    config = resolve("default", validation=0.2, validation_by="samples", steps=150)
    fitted = fit(X, config, seed=0, names=names(X.shape))
    losses = [record["validation_loss"] for record in fitted.history]
    assert min(losses) < 0.8 * ((X - X.mean(0)) ** 2).mean()


def test_a_batch_without_a_cell_to_train_on_is_skipped(X):
    """Whole tiles may be missing, or held out when they are small."""
    holes = X.copy()
    holes[:20] = np.where(np.arange(90) < 60, np.nan, holes[:20])
    config = resolve(
        "default", decoder="concat", batch_size=(1, 1), validation=0.3, steps=200,
        evaluate_every=50, sample_start="random", gene_start="random",
    )  # fmt: skip
    fitted = fit(holes, config, seed=0, names=names(X.shape))
    assert fitted.history[-1]["step"] == 200
    assert np.isfinite(fitted.history[-1]["train_loss"])


def test_no_tile_is_a_mere_edge():
    from fe_anndata.training.batches import tile_batch

    sizes = {tuple(map(len, tile_batch(step, (100, 100), (101, 101), 0))) for step in range(4)}
    assert sizes == {(51, 51), (51, 50), (50, 51), (50, 50)}


def test_units_of_a_start_do_not_matter(X):
    """The noise follows the data, not the length of the vectors one starts at."""
    table = np.random.default_rng(0).normal(size=(90, 10)).astype(np.float32)
    config = resolve("default", sample_dim=4, gene_dim=10, gene_start="array", steps=1)
    noises = [
        fit(X, config, seed=0, names=names(X.shape), gene_start=c * table).resumable.progress.noise
        for c in (np.float32(1), np.float32(0.01))
    ]
    assert noises[0] == pytest.approx(noises[1], rel=1e-3)
    assert 0 < noises[0] < 3
    random = resolve("default", sample_start="random", steps=1)
    assert fit(X, random, seed=0, names=names(X.shape)).resumable.progress.noise == 0


@pytest.mark.parametrize("start", ["random", "pca"])
def test_without_centering_nothing_is_scaled(X, start):
    config = resolve("thesis2024", sample_start=start, steps=1)
    assert float(fit(X, config, seed=0, names=names(X.shape)).model.scale) == 1


def test_an_extreme_held_out_value_does_no_harm(X):
    """Offset, scale and bounds are exact; products round to 32 bits of the greatest value."""
    held_out = draw(X, 0.1, "cells", 0, names(X.shape)).cells
    extreme = X.copy()
    extreme[held_out.rows, held_out.cols] *= 1e4
    config = resolve("default", validation=0.1, steps=1)
    a, b = (fit(x, config, seed=0, names=names(X.shape)).model for x in (X, extreme))
    assert torch.equal(a.offset, b.offset)
    assert float(a.scale) == pytest.approx(float(b.scale), rel=1e-4)


@pytest.mark.parametrize(
    "changes", [{"gene_hidden": 8}, {"gene_step": "gradient"}, {"batch": "tiles"}]
)
def test_other_ways_of_the_inner_decoder_train_on(X, changes):
    """They go past their warm-up, and leave less than their start."""
    fitted = fit(X, resolve("default", sample_dim=4, **changes), seed=0, names=names(X.shape))
    losses = [record["validation_loss"] for record in fitted.history]
    assert fitted.history[-1]["step"] > 10
    assert min(losses) < 0.9 * losses[0]


@pytest.mark.parametrize("scale", [1, 30])
def test_units_do_not_matter_without_an_offset(X, scale):
    config = resolve("default", center=False, steps=40)
    fitted = fit(np.float32(scale) * X, config, seed=0, names=names(X.shape))
    losses = [record["validation_loss"] for record in fitted.history]
    assert min(losses) < 0.9 * losses[0]


def test_a_constant_matrix_is_predicted():
    X = np.full((30, 20), 2.5, np.float32)
    fitted = fit(X, resolve("default", hidden=(), steps=30), seed=0, names=names(X.shape))
    np.testing.assert_allclose(predict(fitted.model), X, atol=1e-5)


def test_coordinates_in_the_metric_of_expression(X):
    """The same model in other coordinates, with the distances of linearly decoded profiles."""
    free, changed = (
        fit(X, resolve("default", sample_dim=5, steps=20, metric=m), seed=0, names=names(X.shape))
        for m in ("free", "expression")
    )
    np.testing.assert_allclose(predict(changed.model), predict(free.model), atol=2e-3)
    assert changed.validation_loss == pytest.approx(free.validation_loss, rel=1e-4)
    u, decoded = changed.model.samples.detach().double().numpy(), predict(changed.model)
    slope = np.linalg.lstsq(u - u.mean(0), decoded - decoded.mean(0), rcond=None)[0]
    np.testing.assert_allclose(slope @ slope.T, np.eye(5), atol=1e-2)
