"""Names that can be looked up, and put into a file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fe_anndata.matrix.names import require_names, require_unique


@pytest.mark.parametrize(
    "names",
    [
        pd.Index(["TP53", "nan", "5", "É", "HLA-DRB1 (1)"]),
        pd.Index(["a", "b"], dtype="string"),
        pd.CategoricalIndex(["a", "b"]),
        pd.Index([], dtype=object),
    ],
    ids=str,
)
def test_names_that_are_fine(names):
    require_names(names, "gene", "adata.var_names")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", np.nan], r"1 genes have no name.*number 1 .*is nan.*adata\.var_names\.notna\(\)"),
        ([None, "a"], r"number 0 .*is None"),
        (pd.Index(["a", None], dtype="string"), r"is <NA>"),
        (pd.RangeIndex(3), r"must be text.*0 is int.*astype\(str\)"),
        (["a", 1.5], "1.5 is float"),
        (["a", b"b"], "b'b' is bytes"),
        (["a", " "], "empty name.*number 1"),
        (["a", "b\0c"], r"'b\\x00c'"),
        (["a", "b\nc"], r"'b\\nc'"),
        (["a", "b\tc"], r"'b\\tc'"),
        (["a", "b\x85"], r"'b\\x85'"),
        (["a", "b\ud800"], r"'b\\ud800'"),
        (pd.MultiIndex.from_tuples([("a", "b")]), "2 levels"),
    ],
    ids=ascii,
)
def test_names_that_are_not(names, words):
    with pytest.raises(ValueError, match=words):
        require_names(
            names if isinstance(names, pd.Index) else pd.Index(names), "gene", "adata.var_names"
        )


def test_what_leaves_out_samples_without_a_name():
    with pytest.raises(ValueError, match=r"adata = adata\[known\]\.copy\(\)"):
        require_names(pd.Index(["a", None]), "sample", "adata.obs_names")


def test_names_that_occur_twice():
    with pytest.raises(ValueError, match=r"1 gene names.*\(b\).*var_names_make_unique"):
        require_unique(pd.Index(["a", "b", "b"]))
