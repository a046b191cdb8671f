"""tl.sweep: every combination is the training it says it is, and no other one is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

import fe_anndata as fe
from fe_anndata.evaluation import outer_folds, score
from fe_anndata.tl import _sweep
from tests.refusals import small

# So few epochs do not even learn the gene means.
pytestmark = pytest.mark.filterwarnings("ignore:gene means of the new samples")

GRID = {"gene_dim": [4, 6], "l2": [0, 1e-3]}
FEW = {"epochs": 3, "progress": False}


@pytest.fixture(scope="module")
def adata():
    made = fe.datasets.simulated(60, 40, 3)
    made.obs["patient"] = np.repeat(np.arange(20), 3).astype(str)
    made.obs["age"] = np.linspace(30, 80, 60)
    made.layers["twice"] = 2 * made.X
    made.uns["group_colors"] = ["red", "green", "blue"]
    return made


@pytest.fixture
def counted(monkeypatch):
    """A list of the options of each training that is done."""
    done, init = [], _sweep.OfFamily.__init__

    def counting(self, family, train, dim, seed, **keywords):
        done.append(keywords)
        init(self, family, train, dim, seed, **keywords)

    monkeypatch.setattr(_sweep.OfFamily, "__init__", counting)
    return done


@pytest.fixture
def planned(monkeypatch):
    """A list of the options of each training, none of which is done."""
    asked = []

    def plan(kept, options, _):
        asked.append(options)
        return {"train_loss": 1.0}, np.zeros((len(kept.samples.samples), 2), np.float32)

    monkeypatch.setattr(sys.modules["fe_anndata.tl.sweep"], "trained", plan)
    return asked


def test_each_row_is_the_training_it_says(adata):
    before = adata.copy()
    found = fe.tl.sweep(adata, GRID, rng=3, **FEW)
    assert found.table[["gene_dim", "l2"]].to_numpy().tolist() == [
        [4, 0], [4, 1e-3], [6, 0], [6, 1e-3],
    ]  # fmt: skip
    assert found.options == {"gene_dim": (4, 6), "l2": (0, 1e-3)}
    same = {"recipe": "thesis2024", "minibatch": "tiles", "validation": "auto", "rng": 3, **FEW}
    for i, row in found.table.iterrows():
        one = fe.tl.train(adata, gene_dim=int(row.gene_dim), l2=row.l2, copy=True, **same)
        np.testing.assert_array_equal(found.samples.obsm[f"X_{i}"], one.obsm["X_fe"])
        assert row.train_loss == one.uns["fe"]["history"]["train_loss"].iloc[-1]
        assert row.validation_loss == one.uns["fe"]["params"]["validation_loss"]
        u = one.obsm["X_fe"].astype(float)
        assert row.spread == pytest.approx(np.sqrt(((u - u.mean(0)) ** 2).mean()), rel=1e-5)
        assert row.largest == np.abs(u).max()
    assert (found.table[["n_train", "n_test", "dim"]] == [60, 0, 2]).all(axis=None)
    assert set(found.table["decoder"]) == {"concat"}
    assert not [name for name in found.table if "accuracy" in name or name.endswith("_new")]
    assert not found.samples.obs["new"].any()
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert adata.uns.keys() == before.uns.keys()
    assert not adata.obsm.keys() - before.obsm.keys()


def test_accuracy_is_of_samples_that_were_placed(adata):
    found = fe.tl.sweep(adata, {"gene_dim": [6]}, label="group", groups="patient", **FEW)
    labels = adata.obs["group"].to_numpy(dtype=str)
    patients = adata.obs["patient"].to_numpy(dtype=str)
    fold = outer_folds(labels, 5, groups=patients)[0]
    train, new = adata[fold.train].copy(), adata[fold.test].copy()
    more = {"minibatch": "tiles", "validation": "auto", "gene_dim": 6}
    fe.tl.train(train, recipe="thesis2024", **more, **FEW)
    fe.tl.transform(new, train, progress=False)
    u = found.samples.obsm["X_0"]
    np.testing.assert_array_equal(u[fold.train], train.obsm["X_fe"])
    np.testing.assert_array_equal(u[fold.test], new.obsm["X_fe"])
    row = found.table.iloc[0]
    placed = train.obsm["X_fe"], labels[fold.train], new.obsm["X_fe"], labels[fold.test]
    assert row.accuracy_new == score("knn", *placed, 0)["accuracy"]
    assert row.spread == pytest.approx(np.sqrt(train.obsm["X_fe"].var(axis=0).mean()), rel=1e-5)
    assert np.flatnonzero(found.samples.obs["new"]).tolist() == fold.test.tolist()
    assert not set(patients[fold.test]) & set(patients[fold.train])
    assert (row.n_train, row.n_test) == (len(fold.train), len(fold.test))


def test_samples_kept_aside_have_no_part_in_the_training(adata):
    first = fe.tl.sweep(adata, {"l2": [1e-4]}, label="group", **FEW)
    new = first.samples.obs["new"].to_numpy()
    changed = adata.copy()
    changed.X[new] += 0.5
    second = fe.tl.sweep(changed, {"l2": [1e-4]}, label="group", **FEW)
    a, b = first.samples.obsm["X_0"], second.samples.obsm["X_0"]
    np.testing.assert_array_equal(a[~new], b[~new])
    assert not np.array_equal(a[new], b[new])
    assert first.table["accuracy_fitted"].equals(second.table["accuracy_fitted"])


def test_samples_without_a_label_are_left_out_and_numbers_are_regressed(adata):
    some = adata.copy()
    some.obs.loc[some.obs_names[:5], "age"] = np.nan
    found = fe.tl.sweep(some, {"l2": [0]}, label="age", folds=3, **FEW)
    assert found.samples.obs_names.tolist() == some.obs_names[5:].tolist()
    assert found.samples.obsm["X_0"].shape == (55, 2)
    assert {"label_r2_new", "label_r2_fitted"} <= set(found.table)
    assert "accuracy_new" not in found.table
    assert found.samples.obs["new"].sum() in (18, 19)
    assert list(found.samples.uns["group_colors"]) == ["red", "green", "blue"]


def test_layer_mask_and_dimension_reach_the_training(adata):
    half = np.arange(40) % 2 == 0
    found = fe.tl.sweep(
        adata, {"sample_dim": [2, 3]}, recipe="default", layer="twice", mask_var=half,
        steps=15, progress=False,
    )  # fmt: skip
    one = fe.tl.train(
        adata, layer="twice", mask_var=half, sample_dim=3, steps=15, progress=False, copy=True
    )
    np.testing.assert_array_equal(found.samples.obsm["X_1"], one.obsm["X_fe"])
    assert found.table["dim"].tolist() == [2, 3]
    assert set(found.table["decoder"]) == {"inner"}


def test_the_grid_of_the_thesis_is_the_default(adata, planned):
    found = fe.tl.sweep(adata, progress=False)
    assert len(found.table) == len(planned) == 30
    assert found.table["gene_dim"].drop_duplicates().tolist() == [10, 25, 50, 75, 100, 1000]
    assert found.table["l2"][:5].tolist() == [0, 1e-8, 1e-7, 1e-6, 1e-5]
    budget = {"sample_dim": 2, "minibatch": "tiles", "epochs": 15, "validation": "auto"}
    assert planned[7] == {**budget, "gene_dim": 25, "l2": 1e-7}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"steps": 9}, {"steps": 9, "minibatch": "tiles", "validation": "auto"}),
        ({"minibatch": "entries", "validation": 0.0},
         {"minibatch": "entries", "validation": 0.0, "epochs": 15}),
        ({"recipe": "default"}, {}),
    ],
)  # fmt: skip
def test_what_is_said_wins_over_the_budget(adata, planned, given, expected):
    fe.tl.sweep(adata, {"l2": [0]}, progress=False, **given)
    assert planned == [{"sample_dim": 2, "l2": 0, **expected}]


@pytest.mark.parametrize(
    ("options", "more", "error", "words"),
    [
        ({"gene_dim": [4, -8]}, {}, ValueError, ["gene_dim", "-8"]),
        ({"l2": [0, "small"]}, {}, ValueError, ["l2", "'small'"]),
        ({"gen_dim": [4]}, {}, TypeError, ["gen_dim", "'gene_dim'"]),
        ({"l2": [0]}, {"gen_dim": 3}, TypeError, ["gen_dim", "'gene_dim'"]),
        ({"l2": [0]}, {"lable": "group"}, TypeError, ["lable", "'label'"]),
        ({"l2": [0]}, {"l2": 1}, ValueError, ["l2", "twice"]),
        ({"l2": 0}, {}, TypeError, ["options['l2']", "list"]),
        ({"decoder": "concat"}, {}, TypeError, ["options['decoder']", "['concat']"]),
        ({"l2": []}, {}, ValueError, ["options['l2']"]),
        ({"l2": [0, 0.0]}, {}, ValueError, ["options['l2']", "different"]),
        ({}, {}, ValueError, ["options is empty"]),
        ([4, 8], {}, TypeError, ["options must be a dict"]),
        ({"layer": ["twice"]}, {}, ValueError, ["'layer'", "argument of tl.train"]),
        ({"l2": [0]}, {"batch_key": "patient"}, ValueError, ["'batch_key'"]),
        ({"gene_dim": [4, 100]}, {"recipe": "default"}, ValueError, ["gene_dim=100"]),
        ({"decoder": ["inner"]}, {}, ValueError, ["thesis2024", "concat"]),
        ({"l2": [0]}, {"recipe": "thesis"}, ValueError, ["recipe", "'thesis2024'"]),
        ({"width": [4]}, {"model": "generain"}, ValueError, ["recipe", "'generain2024'"]),
        ({"l2": [0]}, {"label": "gruop"}, KeyError, ["gruop", "'group'"]),
        ({"l2": [0]}, {"groups": "patient"}, ValueError, ["groups", "label"]),
        ({"l2": [0]}, {"label": "group", "classifier": "tree"}, ValueError, ["classifier"]),
        ({"l2": [0]}, {"sample_start": "X_pca"}, KeyError, ["X_pca"]),
    ],
    ids=str,
)
def test_bad_input_is_refused_before_anything_is_trained(
    adata, counted, tmp_path, options, more, error, words
):
    with pytest.raises(error) as raised:
        fe.tl.sweep(adata, options, checkpoint=tmp_path / "folder", progress=False, **more)
    assert all(word in str(raised.value) for word in words), raised.value
    assert not counted
    assert not list(tmp_path.iterdir())


def test_data_that_cannot_be_trained_on_are_refused_at_once(adata, counted):
    bad = adata.copy()
    bad.X[3, 4] = np.inf
    with pytest.raises(ValueError, match="infinite"):
        fe.tl.sweep(bad, GRID, **FEW)
    with pytest.raises(TypeError, match="AnnData"):
        fe.tl.sweep(np.ones((3, 3)), GRID, **FEW)
    assert not counted


def test_a_complete_sweep_is_read_and_not_done_again(adata, counted, tmp_path):
    first = fe.tl.sweep(adata, GRID, label="group", checkpoint=tmp_path / "run", **FEW)
    assert len(counted) == 4
    again = fe.tl.sweep(adata, GRID, label="group", checkpoint=tmp_path / "run", **FEW)
    assert len(counted) == 4
    pd.testing.assert_frame_equal(first.table, again.table)
    for name in first.samples.obsm:
        np.testing.assert_array_equal(first.samples.obsm[name], again.samples.obsm[name])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda adata: {"options": {"gene_dim": [4, 6], "l2": [0, 1e-4]}}, "options"),
        (lambda adata: {"options": {"l2": [0, 1e-3], "gene_dim": [4, 6]}}, "options"),
        (lambda adata: {"epochs": 4}, "fixed options"),
        (lambda adata: {"rng": 1}, "seed"),
        (lambda adata: {"label": None}, "label"),
        (lambda adata: {"label": "half"}, "label"),
        (lambda adata: {"folds": 4}, "label"),
        (lambda adata: {"classifier": "logistic"}, "label"),
        (lambda adata: {"layer": "twice"}, "matrix"),
        (lambda adata: {"mask_var": np.arange(40) > 3}, "matrix"),
        (lambda adata: {"adata": adata[::-1].copy()}, "matrix"),
        (lambda adata: {"recipe": "default"}, "recipe"),
    ],
)
def test_a_folder_of_another_sweep_is_refused(adata, planned, tmp_path, change, word):
    made = adata.copy()
    made.obs["half"] = ["a", "b"] * 30
    given = {"adata": made, "options": GRID, "label": "group", **FEW}
    fe.tl.sweep(**given, checkpoint=tmp_path / "run")
    planned.clear()
    with pytest.raises(ValueError, match=f"another sweep, which differs in .*{word}"):
        fe.tl.sweep(**{**given, **change(made)}, checkpoint=tmp_path / "run")
    assert not planned


def test_an_order_of_options_is_kept(adata, planned):
    found = fe.tl.sweep(adata, {"l2": [0, 1e-3], "gene_dim": [4, 6]}, progress=False)
    assert [each["gene_dim"] for each in planned] == [4, 6, 4, 6]
    assert list(found.table)[:2] == ["l2", "gene_dim"]


def test_ctrl_c_keeps_what_is_complete(adata, monkeypatch, tmp_path):
    left, real = [2], _sweep.trained

    def two(*args):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*args)

    monkeypatch.setattr(sys.modules["fe_anndata.tl.sweep"], "trained", two)
    with pytest.warns(UserWarning, match="2 of 4"):
        found = fe.tl.sweep(adata, GRID, checkpoint=tmp_path / "run", **FEW)
    assert len(found.table) == 2
    assert list(found.samples.obsm) == ["X_0", "X_1"]
    left[0] = 2
    found = fe.tl.sweep(adata, GRID, checkpoint=tmp_path / "run", **FEW)
    assert found.table["gene_dim"].tolist() == [4, 4, 6, 6]
    left[0] = 0
    with pytest.raises(KeyboardInterrupt):
        fe.tl.sweep(adata, GRID, **FEW)


def test_an_interrupted_training_is_not_complete(adata, monkeypatch, tmp_path):
    # tl.train itself returns what it has at Ctrl-C.
    loop = sys.modules["fe_anndata.training.loop"]
    monkeypatch.setattr(loop.ending, "check", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        fe.tl.sweep(adata, GRID, checkpoint=tmp_path / "run", **FEW)
    assert not list((tmp_path / "run").glob("training*"))


def test_a_training_that_diverges_has_no_result_and_the_others_go_on(adata):
    rates = {"learning_rate": [1e30, 1e-2]}
    with pytest.warns(UserWarning, match=r"no result with learning_rate=1e\+30"):
        found = fe.tl.sweep(adata, rates, label="group", **FEW)
    assert found.table["train_loss"].isna().tolist() == [True, False]
    assert found.table["accuracy_new"].isna().tolist() == [True, False]
    assert np.isnan(found.samples.obsm["X_0"]).all()
    assert np.isfinite(found.samples.obsm["X_1"]).all()


PROGRAM = """
import sys
import fe_anndata as fe
import torch
torch.set_num_threads(int(sys.argv[2]))  # those of the test: they decide the last digits
adata = fe.datasets.simulated(60, 40, 3)
grid = {"gene_dim": [4, 6], "l2": [0, 1e-5, 1e-4, 1e-3]}
print("begun", flush=True)
fe.tl.sweep(adata, grid, epochs=25, checkpoint=sys.argv[1], progress=False)
"""
KILLED = {"gene_dim": [4, 6], "l2": [0, 1e-5, 1e-4, 1e-3]}


def _kill(folder, complete, later):
    """Begin a sweep, and kill it a while after so many trainings are complete."""
    words = [sys.executable, "-c", PROGRAM, str(folder), str(torch.get_num_threads())]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    deadline = time.monotonic() + 60
    while len(list(folder.glob("training-*"))) < complete and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(later)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 6))]
)
def test_killed_at_a_random_moment_only_one_training_is_done_again(counted, tmp_path, seed):
    draw = random.Random(seed)
    for attempt in range(5):  # a busy machine may let it end before the signal comes
        folder = tmp_path / f"run {attempt}"
        complete = draw.randrange(1, 5)  # so that something is there, and something is left
        _kill(folder, complete, draw.random() * 0.1)
        files = {path: path.read_bytes() for path in folder.glob("training-*")}
        if len(files) < 8:
            break
    assert complete <= len(files) < 8
    adata = fe.datasets.simulated(60, 40, 3)
    given = {"epochs": 25, "progress": False}
    found = fe.tl.sweep(adata, KILLED, checkpoint=folder, **given)
    assert len(counted) == 8 - len(files)  # all that were complete were found
    assert {path: path.read_bytes() for path in files} == files
    assert len(list(folder.glob("training-*"))) == 8
    assert not list(folder.glob(".*"))  # nothing half-written is left
    unbroken = fe.tl.sweep(adata, KILLED, **given)
    measured = [name for name in found.table if "seconds" not in name]
    pd.testing.assert_frame_equal(found.table[measured], unbroken.table[measured])
    for name in unbroken.samples.obsm:
        np.testing.assert_array_equal(found.samples.obsm[name], unbroken.samples.obsm[name])


def test_the_samples_can_be_written(adata, tmp_path):
    found = fe.tl.sweep(adata, GRID, label="group", **FEW)
    fe.io.write_h5ad(found.samples, tmp_path / "samples.h5ad")
    read = fe.io.read_h5ad(tmp_path / "samples.h5ad")
    np.testing.assert_array_equal(read.obsm["X_2"], found.samples.obsm["X_2"])
    assert "Sweep over gene_dim, l2 of 60 samples" in repr(found)


def test_small_data_of_other_tests_are_swept():
    assert len(fe.tl.sweep(small(), {"gene_dim": [2, 3]}, steps=3, progress=False).table) == 2


def test_samples_of_one_name_are_refused_before_anything_is_trained():
    adata = fe.datasets.simulated(40, 30, 3)
    adata.obs_names = ["a", *adata.obs_names[1:-1], "a"]
    with pytest.raises(ValueError, match="obs_names_make_unique"):
        fe.tl.sweep(adata, {"l2": [0.0]}, progress=False, steps=2)
