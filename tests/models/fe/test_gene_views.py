"""A second view in the gene vectors, of a model that stays what it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm, rankdata

from fe_anndata import models
from fe_anndata.models.fe import gene_views
from fe_anndata.training.ranks import Ranks
from tests.helpers import KINDS_OF_ROWS, choose, fit, predict, problem

SHAPE = (60, 90)


@pytest.fixture(scope="module")
def X():  # noqa: N802
    rng = np.random.default_rng(0)
    low = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 90))
    found = np.exp(low + 0.3 * rng.normal(size=SHAPE) + rng.normal(size=90))
    found[found < 0.5] = 0
    return found.astype(np.float32)


@pytest.fixture(scope="module")
def both(X):
    options = choose("default", sample_dim=4, gene_dim=20, steps=30)
    return fit(X, options), fit(X, replace(options, gene_views="bins"))


def expected_of(vectors, X, weight=0.5):
    """Return the joined vectors by NumPy, of ranks of SciPy."""
    scores = norm.ppf((rankdata(X, axis=0) - 0.5) / len(X))
    scores = (scores - scores.mean(0)) / scores.std(0)
    d = vectors.shape[1]
    white = np.linalg.svd(scores, full_matrices=False)[2][: d - 1].T * X.shape[1] ** 0.5
    first = vectors / np.sqrt((vectors.astype(float) ** 2).mean())
    U, s, _ = np.linalg.svd(np.c_[first, weight * white, weight * vectors[:, -1:]])
    found = U[:, :d] * s[:d]
    return found * np.where((found**3).sum(0) < 0, -1, 1)


def test_only_gene_vectors_change(both):
    plain, joined = both
    assert joined.trained.samples().tobytes() == plain.trained.samples().tobytes()
    assert predict(joined).tobytes() == predict(plain).tobytes()
    assert joined.validation_loss == plain.validation_loss
    assert joined.trained.genes().shape == plain.trained.genes().shape
    assert joined.trained.genes().dtype == np.float32
    assert not np.allclose(joined.trained.genes(), plain.trained.genes(), atol=0.1)


def test_vectors_are_those_of_both_views(both, X):
    plain, joined = both
    found = joined.trained.genes() @ joined.trained.genes().T
    for weight, least, most in ((0.5, 0, 0.01), (0.4, 0.02, 1), (0.0, 0.05, 1)):
        expected = expected_of(plain.trained.genes(), X, weight)
        expected = expected @ expected.T
        assert least <= np.linalg.norm(found - expected) / np.linalg.norm(expected) < most


@pytest.mark.parametrize("kind", KINDS_OF_ROWS)
def test_wherever_the_matrix_is(both, X, kind, monkeypatch):
    vectors = torch.from_numpy(both[0].trained.genes())
    expected = gene_views.joined(vectors, problem(X))
    found = gene_views.joined(vectors, problem(KINDS_OF_ROWS[kind](X)))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    monkeypatch.setattr(gene_views, "KEPT", 0)  # scores are computed anew in each pass
    again = gene_views.joined(vectors, problem(KINDS_OF_ROWS[kind](X)))
    np.testing.assert_array_equal(again, found)


def test_order_of_genes_and_samples_does_not_matter(both, X):
    draw = np.random.default_rng(3)
    rows, cols = draw.permutation(60), draw.permutation(90)
    vectors = torch.from_numpy(both[0].trained.genes())
    expected = gene_views.joined(vectors, problem(X))
    given = problem(np.ascontiguousarray(X[rows][:, cols]), ranks=Ranks(rows, cols))
    np.testing.assert_allclose(gene_views.joined(vectors[cols], given), expected[cols], atol=2e-3)


def test_a_model_comes_back_with_factors_and_vectors(both):
    _, joined = both
    trained, family = joined.trained, models.family("fe")
    arrays = trained.arrays()
    assert arrays["model"]["genes"].shape == (90, 19)
    assert "model/genes" in family.per_gene_of(trained.options)
    assert family.shapes(trained.options, 60, 90)["model/genes"] == (90, 19)
    assert "model/genes" not in family.shapes(both[0].trained.options, 60, 90)
    assert "genes" not in both[0].trained.arrays()["model"]
    assert "model/genes" not in family.per_gene_of(both[0].trained.options)
    back = family.load(trained.options, trained.samples(), trained.genes(), arrays)
    assert back.genes().tobytes() == trained.genes().tobytes()
    every = np.arange(90)
    decoded = [of.decode(of.samples(), every) for of in (back, trained)]
    assert decoded[0].tobytes() == decoded[1].tobytes()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"decoder": "concat"}, "gene_views does not apply to decoder='concat'"),
        ({"decoder": "dot"}, "gene_views does not apply to decoder='dot'"),
        ({"gene_metric": "free"}, "gene_views='bins' needs gene_metric='balanced'"),
        ({"gene_dim": 8}, r"gene_metric='balanced'.*gene_dim=16.*gene_dim is 8"),
        ({"gene_hidden": (4,)}, "no gene_hidden"),
        ({"gene_views": "ranks"}, "gene_views must be one of 'bins'"),
    ],
)
def test_where_there_is_no_second_view(X, changes, match):
    with pytest.raises(ValueError, match=match):
        fit(X, choose("default", **{"gene_views": "bins", "steps": 10, **changes}))


def test_few_coordinates_where_they_are_asked_for(X):
    options = choose("default", gene_views="bins", gene_dim=6, gene_metric="balanced", steps=10)
    assert fit(X, options).trained.genes().shape == (90, 6)
