"""The history: where its curves and axes begin, and what it says of a run that ended too early."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fe_anndata as fe


def trained(steps=20, **options):
    adata = fe.datasets.simulated(90, 60, 3)
    fe.tl.train(adata, steps=steps, evaluate_every=5, progress=False, **options)
    return adata


def said(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def slow(adata, seconds=12.0):
    """Let the preparation have taken so many seconds."""
    table = fe.get.history(adata)
    table["seconds"] += seconds - table["seconds"].iloc[0]
    return {**adata.uns["fe"], "history": table}


def test_all_begins_where_the_training_does():
    adata = trained()
    adata.uns["fe"] = {k: v for k, v in slow(adata).items() if k != "fingerprint"}
    ax = fe.pl.history(adata)
    train, validation = ax.lines[:2]
    assert train.get_xdata()[0] == validation.get_xdata()[0] == 0
    assert train.get_drawstyle() == "steps-pre"  # each mean over the steps it is of
    table = adata.uns["fe"]["history"]
    np.testing.assert_array_equal(train.get_ydata()[1:], table["train_loss"][1:])
    ax.figure.canvas.draw()
    (upper,) = ax.child_axes
    assert upper.get_xlabel() == "seconds, after 12 of preparation"
    ticks = [tick for tick in upper.get_xticks() if tick <= upper.get_xlim()[1]]
    assert min(abs(tick) for tick in ticks) == 0
    assert ax.get_title().startswith("training of fe, ")


def test_seconds_are_apart_however_uneven_the_steps_were():
    adata = trained(steps=100)
    table = fe.get.history(adata)
    n = len(table)
    for seconds in (np.arange(n) ** 3, np.arange(n) ** 0.2, np.r_[0:0.01:5j, 8 : 8 + n - 5]):
        table["seconds"] = 1.0 + seconds
        adata.uns["fe"] = {"history": table}
        ax = fe.pl.history(adata)
        ax.figure.canvas.draw()
        labels = ax.child_axes[0].get_xticklabels()
        boxes = [label.get_window_extent() for label in labels if label.get_text()]
        assert len(boxes) >= 1
        assert labels[0].get_text() == "0"
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_training_loss_is_drawn_where_nothing_is_held_out():
    ax = fe.pl.history(trained(validation=0.0))
    assert ax.lines[0].get_xdata()[0] == 0
    assert len(ax.lines[0].get_xdata()) > 2


@pytest.mark.parametrize("high", [0.75, 0.9, 2.0, 40.0, 4000.0])
def test_a_logarithmic_axis_has_several_ticks(high):
    adata = trained()
    table = fe.get.history(adata)
    table["validation_loss"] = table["train_loss"] = np.geomspace(high, 0.7, len(table))
    adata.uns["fe"] = {"history": table}
    ax = fe.pl.history(adata, log=True)
    ax.figure.canvas.draw()
    low, top = ax.get_ylim()
    ticks = [t.get_text() for t in ax.get_yticklabels()]
    shown = [t for t, y in zip(ticks, ax.get_yticks(), strict=True) if low <= y <= top]
    assert 3 <= len(shown) <= 14
    assert len(set(shown)) == len(shown)
    assert all(float(t) > 0 for t in shown)
    boxes = [t.get_window_extent() for t in ax.get_yticklabels() if t.get_text()]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({}, "fe.tl.train(adata, resume=True, steps=40)"),
        ({"key_added": "mine"}, "fe.tl.train(adata, key_added='mine', resume=True, steps=40)"),
    ],
)
def test_a_run_that_ended_while_its_loss_fell_is_marked_with_what_to_type(options, call):
    adata = trained(**options)
    key = options.get("key_added", "fe")
    ax = fe.pl.history(adata, key=key)
    assert ax.get_title() == f"training of {key}, ended at its limit"
    *_, words = said(ax)
    assert words.startswith("still falling at its limit,\n20 steps;\nto go on:\n")
    typed = " ".join(words.split("\n")[3:])
    assert typed == call
    mark = ax.lines[-1]
    assert mark.get_marker() == ">"
    assert mark.get_xdata() == [20]
    eval(typed, {"fe": fe, "adata": adata})
    assert fe.get.history(adata, key=key)["step"].max() == 40


def test_a_run_that_is_done_or_has_stopped_falling_is_not_marked():
    adata = trained(steps=4000, learning_rate=0.1)
    assert adata.uns["fe"]["params"]["ended"] == "converged"
    ax = fe.pl.history(adata)
    assert ax.get_title() == "training of fe, converged"
    assert not any("to go on" in words for words in said(ax))
    adata = trained()
    table = fe.get.history(adata)
    last, before = table.index[-1], table.index[-2]
    table.loc[last, "validation_loss"] = table.loc[before, "validation_loss"]
    parts = {name: adata.uns["fe"][name] for name in ("params", "state")}
    adata.uns["fe"] = {"history": table, **parts}
    assert not any("to go on" in words for words in said(fe.pl.history(adata)))


def test_an_interrupted_run_and_one_without_its_state():
    adata = trained()
    parts = {name: adata.uns["fe"][name] for name in ("params", "state")}
    params = {**parts["params"], "ended": "interrupted"}
    adata.uns["fe"] = {"history": fe.get.history(adata), **parts, "params": params}
    *_, words = said(fe.pl.history(adata))
    assert words.startswith("interrupted before its end;")
    assert words.endswith("fe.tl.train(adata,\nresume=True)")
    adata.uns["fe"] = {"history": adata.uns["fe"]["history"], "params": parts["params"]}
    *_, words = said(fe.pl.history(adata))
    assert words.endswith("fe.tl.train(adata, steps=40)".replace(" ", "\n"))
    plt.close("all")
