"""Many samples: a choice of them trains the model, and all others are placed by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from fe_anndata.datasets import simulated
from fe_anndata.matrix.rows import ByBlocks, InMemory
from fe_anndata.models.fe import many
from fe_anndata.models.fe.placing import Placing
from fe_anndata.models.fe.sizes import sized
from fe_anndata.training.holdout import draw
from fe_anndata.training.problem import Factor, Factors, Problem
from fe_anndata.training.ranks import Ranks
from tests.helpers import choose, fit, in_order, predict, problem

SIZE = 60
MOST_PASSES = 8


@pytest.fixture(name="X", scope="module")
def matrix() -> np.ndarray:
    return simulated(200, 90, 4).X


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(many, "MOST", SIZE)


def options(**changes):
    return choose("default", **{"steps": 60, "gene_dim": 20, **changes})


def of(given: Problem, **changes):
    """Return all samples and the choice of them; None if all are trained on."""
    return many.Many.of(given, sized(options(**changes), given.rows.shape))


def test_all_samples_lie_where_a_new_one_would_be_placed(X):
    fitted = fit(X, options())
    trained = fitted.trained
    assert trained.samples().shape == (200, 2)
    assert len(fitted.resumable.parameters["samples"]) == SIZE
    placed = trained.placing(np.arange(90))(X)
    apart = np.linalg.norm(placed.u - trained.samples(), axis=1)
    assert np.median(apart) < 0.05 * trained.samples().std()


def test_the_rest_is_predicted_as_well_as_what_was_trained_on(X):
    fitted = fit(X, options())
    chosen = np.zeros(200, dtype=bool)
    chosen[of(problem(X)).rows] = True
    errors = ((predict(fitted) - X) ** 2).mean(1)
    assert errors[~chosen].mean() < 1.2 * errors[chosen].mean()
    assert errors[~chosen].mean() < 0.5 * X.var(0).mean()


def test_genes_fit_all_samples(X):
    """They are the ridge regression on the factors of all; solved on the chosen they are worse."""
    squares = []
    for size in (SIZE, 100):  # 200 samples are not more than twice 100: each is trained on
        many.MOST = size
        fitted = fit(X, options(neighbor_weight=0.0, validation=0.0))
        P = np.column_stack([fitted.trained.factors(fitted.trained.samples())])
        Y = X - fitted.trained.view.centre.numpy()
        best = P @ np.linalg.lstsq(P, Y)[0]
        squares.append(((predict(fitted) - X) ** 2).mean() / ((best - Y) ** 2).mean())
    assert squares[0] < 1.2
    assert squares[0] < 1.1 * squares[1]


def test_means_of_genes_are_those_of_all_samples(X):
    fitted = fit(X, options(validation=0.0))
    np.testing.assert_allclose(fitted.trained.view.centre, X.mean(0), rtol=1e-5)


def test_the_order_of_samples_decides_nothing(X):
    order = np.random.default_rng(0).permutation(200)
    # Sample i of the second has the name of order[i] of the first.
    permuted = Ranks(order, in_order(X.shape).genes)
    there = of(problem(X[order], ranks=permuted))
    assert set(order[there.rows]) == set(of(problem(X)).rows)
    before = fit(X, options(steps=15)).trained.samples()
    after = fit(X[order], options(steps=15), ranks=permuted).trained.samples()
    np.testing.assert_allclose(after, before[order], atol=0.02 * before.std())


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_a_file_is_passed_over_a_few_times(X, kind, monkeypatch):
    X = np.maximum(X, 0)
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 50 * 90)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 50 * 90)
    rows, read = np.zeros(200, dtype=int), ByBlocks.read

    def counted(self, part):
        rows[part] += 1
        return read(self, part)

    monkeypatch.setattr(ByBlocks, "read", counted)
    fitted = fit(ByBlocks(kind(X)), options())
    assert 0 < np.median(rows) <= MOST_PASSES
    assert rows.max() <= MOST_PASSES + 1  # the audit looks once more at the sample farthest away
    in_memory = fit(InMemory(kind(X)), options())
    np.testing.assert_array_equal(in_memory.trained.samples(), fitted.trained.samples())
    np.testing.assert_array_equal(in_memory.trained.genes(), fitted.trained.genes())


def test_twice_the_same(X):
    first, second = (fit(X, options()).trained for _ in range(2))
    np.testing.assert_array_equal(first.samples(), second.samples())
    np.testing.assert_array_equal(first.genes(), second.genes())


def test_samples_held_out_whole_shape_nothing(X):
    changes = {"validation": 0.1, "validation_by": "samples", "steps": 15, "gene_metric": "free"}
    few = of(problem(X)).chosen()
    counted = draw(few.rows, 0.1, "samples", 0, few.ranks).counted
    others = X.copy()
    others[of(problem(X)).rows[~counted]] += 3
    before, after = (fit(X, options(**changes)).trained for X in (X, others))
    np.testing.assert_allclose(before.genes(), after.genes(), rtol=1e-2, atol=5e-3)
    assert not np.allclose(before.samples(), after.samples(), atol=0.1)


def test_resumed_as_if_it_never_stopped(X):
    whole = fit(X, options(steps=60, patience=None))
    part = fit(X, options(steps=30, patience=None))
    resumed = fit(X, options(steps=60, patience=None), state=part.resumable)
    np.testing.assert_array_equal(whole.trained.samples(), resumed.trained.samples())


def test_a_start_of_ones_own(X):
    start = np.random.default_rng(0).standard_normal((200, 2)).astype(np.float32)
    fitted = fit(X, options(), starts={"sample_start": start})
    assert fitted.trained.samples().shape == (200, 2)


@pytest.mark.parametrize(
    ("changes", "given"),
    [
        ({"sample_dim": 8}, {}),
        ({"place_samples": False}, {}),
        ({"gene_step": "gradient"}, {}),
        ({"record_every": 5}, {}),
        ({}, {"factors": Factors((Factor("a", ("x",), np.zeros(200, np.int64)),), True)}),
    ],
)
def test_where_profiles_alone_do_not_tell_each_is_trained_on(X, changes, given):
    assert of(replace(problem(X), **given), **changes) is None


def test_missing_values_and_few_samples(X):
    holes = X.copy()
    holes[3, 4] = np.nan
    assert of(problem(holes)) is None
    assert of(problem(X[: 2 * SIZE])) is None
    assert len(of(problem(X[: 2 * SIZE + 1])).rows) == SIZE
    assert of(problem(X), gene_dim=SIZE) is None  # they have fewer components


def test_rough_places_are_near_good_ones(X):
    trained = fit(X, options()).trained
    view = trained.view
    table = torch.from_numpy(trained.samples())
    placing = Placing(view, table, trained.residuals.noise, trained.residuals.prior)
    Y = (torch.from_numpy(X).double() - view.centre) / view.scale
    scores = Y @ placing.weighted
    rough = placing.of_scores(scores, None, roughly=True)
    good = placing.of_scores(scores, None)
    assert (rough - good).norm(dim=1).median() < 0.1 * table.std()
