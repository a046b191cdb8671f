"""Which genes are asked for, in any form that says so."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from fe_anndata._access.gene_mask import gene_mask

N = 6
WANTED = np.array([True, False, True, True, False, False])


def of(column=None):
    adata = anndata.AnnData(
        np.zeros((3, N), np.float32), var=pd.DataFrame(index=[f"g{i}" for i in range(N)])
    )
    if column is not None:
        adata.var["hv"] = column
    return adata


FORMS = {
    "booleans": WANTED,
    "booleans as objects": WANTED.astype(object),
    "booleans of numpy as objects": np.array([np.bool_(x) for x in WANTED] + [None])[:-1],
    "nullable booleans": pd.array(WANTED, dtype="boolean"),
    "integers": WANTED.astype(int),
    "nullable integers": pd.array(WANTED.astype(int), dtype="Int64"),
    "bytes": WANTED.astype(np.uint8),
    "floats": WANTED.astype(float),
    "categories": pd.Categorical(WANTED),
}
MISSING = r"missing \(NA\) for 3.*fillna"
WRONG = {
    "nullable with NA": (pd.array([True, None] * 3, dtype="boolean"), MISSING),
    "objects with NaN": (np.array([True, np.nan] * 3, dtype=object), MISSING),
    "floats with NaN": (np.array([1, np.nan] * 3), MISSING),
    "text": (np.array(["True", "False"] * 3, dtype=object), "text, such as 'True'.*== 'True'"),
    "categories of text": (pd.Categorical(["yes", "no"] * 3), "text, such as 'yes'.*== 'yes'"),
    "other numbers": (np.arange(N), "0 and 1; it holds other numbers.*from 0 to 5"),
    "means": (np.linspace(0, 1, N), "0 and 1; it holds other numbers.*float64"),
    "none": (np.zeros(N, bool), "selects no gene"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_yes_and_no(form):
    given = FORMS[form]
    assert gene_mask(of(given), "hv").tolist() == WANTED.tolist()
    found = gene_mask(of(), given)
    assert found.dtype == bool
    assert found.tolist() == WANTED.tolist()


def test_a_series_and_a_list_of_booleans():
    assert gene_mask(of(), pd.Series(WANTED)).tolist() == WANTED.tolist()
    assert gene_mask(of(), WANTED.tolist()).tolist() == WANTED.tolist()
    assert gene_mask(of(), None).tolist() == [True] * N


@pytest.mark.parametrize(
    "names", [["g3", "g0", "g2"], ("g0", "g2", "g3"), np.array(["g0", "g2", "g3"]),
              pd.Index(["g2", "g3", "g0", "g0"]), pd.array(["g0", "g2", "g3"], dtype="string")]
)  # fmt: skip
def test_names_of_genes(names):
    assert gene_mask(of(), names).tolist() == WANTED.tolist()


@pytest.mark.parametrize("name", WRONG)
def test_what_says_nothing(name):
    given, words = WRONG[name]
    with pytest.raises(ValueError, match=words):
        gene_mask(of(given), "hv")
    with pytest.raises((ValueError, KeyError), match=words.split(";")[0].split(".*==")[0]):
        gene_mask(of(), given)


@pytest.mark.parametrize("given", [WANTED[:4], np.ones((N, 1), bool), [], 3])
def test_another_number_of_values(given):
    with pytest.raises(ValueError, match="6 booleans, one per gene, or names of genes"):
        gene_mask(of(), given)


def test_names_that_are_not_there():
    with pytest.raises(KeyError, match=r"1 names in mask_var.*'g33'.*did you mean 'g3'"):
        gene_mask(of(), ["g0", "g33"])
    with pytest.raises(KeyError, match=r"'hvg'.*did you mean 'hv'"):
        gene_mask(of(WANTED), "hvg")


def test_a_column_that_occurs_twice():
    adata = of(WANTED)
    adata.var = pd.concat([adata.var, adata.var], axis=1)
    with pytest.raises(ValueError, match="2 columns named 'hv'"):
        gene_mask(adata, "hv")


def test_values_that_say_of_which_gene_they_are():
    adata = of()
    named = pd.Series(WANTED, index=adata.var_names)
    np.testing.assert_array_equal(gene_mask(adata, named[::-1]), WANTED)
    np.testing.assert_array_equal(gene_mask(adata, named.reset_index(drop=True)), WANTED)
    with pytest.raises(ValueError, match="does not hold all genes"):
        gene_mask(adata, named[1:])


def test_a_set_of_names_and_a_mask_with_gaps():
    adata = of()
    np.testing.assert_array_equal(gene_mask(adata, {"g0", "g2", "g3"}), WANTED)
    with pytest.raises(ValueError, match=r"missing \(NA\) for 1"):
        gene_mask(adata, np.ma.MaskedArray(WANTED, [True] + [False] * (N - 1)))
