"""Runs that are continued, and what is refused then."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.fe import minibatches, whole_matrix
from tests.refusals import refuses, small, snapshot


def test_resume_without_a_run(adata):
    refuses(adata, KeyError, "no trained model", "fe.tl.train", resume=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden": (8,)},
        {"sample_dim": 3},
        {"decoder": "concat"},
        {"learning_rate": 1.0},
        {"validation": 0.1},
        {"sample_start": "random"},
        {"gene_start": "random"},
        {"recipe": "thesis2024"},
        {"rng": 5},
        {"layer": "truth"},
        {"mask_var": np.arange(30) < 20},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_resume_with_a_changed_parameter(trained, changed):
    refuses(trained, ValueError, "resume", *changed, resume=True, **{"steps": 40, **changed})


def test_resume_with_both_budgets(trained):
    refuses(trained, ValueError, "not both", resume=True, epochs=3)


def resume(adata):
    fe.tl.train(adata, resume=True, steps=40)


def test_resume_needs_all_samples_in_their_order(trained):
    for rows in (slice(5, 25), np.arange(40)[::-1]):
        subset = trained[rows].copy()
        before = snapshot(subset)
        with pytest.raises(ValueError, match="train again"):
            resume(subset)
        assert snapshot(subset) == before


# Ctrl-C

RUNS = {
    "inner": (whole_matrix.Alternating, {"evaluate_every": 10, "solve_every": 10}),
    "tiles": (
        minibatches.Tiles,
        {"decoder": "concat", "hidden": (8, 4), "minibatch_size": (16, 10), "evaluate_every": 10},
    ),
    "entries": (
        minibatches.RandomEntries,
        {"decoder": "dot", "minibatch_size": 300, "validation": 0, "evaluate_every": 10},
    ),
}


def interrupt(monkeypatch, objective, at):
    """Press Ctrl-C in step `at`; return the patch, to be undone."""
    backward = objective.backward

    def pressed(self, step):
        if step == at:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(objective, "backward", pressed)


def same_result(a, b):
    """Assert that two results are equal to the byte, but for the time they took."""
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()
    assert a.varm["fe"].tobytes() == b.varm["fe"].tobytes()
    ours, theirs = a.uns["fe"], b.uns["fe"]
    for part in ("model", "fingerprint"):
        assert ours[part].keys() == theirs[part].keys()
        for name in ours[part]:
            assert ours[part][name].tobytes() == theirs[part][name].tobytes(), name
    columns = ["step", "epoch", "train_loss", "validation_loss"]
    assert ours["history"][columns].equals(theirs["history"][columns])
    for name in ("ended", "best_step", "steps"):
        assert ours["params"][name] == theirs["params"][name]


@pytest.mark.parametrize("run", RUNS)
def test_interrupted_then_resumed_equals_unbroken(run, caplog):
    objective, keywords = RUNS[run]
    broken, short, unbroken = small(), small(), small()
    fe.tl.train(unbroken, steps=60, **keywords)
    fe.tl.train(short, steps=20, **keywords)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, objective, at=25)
        with caplog.at_level("WARNING", logger="fe_anndata"):
            assert fe.tl.train(broken, steps=60, **keywords) is None
    warned = [r for r in caplog.records if r.levelname == "WARNING"]
    assert len(warned) == 1
    assert re.search("interrupted.*resume=True", warned[0].getMessage())
    assert broken.uns["fe"]["params"]["ended"] == "interrupted"
    assert fe.get.history(broken)["step"].tolist() == [0, 10, 20]
    # what is kept is the last evaluation before
    assert broken.obsm["X_fe"].tobytes() == short.obsm["X_fe"].tobytes()
    fe.tl.reconstruct(broken)
    assert np.isfinite(broken.layers["fe"]).all()
    fe.tl.train(broken, resume=True)
    same_result(broken, unbroken)


def test_interrupted_before_the_first_evaluation(adata, monkeypatch):
    before = snapshot(adata)

    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_matrix.Alternating, "validation_loss", pressed)
    with pytest.raises(KeyboardInterrupt):
        fe.tl.train(adata, steps=20)
    assert snapshot(adata) == before


def test_interrupted_twice(adata):
    unbroken = small()
    fe.tl.train(unbroken, steps=60, solve_every=10)
    for at in (15, 25, 46):
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, whole_matrix.Alternating, at)
            first = {} if at > 15 else {"solve_every": 10}
            fe.tl.train(adata, steps=60, resume=at > 15, **first)
        assert fe.get.history(adata)["step"].iloc[-1] == at // 10 * 10
    fe.tl.train(adata, resume=True)
    same_result(adata, unbroken)
