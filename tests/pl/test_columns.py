"""Columns of obs of every type, as colours and as groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fe_anndata import pl, tl

WORDS = {
    "mixed": (pd.Series([1, "1", 2, None], dtype=object), ["1", "2", "missing"]),
    "mixed categories": (pd.Series(pd.Categorical([1, "1", "b", "b"])), ["1", "b"]),
    "bytes": (pd.Series([b"T", b"B", b"T", b"B"], dtype=object), ["B", "T"]),
    "booleans": (
        pd.Series([True, None, False, True], dtype="boolean"), ["False", "True", "missing"]
    ),
    "booleans of object dtype": (
        pd.Series([True, None, False, True], dtype=object), ["False", "True", "missing"]
    ),
    "strings": (
        pd.Series(["c2", "c10", pd.NA, "c1"], dtype="string"), ["c1", "c2", "c10", "missing"]
    ),
    "days": (
        pd.Series(pd.to_datetime(["2024-10-02", None, "2024-09-01", "2024-10-02"])),
        ["2024-09-01", "2024-10-02", "missing"],
    ),
    "all missing": (pd.Series([None] * 4, dtype=object), ["missing"]),
    "one category": (pd.Series(pd.Categorical(["a"] * 4)), ["a"]),
    "unused categories": (
        pd.Series(pd.Categorical(["a", "x3", "a", "a"], [f"x{i}" for i in range(500)] + ["a"])),
        ["x3", "a"],
    ),
    "whole numbers as categories": (pd.Series([3, 10, 3, 3]).astype("category"), ["3", "10"]),
    "intervals": (pd.Series(pd.cut([1, 2, 9, 2], [0, 5, 10])), ["(0, 5]", "(5, 10]"]),
}  # fmt: skip


def with_column(adata, column):
    values = column.take(np.arange(adata.n_obs) % len(column))
    adata.obs["column"] = values.set_axis(adata.obs_names)
    return adata


@pytest.mark.parametrize("name", WORDS)
def test_what_names_groups_is_a_legend(adata, name):
    column, labels = WORDS[name]
    ax = pl.embedding(with_column(adata, column), "column")
    assert [text.get_text() for text in ax.get_legend().texts] == labels
    groups = [label for label in labels if label != "missing"]
    if groups:
        titles = [panel.get_title() for panel in np.ravel(pl.density(adata, groupby="column"))]
        assert [title.rpartition(" (n")[0] for title in titles] == groups
        tl.embedding_density(adata, groupby="column")
        assert adata.obs["fe_density_column"].notna().sum() == column.notna().sum() * 75


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None, 3, 4], dtype="Int64"),
        pd.Series([1.0, np.nan, 3, 4]),
        pd.Series([1.0, np.inf, 3, 4]),
        pd.Series([1, None, 3, 4], dtype="Float32"),
    ],
    ids=["Int64", "missing", "infinite", "Float32"],
)
def test_numbers_are_a_scale_and_what_is_none_is_grey(adata, column):
    ax = pl.embedding(with_column(adata, column), "column")
    assert [len(points.get_offsets()) for points in ax.collections] == [75, 225]
    assert ax.collections[1].get_clim() == (1, 4)


def test_numbers_that_are_all_missing_are_grey(adata):
    adata.obs["column"] = np.nan
    ax = pl.embedding(adata, "column")
    ax.figure.canvas.draw()
    assert not ax.child_axes


def test_complex_numbers_are_refused(adata):
    adata.obs["column"] = np.ones(adata.n_obs, dtype=complex)
    with pytest.raises(TypeError, match=r"'column'.*complex"):
        pl.embedding(adata, "column")


def test_too_many_words_say_what_to_do(adata):
    adata.obs["column"] = [str(i / 7) for i in range(adata.n_obs)]
    with pytest.raises(ValueError, match=r"300 categories.*legend=None.*pd.to_numeric"):
        pl.embedding(adata, "column")
    pl.embedding(adata, "column", legend=None)


def twice(adata):
    adata.obs = pd.concat([adata.obs, adata.obs[["type"]]], axis=1)
    return adata


@pytest.mark.parametrize(
    "verb",
    [
        lambda adata: pl.embedding(adata, "type"),
        lambda adata: pl.embedding(adata, "type", query=adata),
        lambda adata: pl.density(adata, groupby="type"),
        lambda adata: tl.embedding_density(adata, groupby="type"),
        lambda adata: tl.evaluate(adata, "type"),
        lambda adata: tl.evaluate(adata, "text", groups="type"),
    ],
)
def test_a_name_of_two_columns_is_refused(adata, verb):
    with pytest.raises(ValueError, match=r"adata\.obs has 2 columns named 'type'.*duplicated"):
        verb(twice(adata))


def test_a_name_of_two_columns_of_var_is_refused(adata):
    adata.var = pd.DataFrame([["a", "b"]] * 3, index=adata.var_names, columns=["s", "s"])
    with pytest.raises(ValueError, match=r"adata\.var has 2 columns named 's'"):
        pl.embedding(adata, "a", gene_symbols="s")
