"""Genes of a new matrix found by name, in the order of the trained ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fe_anndata.matrix.align import align

TRAINED = pd.Index(["A", "B", "C", "D"])


def test_names_in_another_order_and_among_others():
    found = align(TRAINED, pd.Index(["x", "D", "A", "y", "C"]))
    assert found.known.tolist() == [0, 2, 3]
    assert found.columns.tolist() == [2, 4, 1]
    block = np.arange(10).reshape(2, 5)
    assert found.columns_of(block).tolist() == [[2, 4, 1], [7, 9, 6]]


def test_the_same_names_are_no_copy():
    block = np.zeros((2, 4))
    found = align(TRAINED, TRAINED)
    assert found.columns_of(block) is block
    assert align(TRAINED, TRAINED[:3]).columns_of(block).shape == (2, 3)
    assert align(TRAINED, TRAINED[::-1]).columns.tolist() == [3, 2, 1, 0]


def test_a_name_that_occurs_twice():
    with pytest.raises(ValueError, match=r"1 gene names .* \(B\); call adata.var_names_make"):
        align(TRAINED, pd.Index(["B", "A", "B"]))
    assert align(TRAINED, pd.Index(["x", "A", "x"])).known.tolist() == [0]


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (["a", "b"], "reference has A, B, C, ..., the new samples have a, b. Names must agree"),
        (["ENSG00000000001.2", "ENSMUSG0000001"], "symbols, the new samples have Ensembl ids"),
        ([], "no gene in common"),
    ],
)
def test_no_name_in_common(new, words):
    with pytest.raises(ValueError, match=words):
        align(TRAINED, pd.Index(new, dtype=object))
