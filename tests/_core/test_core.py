from __future__ import annotations

import inspect

import numpy as np
import pytest

from fe_anndata._core.errors import near, require_choice, require_key
from fe_anndata._core.keys import Keys, axis_name
from fe_anndata._core.random import generator, ranks, seed_of
from fe_anndata._core.renamed import renamed


def test_near_names_what_may_have_been_meant():
    assert near("cd79a", ["CD79A", "LYZ"]) == "did you mean 'CD79A'?"
    assert near("zzz", ["CD79A", "LYZ"]) == "there is 'CD79A', 'LYZ'."
    assert near("x", []) == "there is none."
    assert near("q", [str(i) for i in range(20)]).endswith("'7' and 12 more.")


def test_requirements():
    require_key("a", ["a"], "thing")
    require_choice("a", ["a"], "thing")
    with pytest.raises(KeyError, match="no thing 'b'"):
        require_key("b", ["a"], "thing")
    with pytest.raises(ValueError, match="thing must be one of 'a'"):
        require_choice("b", ["a"], "thing")


def test_keys_follow_from_one_name():
    keys = Keys("k")
    assert (keys.obsm, keys.varm, keys.trained, keys.uns) == ("X_k", "k", "k_trained", "k")
    for bad in ("", "a/b", None):
        with pytest.raises(ValueError, match="a key must be"):
            Keys(bad)


def test_axis_names_do_not_run_together():
    assert axis_name("fe", 0) == "FE1"
    assert axis_name("fe2", 0) == "FE2_1"


def test_draws_are_named_by_seed_and_purpose():
    a, b = generator(0, "x", 1).random(3), generator(0, "x", 1).random(3)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, generator(0, "y", 1).random(3))
    assert not np.array_equal(a, generator(0, "x", 2).random(3))
    assert not np.array_equal(a, generator(1, "x", 1).random(3))


def test_seeds():
    assert seed_of(np.int64(3)) == 3
    assert seed_of(np.random.default_rng(0)) == seed_of(np.random.default_rng(0))
    for bad, error in ((-1, ValueError), (1.5, TypeError), (True, TypeError), (None, TypeError)):
        with pytest.raises(error):
            seed_of(bad)


def test_ranks_are_positions_in_sorted_order():
    assert ranks(np.array(["b", "c", "a"])).tolist() == [1, 2, 0]


@renamed(cells="entries")
def one(x, *, entries=0):
    """Return both."""
    return x, entries


def test_an_earlier_name_of_a_keyword_is_an_error_that_says_todays():
    assert one(1, entries=2) == (1, 2)
    assert (one.__name__, one.__doc__) == ("one", "Return both.")
    assert list(inspect.signature(one).parameters) == ["x", "entries"]
    with pytest.raises(TypeError, match=r"^cells is called entries now; give that\.$"):
        one(1, cells=2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sells'"):
        one(1, sells=2)
