"""Times and events: what is read, left out and refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from fe_anndata._access.followed import followed


@pytest.fixture
def adata():
    obs = pd.DataFrame(
        {
            "days": [5.0, 0, 3, 8, 2, 9],
            "died": [1.0, 0, 1, 0, 0, 1],
            "age": [50.0, 60, 70, 40, 30, 20],
            "type": pd.Categorical(list("aabbab")),
        },
        index=list("uvwxyz"),
    )
    return AnnData(np.ones((6, 3), np.float32), obs=obs)


def test_all_is_read(adata):
    found = followed(adata, "days", "died", ["age", "type"])
    assert found.known.all()
    assert found.time.tolist() == [5, 0, 3, 8, 2, 9]
    assert found.event.tolist() == [True, False, True, False, False, True]
    assert found.columns["age"].dtype == np.float64
    assert found.columns["type"].tolist() == list("aabbab")


@pytest.mark.parametrize("kind", [bool, int, np.int8, "boolean", "Int64", object])
def test_kinds_of_events(adata, kind):
    adata.obs["died"] = adata.obs["died"].astype(int).astype(bool).astype(kind)
    assert followed(adata, "days", "died", []).event.tolist() == [
        True,
        False,
        True,
        False,
        False,
        True,
    ]


def test_samples_of_which_something_is_missing_are_left_out_and_told(adata):
    adata.obs.loc["u", "days"] = np.nan
    adata.obs.loc["v", "age"] = np.nan
    adata.obs.loc["w", "type"] = np.nan
    with pytest.warns(UserWarning, match="3 of 6 samples are left out; missing are 'days' of 1, "
                                         "'age' of 1, 'type' of 1"):  # fmt: skip
        found = followed(adata, "days", "died", ["age", "type"])
    assert found.known.tolist() == [False, False, False, True, True, True]
    assert found.time.tolist() == [8, 2, 9]
    assert found.columns.index.tolist() == ["x", "y", "z"]
    # What is not asked for may be missing.
    with pytest.warns(UserWarning, match="1 of 6"):
        assert followed(adata, "days", "died", []).known.sum() == 5


def test_missing_events(adata):
    adata.obs["died"] = pd.array([True, None, True, False, False, True], dtype="boolean")
    with pytest.warns(UserWarning, match="'died' of 1"):
        assert followed(adata, "days", "died", []).event.sum() == 3


@pytest.mark.parametrize(
    ("column", "values", "error", "words"),
    [
        ("days", [5, -1, 3, -8, 2, 9], ValueError, "2 negative times, such as -8 of 'x'"),
        ("days", [5, np.inf, 3, 8, 2, 9], ValueError, "infinite"),
        ("days", list("abcdef"), TypeError, "not times.*to_numeric"),
        ("died", [1, 2, 1, 0, 0, 1], ValueError, "holds 2; events must be 1"),
        ("died", ["dead", "alive"] * 3, ValueError, "holds names, such as 'alive', not 0 and 1"),
        ("died", [0] * 6, ValueError, "no sample had an event"),
        ("died", [np.nan] * 6, ValueError, "no sample has all that is needed.*'died' of 6"),
        ("age", [1, 2, 3, 4, np.inf, 5], ValueError, "'age'.*infinite"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_is_refused(adata, column, values, error, words):
    adata.obs[column] = values
    with pytest.raises(error, match=words):
        followed(adata, "days", "died", ["age"])


@pytest.mark.parametrize(
    "named", [("dyas", "died", []), ("days", "deid", []), ("days", "died", ["aeg"])]
)
def test_columns_that_are_not_there(adata, named):
    with pytest.raises(KeyError, match=r"did you mean '(days|died|age)'"):
        followed(adata, *named)
