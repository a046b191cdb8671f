"""What a trained model expects next, and genes in the context of samples."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from tests.models.generain.conftest import cohort


def test_probabilities_are_of_genes_not_yet_listed(trained):
    table = fe.get.token_probabilities(trained, "s003", list(trained.var_names), key="generain")
    listed, found = table["listed"].to_numpy(), table.drop(columns="listed")
    assert (len(table), len(set(listed))) == (20, 20)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    for place in range(20):
        assert (found.iloc[place][listed[: place + 1]] == 0).all()
        assert (found.iloc[place][listed[place + 1 :]] > 0).all()


def test_probabilities_are_those_of_the_loss(trained):
    table = fe.get.token_probabilities(trained, "s003", list(trained.var_names), key="generain")
    listed = table["listed"].to_numpy()
    right = [table[gene].iloc[place] for place, gene in enumerate(listed[1:])]
    placed = fe.tl.transform(trained[["s003"]].copy(), trained, key="generain",
                             key_added="new", progress=False, copy=True)  # fmt: skip
    assert placed.obs["new_cross_entropy"].iloc[0] == pytest.approx(-np.log(right).mean(), rel=1e-5)


def test_the_most_probable_genes(trained):
    table = fe.get.token_probabilities(trained, "s003", key="generain")
    some = fe.get.token_probabilities(trained, "s003", "g005", key="generain")
    last = table.iloc[-1, 1:].to_numpy(dtype=float)
    assert len(last) == 10
    assert (np.diff(last) <= 0).all()
    assert some.columns.tolist() == ["listed", "g005"]


def test_what_cannot_be_asked(trained, quick):
    with pytest.raises(KeyError, match="s999"):
        fe.get.token_probabilities(trained, "s999", key="generain")
    with pytest.raises(KeyError, match="nogene"):
        fe.get.token_probabilities(trained, "s001", "nogene", key="generain")
    fe.tl.train(trained, steps=5, progress=False)
    with pytest.raises(ValueError, match="which gene comes next"):
        fe.get.token_probabilities(trained, "s001")
    with pytest.raises(ValueError, match="no vectors of their own"):
        fe.tl.embed_genes(trained)
    masked = cohort()
    fe.tl.train(masked, "generain", objective="masked-gene", **quick)
    with pytest.raises(ValueError, match="objective='next-gene' does"):
        fe.get.token_probabilities(masked, "s001", key="generain")


def test_genes_in_context(trained):
    one = fe.tl.embed_genes(trained, trained.obs_names == "s003", key="generain", copy=True)
    listed = fe.get.token_probabilities(trained, "s003", key="generain")["listed"]
    found = one.varm["generain_context"]
    shown = one.var_names[np.isfinite(found).all(axis=1)]
    assert set(shown) == set(listed)
    # The embedding of a sample is the mean of the genes in it.
    mean = found[np.isfinite(found).all(axis=1)].mean(0)
    sample = trained.obsm["X_generain"][trained.obs_names.get_loc("s003")]
    np.testing.assert_allclose(mean, sample, rtol=1e-4, atol=1e-6)
    fe.tl.embed_genes(trained, key="generain", key_added="ctx")
    assert np.isfinite(trained.varm["ctx"]).all(axis=1).sum() > 20


def test_what_is_written_and_what_is_not(trained):
    before = trained.copy()
    copied = fe.tl.embed_genes(trained, key="generain", copy=True)
    fe.get.token_probabilities(trained, "s001", key="generain")
    assert set(trained.varm) == set(before.varm)
    assert fe.tl.embed_genes(trained, key="generain") is None
    np.testing.assert_array_equal(trained.varm["generain_context"], copied.varm["generain_context"])
    assert set(trained.obsm) == set(before.obsm)


def test_samples_are_chosen_by_booleans(trained):
    with pytest.raises(ValueError, match="40 booleans"):
        fe.tl.embed_genes(trained, np.arange(3), key="generain")
    with pytest.raises(ValueError, match="no sample"):
        fe.tl.embed_genes(trained, np.zeros(40, bool), key="generain")
