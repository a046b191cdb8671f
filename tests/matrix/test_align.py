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


IDS = pd.Index([f"ENSG{i:011d}" for i in range(4)])


@pytest.mark.parametrize(
    ("trained", "new"),
    [(IDS + ".3", IDS), (IDS, IDS + ".3"), (IDS + ".3", IDS + ".4")],
    ids=["in the reference", "in the new samples", "in both"],
)
def test_ids_are_matched_without_versions_and_it_is_said(trained, new):
    with pytest.warns(UserWarning, match="4 of 4 genes were matched by their ids without vers"):
        found = align(trained, new[::-1])
    assert found.known.tolist() == [0, 1, 2, 3]
    assert found.columns.tolist() == [3, 2, 1, 0]


def test_two_versions_of_an_id_are_not_guessed():
    with pytest.warns(UserWarning, match=r"1 genes were not matched.*ENSG00000000000'"):
        found = align(IDS, pd.Index([IDS[0] + ".1", IDS[0] + ".2", IDS[1]]))
    assert (found.known.tolist(), found.columns.tolist()) == ([1], [2])
    with pytest.raises(ValueError, match=r"no gene in common.*several versions.*Keep one"):
        align(IDS, pd.Index([IDS[0] + ".1", IDS[0] + ".2"]))
    with pytest.raises(ValueError, match="occur more than once"):
        align(IDS, pd.Index([IDS[0] + ".1", IDS[0] + ".1"]))


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


def test_ids_of_another_species():
    with pytest.raises(ValueError, match=r"ids \(ENSG\.\.\.\), .* ids \(ENSMUSG\.\.\.\)"):
        align(IDS, pd.Index(["ENSMUSG00000059552.14", "x", "ENSMUSG00000000001"]))
