"""From an AnnData to a trained model in it, by the verbs."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from scipy import sparse

import fe_anndata as fe
from fe_anndata.models.generain.corpus import gather
from fe_anndata.models.generain.held_out import HeldOut
from fe_anndata.models.generain.sizes import sized
from fe_anndata.models.generain.start import components, scores_of
from fe_anndata.models.generain.timetable import onecycle, rate
from tests.helpers import problem
from tests.models.generain.conftest import cohort

OBJECTIVES = ("next-gene", "masked-gene", "masked-expression")


def result(adata):
    return adata.obsm["X_generain"].tobytes(), adata.varm["generain"].tobytes()


def weights(adata):
    return {name: w.tobytes() for name, w in adata.uns["generain"]["model"].items()}


@pytest.mark.parametrize("values", ["bins", "z"])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_what_is_written(objective, values, quick, tmp_path):
    adata = cohort()
    fe.tl.train(adata, "generain", objective=objective, values=values, **quick)
    assert adata.obsm["X_generain"].shape == (40, 8)
    assert adata.varm["generain"].shape == (60, 8)
    assert adata.var["generain_trained"].all()
    history = fe.get.history(adata, key="generain")
    assert history["step"].tolist() == [0, 2, 4, 6]
    assert np.isfinite(history["validation_loss"]).all()
    of_numbers = objective == "masked-expression"
    assert adata.uns["generain"]["loss"] == ("mse" if of_numbers else "cross-entropy")
    baselines = adata.uns["generain"]["baselines"]
    named = {"constant"} if objective == "masked-expression" else {"unigram", "bag", "bag_of_start"}
    assert set(baselines) == named
    adata.write_h5ad(tmp_path / "a.h5ad")
    new = cohort(7, rng=5)
    direct = fe.tl.transform(new, adata, key="generain", progress=False, copy=True)
    through = fe.tl.transform(new, tmp_path / "a.h5ad", key="generain", progress=False, copy=True)
    assert direct.obsm["X_generain"].tobytes() == through.obsm["X_generain"].tobytes()
    unit = "squared_error" if objective == "masked-expression" else "cross_entropy"
    for name in (unit, "outlier", "n_genes"):
        assert direct.obs[f"generain_{name}"].equals(through.obs[f"generain_{name}"])
    assert len(fe.tl.similar_genes(adata, "g003", key="generain")) == 10


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_learns(objective, quick):
    adata = cohort(120, zeros=0.0, apart=1.5)
    more = {"steps": 100, "evaluate_every": 50, "learning_rate": 1e-2}
    fe.tl.train(adata, "generain", objective=objective, **{**quick, **more})
    losses = fe.get.history(adata, key="generain")["validation_loss"]
    assert losses.iloc[-1] < losses.iloc[0] - 0.03, losses.tolist()


def test_training_samples_are_embedded_as_new_ones(trained):
    placed = fe.tl.transform(
        trained, trained, key="generain", key_added="again", progress=False, copy=True
    )
    assert placed.obsm["X_again"].tobytes() == trained.obsm["X_generain"].tobytes()


@pytest.mark.parametrize("pooling", ["mean", "last", "cls"])
def test_a_new_sample_alone_is_as_in_company(pooling, quick):
    adata, new = cohort(), cohort(30, rng=3)
    new.X[4, :30] = np.nan
    objective = "masked-gene" if pooling == "cls" else "next-gene"
    fe.tl.train(adata, "generain", pooling=pooling, objective=objective, **quick)
    together = fe.tl.transform(new, adata, key="generain", progress=False, copy=True)
    for i in (0, 4, 29):
        alone = fe.tl.transform(new[[i]].copy(), adata, key="generain", progress=False, copy=True)
        assert alone.obsm["X_generain"].tobytes() == together.obsm["X_generain"][[i]].tobytes()
        name = "generain_cross_entropy"
        assert alone.obs[name].to_numpy().tobytes() == together.obs[name].to_numpy()[[i]].tobytes()


def test_values_count_by_their_order_alone(quick):
    counts, logs = cohort(), cohort()
    logs.X = np.log1p(logs.X)
    for adata in (counts, logs):
        fe.tl.train(adata, "generain", start="random", **quick)
    assert result(counts) == result(logs)


def test_the_order_of_samples_and_genes_does_not_matter(quick):
    adata, rng = cohort(), np.random.default_rng(0)
    turned = adata[rng.permutation(40), rng.permutation(60)].copy()
    for one in (adata, turned):
        fe.tl.train(one, "generain", start="random", **quick)
    back = turned[adata.obs_names, adata.var_names]
    assert result(adata) == (back.obsm["X_generain"].tobytes(), back.varm["generain"].tobytes())


def test_wherever_the_matrix_is(quick, tmp_path):
    adata = cohort()
    fe.tl.train(adata, "generain", **quick)
    in_csr = cohort()
    in_csr.X = sparse.csr_matrix(in_csr.X)
    in_csr.write_h5ad(tmp_path / "a.h5ad")
    fe.tl.train(in_csr, "generain", **quick)
    from_file = fe.tl.train(tmp_path / "a.h5ad", "generain", **quick)
    assert result(in_csr) == result(from_file) == result(adata)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_number_of_threads_does_not_matter(threads, quick, trained, monkeypatch):
    monkeypatch.setattr(fe.settings, "threads", threads)
    monkeypatch.setattr("fe_anndata.models.generain.task.PIECE", 2 * quick["tokens"])
    adata, other = cohort(), cohort()
    fe.tl.train(adata, "generain", **quick)
    monkeypatch.setattr(fe.settings, "threads", 1)
    fe.tl.train(other, "generain", **quick)
    assert result(adata) == result(other)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_run_that_was_killed_ends_as_if_it_was_not(objective, quick, tmp_path, monkeypatch):
    from fe_anndata.models.generain.task import Training

    unbroken, broken = cohort(), cohort()
    more = {**quick, "objective": objective, "steps": 8}
    fe.tl.train(unbroken, "generain", checkpoint=tmp_path / "a", **more)

    def killed(self, step, backward=Training.backward):
        if step == 5:
            raise SystemExit
        return backward(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "backward", killed)
        with pytest.raises(SystemExit):
            fe.tl.train(broken, "generain", checkpoint=tmp_path / "b", **more)
    fe.tl.train(broken, "generain", checkpoint=tmp_path / "b", resume=True, **more)
    assert result(broken) == result(unbroken)
    assert weights(broken) == weights(unbroken)
    assert broken.uns["generain"]["baselines"] == unbroken.uns["generain"]["baselines"]


def test_genes_that_no_list_shows(quick):
    adata = cohort()
    adata.X[:, 7] = 0
    adata.X[3, 7] = 1  # of one panel value, the lowest bin
    fe.tl.train(adata, "generain", **quick)
    missing = np.isnan(adata.varm["generain"]).any(axis=1)
    assert missing.tolist() == [i == 7 for i in range(60)]
    new = cohort(3, rng=2)
    placed = fe.tl.transform(new, adata, key="generain", progress=False, copy=True)
    assert np.isfinite(placed.obsm["X_generain"]).all()
    assert "g007" not in fe.get.genes(adata, key="generain").obs_names


def test_a_start_of_your_own(quick):
    adata = cohort()
    adata.varm["mine"] = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    del quick["width"]
    fe.tl.train(adata, "generain", start="mine", **{**quick, "steps": 1})
    assert adata.uns["generain"]["params"]["width"] == 8
    ours, mine = (np.asarray(v) for v in (adata.varm["generain"], adata.varm["mine"]))
    assert np.corrcoef(ours.ravel(), mine.ravel())[0, 1] > 0.99


def test_it_says_what_has_to_be_beaten_and_how_long_it_takes(quick, caplog):
    with caplog.at_level(logging.INFO, "fe_anndata"):
        fe.tl.train(cohort(), "generain", **quick)
    said = [record.getMessage() for record in caplog.records]
    assert any("bag" in line and "unigram" in line for line in said)
    assert any("will take about" in line for line in said)


def test_vectors_that_lost_are_told(caplog):
    options = sized(fe.models.GeneRAIN(tokens=20, width=8), (120, 60))
    given = problem(cohort(120, apart=1.5).X)
    material = gather(given, options)
    pca = components(scores_of(given, material.training), 8)
    start = torch.from_numpy(pca[material.genes])
    held_out = HeldOut.begun(material, options, start, pca)
    assert held_out.facts["bag"] < held_out.facts["unigram"]
    held_out.conclude(start)
    assert "know less" not in caplog.text
    held_out.conclude(start[torch.randperm(60, generator=torch.Generator().manual_seed(0))])
    assert "know less of held-out samples than where they started" in caplog.text


def test_a_long_training_is_told(quick, monkeypatch):
    monkeypatch.setattr("fe_anndata.models.generain.task.LONG", 0.0)
    with pytest.warns(UserWarning, match="lower steps or epochs"):
        fe.tl.train(cohort(), "generain", **quick)


def test_published_layouts_train(quick):
    del quick["width"], quick["layers"], quick["heads"]
    small = {"width": 8, "layers": 1, "heads": 2, "epochs": 1.0, "feed_forward": 16}
    del quick["steps"]
    for objective in OBJECTIVES:
        adata = cohort()
        fe.tl.train(adata, "generain", recipe="generain2024", objective=objective,
                    **{**quick, **small})  # fmt: skip
        assert adata.uns["generain"]["params"]["attention_dropout"] == 0.05
        assert fe.get.history(adata, key="generain")["step"].iloc[-1] == 5  # 36 samples, 8 a step
        assert np.isfinite(adata.obsm["X_generain"]).all()


def test_the_published_cycle_is_that_of_torch():
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 1.0, total_steps=40, pct_start=0.2, div_factor=5, cycle_momentum=False
    )
    for epoch in range(39):
        assert onecycle(epoch, 40, 0.2) == pytest.approx(cycle.get_last_lr()[0], rel=1e-6)
        optimiser.step()
        cycle.step()
    frozen = fe.models.family("generain").choose("generain2024", {}, {})
    assert (
        rate(frozen, 35 * 7, 280, 7) == rate(frozen, 30 * 7, 280, 7) < rate(frozen, 9 * 7, 280, 7)
    )


def test_the_default_rates_rise_and_fall():
    options = fe.models.GeneRAIN()
    rates = [rate(options, step, 100, 10) for step in range(100)]
    assert max(rates) == rates[5] == 1.0
    assert (np.diff(rates[:6]) > 0).all()
    assert (np.diff(rates[5:]) < 0).all()
    assert rates[-1] < 1e-3
