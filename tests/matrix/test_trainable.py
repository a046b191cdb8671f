"""What is refused before a training, and what is warned of, each with its place."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import InMemory
from fe_anndata.matrix.trainable import require_trainable
from tests.helpers import KINDS_OF_ROWS

N, M = 23, 17
GENES, SAMPLES = pd.Index([f"g{i}" for i in range(M)]), pd.Index([f"s{i}" for i in range(N)])


def matrix():
    rng = np.random.default_rng(0)
    X = rng.normal(1, 2, size=(N, M)).astype(np.float32)
    X[rng.random((N, M)) < 0.5] = 0
    return X


def check(X, kind="array"):
    rows = KINDS_OF_ROWS[kind](np.asarray(X, np.float32))
    require_trainable(audit(rows), rows, GENES, SAMPLES)


def warnings_of(X, kind="array"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(X, kind)
    return [str(warning.message) for warning in caught]


def changed(value, row=5, col=3):
    X = matrix()
    X[row, col] = value
    return X


@pytest.fixture(params=KINDS_OF_ROWS)
def kind(request, monkeypatch):
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 60)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 60)
    return request.param


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (matrix()[:2], "2 samples x 17 genes are too few"),
        (matrix()[:, :2], "23 samples x 2 genes are too few"),
        (changed(np.inf), "infinite values.*'s5'.*'g3'.*log"),
        (changed(-np.inf, 22, 16), "infinite values.*'s22'.*'g16'"),
        (changed(3e38), r"3e\+38.*'s5'.*'g3'.*too large"),
        (changed(-2e18), r"-2e\+18.*'s5'.*'g3'.*too large"),
        (matrix() * np.nan, "every value of the matrix is missing"),
        (np.where(np.arange(N)[:, None] == 5, np.nan, matrix()), "1 samples.*'s5'"),
        (np.zeros((N, M)), "every value of the matrix is 0 "),
        (np.full((N, M), 7), "every value of the matrix is 7 "),
        (np.repeat(matrix()[:1], N, axis=0), "all samples have the same values"),
    ],
)
def test_what_cannot_be_trained_on(X, words, kind):
    with pytest.raises(ValueError, match=words):
        check(X, kind)


def test_an_ordinary_matrix_is_not_warned_of(kind):
    assert warnings_of(matrix(), kind) == []


@pytest.mark.parametrize("value", [-9999, -999, -99])
def test_sentinels_are_warned_of(kind, value):
    X = matrix()
    X[[2, 7, 22, 14, 15], [0, 5, 16, 3, 9]] = value
    (words,) = warnings_of(X, kind)
    assert f"{value} is the least value, and occurs 5 times" in words
    assert f"adata.X[adata.X == {value}] = np.nan" in words
    X[0, 0] = value - 1
    assert not any("occurs" in words for words in warnings_of(X, kind))


@pytest.mark.parametrize("row", [0, 5, 22])
def test_one_value_that_holds_most_of_the_squares(kind, row):
    X = changed(500, row)
    (words,) = warnings_of(X, kind)
    assert f"the value 500 of the gene 'g3' in the sample 's{row}'" in words


@pytest.mark.parametrize("row", [0, 5, 22])
def test_one_sample_that_holds_most_of_the_squares(kind, row):
    X = matrix()
    X[row] = 50
    (words,) = warnings_of(X, kind)
    assert words.startswith(f"the sample 's{row}' holds ")


def test_of_a_few_samples_one_may_hold_most():
    X = matrix()[:4]
    X[2] *= 30
    rows = InMemory(sparse.csr_matrix(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        require_trainable(audit(rows), rows, GENES, SAMPLES)
