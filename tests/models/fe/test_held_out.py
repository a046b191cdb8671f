"""What is held out is seen by nothing that is fitted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.matrix.rows import InMemory
from fe_anndata.training.holdout import draw
from tests.helpers import choose, fit, in_order


def test_held_out_entries_are_never_seen(X):
    """Another number in a held-out entry changes nothing but the validation loss."""
    held_out = draw(InMemory(X), 0.1, "entries", 0, in_order(X.shape)).entries
    spoiled = X.copy()
    spoiled[held_out.rows, held_out.cols] += 5
    # A start at the components differs in rounding, which Muon lets grow.
    random = {"sample_start": "random", "gene_start": "random"}
    for decoder, changes in (("inner", {}), ("concat", random), ("dot", {})):
        options = choose(
            "default",
            decoder=decoder,
            gene_dim=8,
            sample_dim=8,
            validation=0.1,
            steps=4,
            evaluate_every=4,
            **changes,
        )
        a, b = (fit(x, options) for x in (X, spoiled))
        # The last state, not the best: which is best is for the held-out entries to say.
        last = (f.resumable.parameters["samples"] for f in (a, b))
        np.testing.assert_allclose(*last, atol=1e-3)
        losses = [f.history[-1]["validation_loss"] for f in (a, b)]
        assert abs(losses[1] - losses[0]) > 1


@pytest.mark.parametrize(
    ("decoder", "start"), [("inner", "components"), ("inner", "random"), ("concat", "random")]
)
def test_samples_held_out_whole_shape_nothing_shared(X, decoder, start):
    """Other values in them change neither genes nor network, but their own vectors."""
    holdout = draw(InMemory(X), 0.2, "samples", 0, in_order(X.shape))
    out = np.flatnonzero(~holdout.counted)
    assert len(out) == 12
    assert set(holdout.entries.rows) <= set(out)
    assert len(holdout.entries) == 12 * 90 // 2
    spoiled = X.copy()
    spoiled[out] = spoiled[np.roll(out, 1)]
    starts = {"sample_start": "random", "gene_start": "random"} if start == "random" else {}
    options = choose(
        "default", decoder=decoder, gene_dim=8, sample_dim=4, validation=0.2,
        validation_by="samples", steps=10, evaluate_every=10, **starts,
    )  # fmt: skip
    a, b = (fit(x, options).resumable.parameters for x in (X, spoiled))
    for name in a:
        if name != "samples":
            np.testing.assert_allclose(a[name], b[name], atol=2e-3)
    np.testing.assert_allclose(
        a["samples"][holdout.counted], b["samples"][holdout.counted], atol=2e-3
    )
    assert np.abs(a["samples"][out] - b["samples"][out]).max() > 0.1


def test_samples_held_out_whole_are_still_embedded(X):
    options = choose("default", validation=0.2, validation_by="samples", steps=150)
    fitted = fit(X, options)
    losses = [record["validation_loss"] for record in fitted.history]
    assert min(losses) < 0.8 * ((X - X.mean(0)) ** 2).mean()


def test_an_extreme_held_out_value_does_no_harm(X):
    """Offset, scale and bounds are exact; products round to 32 bits of the greatest value."""
    held_out = draw(InMemory(X), 0.1, "entries", 0, in_order(X.shape)).entries
    extreme = X.copy()
    extreme[held_out.rows, held_out.cols] *= 1e4
    options = choose("default", validation=0.1, steps=1)
    a, b = (fit(x, options).trained.module for x in (X, extreme))
    assert torch.equal(a.offset, b.offset)
    assert float(a.scale) == pytest.approx(float(b.scale), rel=1e-4)
