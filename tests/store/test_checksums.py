"""What was changed is named; what is only kept in another way is the same."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata.store.checksums import APART, CLOCK, checksums, require_unchanged
from tests.refusals import small

PLACE = "adata.uns['fe']"


@pytest.fixture(scope="module")
def trained():
    adata = small()
    fe.tl.train(adata, steps=20, hidden=(8,), progress=False, device="cpu")
    return adata


@pytest.fixture
def stored(trained):
    return deepcopy(trained.uns["fe"])


def leaves(nested, above=()):
    for name, value in nested.items():
        if isinstance(value, dict):
            yield from leaves(value, (*above, name))
        elif isinstance(value, pd.DataFrame):
            yield from ((*above, name, column) for column in value)
        else:
            yield *above, name


def at(nested, path):
    for name in path:
        nested = nested[name]
    return nested


def flipped(value):
    """Return a value with one bit changed, or one letter."""
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    if isinstance(value, bool):
        return not value
    if isinstance(value, pd.Series):
        return pd.Series(flipped(value.to_numpy()), value.index)
    array = np.array(value)
    if not array.size:
        return np.array([1])
    content = bytearray(array.tobytes())
    content[-1 - array.itemsize // 2] ^= 1
    changed = np.frombuffer(bytes(content), array.dtype).reshape(array.shape)
    return changed if array.ndim else changed[()]


def test_every_part_is_covered(stored):
    """No value of a result can change without a word."""
    require_unchanged(stored, PLACE)
    paths = [p for p in leaves(stored) if p[0] not in APART and p[-1] not in CLOCK]
    assert len(paths) > 80
    for path in paths:
        above, name = at(stored, path[:-1]), path[-1]
        before = above[name]
        above[name] = flipped(before)
        with pytest.raises(ValueError, match=r"changed since it was written") as told:
            require_unchanged(stored, PLACE)
        assert PLACE + "".join(f"[{part!r}]" for part in path) in str(told.value)
        above[name] = before


def test_what_is_missing_is_named(stored):
    del stored["model"]["scale"]
    with pytest.raises(ValueError, match=r"\['model'\]\['scale'\] is missing"):
        require_unchanged(stored, PLACE)


def test_an_option_that_came_in_is_named(stored):
    stored["params"]["epochs"] = 30.0
    with pytest.raises(ValueError, match=r"\['params'\]\['epochs'\] was changed"):
        require_unchanged(stored, PLACE)


def test_a_note_of_the_user_takes_no_part(stored):
    stored["note"] = "mine"
    require_unchanged(stored, PLACE)


WAYS = {
    "float64": lambda v: v.astype(np.float64) if isinstance(v, np.ndarray) else v,
    "arrays of one": lambda v: np.array([v]) if np.ndim(v) == 0 else v,
    "numpy": lambda v: np.asarray(v)[()] if isinstance(v, (int, float, bool)) else v,
    "whole numbers as floats": lambda v: float(v) if type(v) is int else v,
    "nullable text": lambda v: pd.array([v], dtype="string") if isinstance(v, str) else v,
}


def in_another_way(nested, change):
    return {
        name: in_another_way(value, change)
        if isinstance(value, dict)
        else change(value)
        if not isinstance(value, pd.DataFrame) and name not in APART
        else value
        for name, value in nested.items()
        if not (isinstance(value, dict) and not value)
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_tour_is_the_same_result(trained, way):
    """Programs in other languages keep numbers in other ways."""
    back = trained.copy()
    change = WAYS[way]
    uns = trained.uns["fe"]
    toured = in_another_way({k: v for k, v in uns.items() if k not in APART}, change)
    back.uns["fe"] = {**{k: uns[k] for k in APART}, **toured}
    back.obsm["X_fe"] = pd.DataFrame(back.obsm["X_fe"].astype(np.float64), back.obs_names)
    back.varm["fe"] = back.varm["fe"].astype(np.float64)
    once, again = small(20, rng=2), small(20, rng=2)
    fe.tl.transform(once, trained, progress=False)
    fe.tl.transform(again, back, progress=False)
    np.testing.assert_array_equal(once.obsm["X_fe"], again.obsm["X_fe"])
    resumed = fe.tl.train(back, resume=True, steps=30, progress=False, copy=True)
    expected = fe.tl.train(trained, resume=True, steps=30, progress=False, copy=True)
    np.testing.assert_array_equal(resumed.obsm["X_fe"], expected.obsm["X_fe"])


def test_results_of_format_2_are_read(trained):
    """They have no checksums, and None for what was not given."""
    old = trained.copy()
    stored = old.uns["fe"]
    del stored["checksums"]
    stored["format"] = 2
    stored["params"] = {k: None if isinstance(v, str) and v == "" else v
                        for k, v in stored["params"].items()}  # fmt: skip
    np.testing.assert_array_equal(fe.get.sample_embedding(old), fe.get.sample_embedding(trained))
    fe.tl.reconstruct(old)
    assert fe.tl.train(old, resume=True, steps=30, copy=True, progress=False) is not None


def test_a_result_of_today_without_checksums_is_refused(trained):
    broken = trained.copy()
    del broken.uns["fe"]["checksums"]
    with pytest.raises(ValueError, match="lacks checksums"):
        fe.tl.reconstruct(broken)


def test_large_whole_numbers_are_exact():
    assert checksums({"a": 2**60}) != checksums({"a": 2**60 + 1})
    assert checksums({"a": 3}) == checksums({"a": 3.0}) == checksums({"a": np.float32([3])})
    assert checksums({"a": np.ones((2, 3))}) != checksums({"a": np.ones((3, 2))})
    assert checksums({"a": ["b", "c"]}) != checksums({"a": ["bc", ""]})
    assert checksums({"a": None, "b": "", "c": {}, "d": np.empty(0)}) == {"c": {}}
