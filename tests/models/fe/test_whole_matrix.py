"""Steps on the whole matrix against automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models import family
from fe_anndata.models.fe.whole_matrix import Alternating, JointSteps
from fe_anndata.training import loop
from fe_anndata.training.holdout import draw
from fe_anndata.training.ranks import Ranks
from fe_anndata.training.state import State
from tests.helpers import choose, fit, problem


@pytest.mark.parametrize("by", ["entries", "samples"])
def test_a_step_of_the_full_matrix_is_the_naive_gradient(X, by):
    """End to end: gradients of every parameter of the inner decoder, with hidden entries."""
    options = choose(
        gene_hidden=6, steps=3, validation=0.2, validation_by=by, sample_noise=0, neighbor_weight=0
    )
    given = problem(X)
    task = family("fe").task(given, options, None)
    assert isinstance(task, JointSteps)
    loop.run(task, State(), 0.0, False, None)
    model, holdout = task.model, draw(given.rows, 0.2, by, 0, given.ranks)
    counted = torch.from_numpy(holdout.counted[:, None].astype(np.float32))
    loss = task.backward(3)
    got = {name: p.grad.clone() for name, p in model.named_parameters()}
    observed = torch.ones(X.shape, dtype=torch.bool)
    observed[holdout.entries.rows, holdout.entries.cols] = False
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


@pytest.mark.parametrize(("steps", "solved"), [(20, [15, 20]), (30, [15, 30]), (7, [7])])
def test_genes_are_solved_for_every_so_many_steps_and_at_the_end(X, steps, solved, monkeypatch):
    found, solve = [], Alternating._solve

    def watched(self, steps):
        found.append(steps)
        solve(self, steps)

    monkeypatch.setattr(Alternating, "_solve", watched)
    fitted = fit(X, choose(steps=steps, patience=None))
    assert found == solved
    assert fitted.history[-1]["step"] == steps


def test_the_sample_table_is_seen_under_noise(X):
    """New in every step, of the size the start has found, and the same for a name in any order."""
    task = family("fe").task(problem(X), choose(), None)
    size, table = task.facts["sample_noise"], task.model.samples.detach()
    assert size > 0
    drawn = [(task.noisy(step) - table) / size for step in (0, 1)]
    assert not torch.equal(*drawn)
    assert torch.equal(task.noisy(0) - table, task.noisy(0) - table)
    assert 0.8 < float(torch.cat(drawn).std()) < 1.2
    order = np.random.default_rng(0).permutation(60)
    shuffled = problem(np.ascontiguousarray(X[order]), ranks=Ranks(order, np.arange(90)))
    other = family("fe").task(shuffled, choose(), None)
    noise = other.noisy(0) - other.model.samples.detach()
    torch.testing.assert_close(
        noise / noise.std(), drawn[0][order] / drawn[0].std(), rtol=1e-2, atol=1e-2
    )
    without = family("fe").task(problem(X), choose(sample_noise=0), None)
    assert torch.equal(without.noisy(0), without.model.samples.detach())
