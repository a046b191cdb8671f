"""The sample table, kept at intervals of the training."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.fe import whole_matrix
from fe_anndata.training import records as recording
from tests.refusals import refuses, small

RUN = {"evaluate_every": 10, "solve_every": 10, "record_every": 4}


def train(adata, **keywords):
    fe.tl.train(adata, progress=False, **{**RUN, **keywords})
    return adata


def kept(adata):
    return adata.uns["fe"]["records"]


def require_same(a, b):
    assert kept(a).keys() == kept(b).keys() == {"steps", "samples", "change"}
    for name in kept(a):
        assert kept(a)[name].dtype == kept(b)[name].dtype
        assert kept(a)[name].tobytes() == kept(b)[name].tobytes(), name


@pytest.fixture(scope="module")
def unbroken():
    return train(small(), steps=60)


def test_what_is_kept(unbroken):
    assert kept(unbroken)["steps"].tolist() == list(range(0, 61, 4))
    assert kept(unbroken)["steps"].dtype == np.int64
    assert kept(unbroken)["samples"].shape == (16, 40, 2)
    assert kept(unbroken)["samples"].dtype == np.float32
    assert np.diff(kept(unbroken)["samples"], axis=0).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(kept(unbroken)["change"], np.eye(2, dtype=np.float32))


def test_nothing_is_kept_unless_asked_for_and_the_result_is_the_same(unbroken):
    plain = train(small(), steps=60, record_every=None)
    assert "records" not in plain.uns["fe"]
    assert plain.obsm["X_fe"].tobytes() == unbroken.obsm["X_fe"].tobytes()


@pytest.mark.parametrize("metric", ["free", "expression"])
def test_the_change_brings_records_to_the_result(metric):
    adata = train(small(), steps=40, place_samples=False, metric=metric, record_every=10)
    steps, best = kept(adata)["steps"].tolist(), adata.uns["fe"]["params"]["best_step"]
    at = kept(adata)["samples"][steps.index(best)]
    np.testing.assert_allclose(at @ kept(adata)["change"], adata.obsm["X_fe"], atol=1e-6)
    assert np.allclose(at, adata.obsm["X_fe"], atol=1e-3) == (metric == "free")


@pytest.mark.parametrize("first", [20, 27])
def test_resumed_from_a_file(unbroken, tmp_path, first):
    train(small(), steps=first).write_h5ad(tmp_path / "a.h5ad")
    adata = fe.io.read_h5ad(tmp_path / "a.h5ad")
    assert kept(adata)["steps"].max() == first // 4 * 4
    fe.tl.train(adata, resume=True, steps=60, progress=False)
    require_same(adata, unbroken)


def test_resumed_from_a_checkpoint(unbroken, tmp_path):
    train(small(), steps=27, checkpoint=tmp_path / "run")
    adata = small()
    fe.tl.train(adata, checkpoint=tmp_path / "run", resume=True, steps=60, progress=False)
    require_same(adata, unbroken)


def test_interrupted_then_resumed(unbroken, monkeypatch):
    backward = whole_matrix.Alternating.backward

    def pressed(self, step):
        if step == 27:
            raise KeyboardInterrupt
        return backward(self, step)

    with monkeypatch.context() as patch:
        patch.setattr(whole_matrix.Alternating, "backward", pressed)
        adata = train(small(), steps=60)
    assert kept(adata)["steps"].tolist() == [0, 4, 8, 12, 16, 20]  # what an evaluation has seen
    fe.tl.train(adata, resume=True, progress=False)
    require_same(adata, unbroken)


def test_another_interval_is_another_run():
    adata = train(small(), steps=20)
    with pytest.raises(ValueError, match="leave out record_every"):
        fe.tl.train(adata, resume=True, steps=40, record_every=5, progress=False)


def test_a_table_of_another_size_is_damaged(unbroken):
    adata = train(small(), steps=20)
    result = dict(adata.uns["fe"])
    result["records"] = {**kept(adata), "samples": kept(adata)["samples"][:, :30]}
    del result["checksums"]
    adata.uns["fe"] = {**result, "format": 2}
    with pytest.raises(ValueError, match=r"record of step 0.*shape"):
        fe.tl.train(adata, resume=True, steps=40, progress=False)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("steps", lambda found: found[::-1]),
        ("steps", lambda found: found[:-1]),
        ("samples", lambda found: found[0]),
        ("samples", lambda found: np.full_like(found, np.nan)),
        ("change", lambda found: found[:1]),
        ("change", lambda found: None),
    ],
)
def test_damaged_records_are_named(name, change):
    adata = train(small(), steps=20)
    result = dict(adata.uns["fe"])
    result["records"] = {**kept(adata), name: change(kept(adata)[name])}
    del result["checksums"]
    adata.uns["fe"] = {**result, "format": 2}
    with pytest.raises(ValueError, match=rf"\['records'\]\['{name}'\]"):
        fe.tl.train(adata, resume=True, steps=40, progress=False)


def test_changed_records_are_noticed(unbroken):
    adata = unbroken.copy()
    kept(adata)["samples"][3, 2, 1] += 1
    with pytest.raises(ValueError, match=r"\['records'\]\['samples'\] was changed"):
        fe.tl.reconstruct(adata)


def test_many_copies_are_told_in_megabytes(monkeypatch):
    monkeypatch.setattr(recording, "LARGE", 0.005)
    with pytest.warns(UserWarning, match=r"record_every=2 keeps up to 21 copies.*MB.*greater"):
        train(small(), steps=40, record_every=2)


def test_copies_without_memory_are_refused(monkeypatch):
    monkeypatch.setattr(recording, "available", lambda: 5_000)
    refuses(small(), MemoryError, "21 copies", "greater record_every", steps=40, record_every=2)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "often"])
def test_intervals_that_are_none(wrong):
    refuses(small(), (ValueError, TypeError), "record_every", record_every=wrong)


def test_other_families_keep_none():
    with pytest.raises(TypeError, match=r"record_every.*'fe'"):
        fe.tl.train(small(), "generain", record_every=5, progress=False)
