"""Models that are told the batches of samples."""

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

import fe_anndata as fe
from fe_anndata.models.exceiver.steps import Steps

N, M, KINDS, DONORS = 400, 60, 4, 4
QUICK = {"sample_dim": 4, "gene_dim": 8, "progress": False}
FEW = {"sample_dim": 4, "width": 16, "latents": 4, "heads": 2, "progress": False}


def simulated(seed=0, shift=1.5, uneven=True):
    """Samples of some kinds from some donors, the shift of a donor apart in a layer."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(KINDS, size=N)
    shares = np.array([0.55, 0.15, 0.15, 0.15]) if uneven else np.full(DONORS, 0.25)
    donors = np.array([rng.choice(DONORS, p=np.roll(shares, kind)) for kind in kinds])
    free = 2 * rng.normal(size=(KINDS, M))[kinds] + rng.normal(size=(N, M))
    X = free + shift * rng.normal(size=(DONORS, M))[donors]
    obs = pd.DataFrame(
        {"donor": [f"d{i}" for i in donors], "kind": [f"k{i}" for i in kinds]},
        index=[f"s{i}" for i in range(N)],
    )
    return ad.AnnData(
        X.astype(np.float32),
        obs=obs,
        var=pd.DataFrame(index=[f"g{j}" for j in range(M)]),
        layers={"free": free.astype(np.float32)},
    )


def explained(u, batch, kind):
    """Return the share of the variance within kinds that batches explain, less that of chance."""
    u = u - pd.DataFrame(u).groupby(np.asarray(kind)).transform("mean").to_numpy()
    means = pd.DataFrame(u).groupby(np.asarray(batch)).transform("mean").to_numpy()
    return float(np.square(means).sum() / np.square(u).sum())


@pytest.fixture(scope="module")
def trained():
    adata = simulated()
    parts = adata[:300].copy(), adata[300:].copy()
    fe.tl.train(parts[0], batch_key="donor", **QUICK)
    return parts


def test_the_embedding_is_without_the_batch(trained):
    adata, new = (part.copy() for part in trained)
    fe.tl.train(adata, key_added="plain", **QUICK)
    fe.tl.transform(new, adata, progress=False)
    fe.tl.transform(new, adata, key="plain", progress=False)
    for part in (adata, new):
        with_batches, plain = (
            explained(part.obsm[key], part.obs["donor"], part.obs["kind"])
            for key in ("X_fe", "X_plain")
        )
        assert with_batches < 0.1 < plain
    accuracy = {}
    for key in ("X_fe", "X_plain"):
        near = KNeighborsClassifier(15).fit(adata.obsm[key], adata.obs["kind"])
        accuracy[key] = near.score(new.obsm[key], new.obs["kind"])
    assert accuracy["X_fe"] > 0.97
    assert accuracy["X_fe"] >= accuracy["X_plain"]


def test_prediction_is_of_the_own_batch_or_of_none(trained):
    adata, new = (part.copy() for part in trained)
    fe.tl.transform(new, adata, progress=False)
    for part, reference in ((adata, None), (new, adata)):
        fe.tl.reconstruct(part, "own", reference=reference)
        fe.tl.reconstruct(part, "mean", reference=reference, batches="mean")
        of_own, of_free = (
            np.square(part.layers["own"] - X).mean() for X in (part.X, part.layers["free"])
        )
        assert of_own < of_free
        # Without batches the prediction follows what the samples would be without them.
        level = part.layers["mean"] - part.layers["free"]
        level -= level.mean(0)
        of_own = part.layers["own"] - part.layers["free"]
        assert np.square(level).mean() < np.square(of_own - of_own.mean(0)).mean()
    assert adata.uns["fe"]["params"]["validation_loss"] < 0.75 * adata.X.var(0).mean()


def test_imputed_values_are_of_the_own_batch(trained):
    _, new = (part.copy() for part in trained)
    held = new.X[:, :5].copy()
    new.X[:, :5] = np.nan
    fe.tl.transform(new, trained[0], progress=False)
    fe.tl.impute(new, "filled", reference=trained[0])
    fe.tl.reconstruct(new, "mean", reference=trained[0], batches="mean")
    error, without = (
        np.square(new.layers[name][:, :5] - held).mean() for name in ("filled", "mean")
    )
    assert error < 0.7 * without


def test_a_file_holds_what_batches_do(trained, tmp_path):
    adata, new = (part.copy() for part in trained)
    fe.tl.transform(new, adata, progress=False)
    adata.write_h5ad(tmp_path / "model.h5ad")
    again = trained[1].copy()
    fe.tl.transform(again, tmp_path / "model.h5ad", progress=False)
    np.testing.assert_array_equal(new.obsm["X_fe"], again.obsm["X_fe"])
    design = fe.io.read_h5ad(tmp_path / "model.h5ad").uns["fe"]["batches"]["design"]
    assert design["level"].tolist() == ["d0", "d1", "d2", "d3"]


def test_placed_samples_do_not_feel_their_company(trained):
    adata, new = (part.copy() for part in trained)
    fe.tl.transform(new, adata, progress=False)
    few = trained[1][[7, 3]].copy()
    fe.tl.transform(few, adata, progress=False)
    np.testing.assert_array_equal(few.obsm["X_fe"], new.obsm["X_fe"][[7, 3]])


@pytest.mark.filterwarnings("ignore:.*not trained on.*")
def test_what_an_unknown_batch_does_is_estimated_from_its_samples():
    adata = simulated(shift=2.5, uneven=False)
    new = adata[adata.obs["donor"] == "d3"].copy()
    reference = adata[adata.obs["donor"] != "d3"].copy()
    fe.tl.train(reference, batch_key="donor", **QUICK)
    apart = {}
    for how in ("mean", "estimate"):
        fe.tl.transform(new, reference, new_batches=how, progress=False)
        both = np.concatenate([reference.obsm["X_fe"], new.obsm["X_fe"]])
        batch = np.repeat(["old", "new"], [len(reference), len(new)])
        kind = np.concatenate([reference.obs["kind"], new.obs["kind"]])
        apart[how] = explained(both, batch, kind)
    assert apart["estimate"] < 0.5 * apart["mean"]


def test_an_unknown_batch_is_said(trained):
    new = trained[1].copy()
    new.obs["donor"] = "elsewhere"
    with pytest.warns(UserWarning, match=r"100 samples .*donor=elsewhere"):
        fe.tl.transform(new, trained[0], progress=False)
    with pytest.raises(ValueError, match="new_batches must be one of"):
        fe.tl.transform(new, trained[0], new_batches="guess", progress=False)


def test_estimates_need_a_model_with_batches():
    adata = simulated()
    fe.tl.train(adata, steps=4, **QUICK)
    with pytest.raises(ValueError, match="trained with batch_key"):
        fe.tl.transform(simulated()[:9].copy(), adata, new_batches="estimate", progress=False)


def test_several_columns_and_numbers():
    adata = simulated()
    rng = np.random.default_rng(1)
    adata.obs["age"] = rng.normal(50, 10, N)
    adata.X += np.outer((adata.obs["age"] - 50) / 10, 2 * rng.normal(size=M)).astype(np.float32)
    fe.tl.train(adata, batch_key=["donor", "age"], **QUICK)
    fe.tl.train(adata, batch_key="donor", key_added="one", **QUICK)
    assert adata.uns["fe"]["params"]["batch_key"].tolist() == ["donor", "age"]
    of_age = [
        max(abs(np.corrcoef(u, adata.obs["age"])[0, 1]) for u in adata.obsm[key].T)
        for key in ("X_fe", "X_one")
    ]
    assert of_age[0] < 0.15 < 0.4 < of_age[1]


@pytest.mark.parametrize("through", ["uns", "checkpoint"])
def test_a_run_goes_on_as_if_it_had_not_stopped(through, tmp_path):
    keywords = {"batch_key": "donor", "solve_every": 2, **QUICK}
    whole, parts = simulated(), simulated()
    fe.tl.train(whole, steps=12, **keywords)
    where = {"checkpoint": tmp_path / "run"} if through == "checkpoint" else {}
    fe.tl.train(parts, steps=6, **keywords, **where)
    if through == "checkpoint":
        parts = simulated()
    fe.tl.train(parts, steps=12, resume=True, progress=False, **where)
    np.testing.assert_array_equal(whole.obsm["X_fe"], parts.obsm["X_fe"])
    np.testing.assert_array_equal(
        whole.uns["fe"]["batches"]["effects"], parts.uns["fe"]["batches"]["effects"]
    )


@pytest.mark.parametrize("through", ["uns", "checkpoint"])
def test_a_run_of_other_batches_does_not_go_on(through, tmp_path):
    adata = simulated()
    where = {"checkpoint": tmp_path / "run"} if through == "checkpoint" else {}
    fe.tl.train(adata, steps=6, batch_key="donor", **QUICK, **where)
    adata.obs["donor"] = np.roll(adata.obs["donor"], 1)  # as many of each
    with pytest.raises(ValueError, match=r"columns of adata\.obs that batches come from"):
        fe.tl.train(adata, steps=12, resume=True, progress=False, **where)
    with pytest.raises(ValueError, match="leave out batch_key"):
        fe.tl.train(adata, steps=12, resume=True, batch_key="kind", progress=False, **where)


def test_models_without_batches_say_so():
    adata = simulated()
    with pytest.raises(ValueError, match="gene_step='solve'"):
        fe.tl.train(adata, batch_key="donor", decoder="concat", progress=False)
    with pytest.raises(ValueError, match="does not apply to the family 'generain'"):
        fe.tl.train(adata, "generain", batch_key="donor", progress=False)
    assert "X_fe" not in adata.obsm


def test_batches_of_one_class_each_are_said():
    adata = counts()
    adata.obs["kind"] = adata.obs["donor"].map({"d0": "a", "d1": "a", "d2": "b", "d3": "b"})
    with pytest.warns(UserWarning, match="one 'kind' alone"):
        fe.tl.train(adata, "exceiver", batch_key="donor", labels_key="kind", steps=4, **FEW)


def counts(seed=0, uneven=True):
    adata = simulated(seed, 0.8, uneven)
    rng = np.random.default_rng(seed)
    adata.X = rng.poisson(np.exp(adata.X / 2 + 1)).astype(np.float32)
    return adata


@pytest.mark.parametrize("likelihood", ["multinomial", "nb", "poisson"])
def test_counts_in_batches(likelihood, tmp_path):
    adata = counts()
    parts = adata[:300].copy(), adata[300:].copy()
    fe.tl.train(parts[0], "exceiver", batch_key="donor", likelihood=likelihood, steps=60, **FEW)
    fe.tl.train(parts[0], "exceiver", key_added="plain", likelihood=likelihood, steps=60, **FEW)
    parts[0].write_h5ad(tmp_path / "model.h5ad")
    fe.tl.transform(parts[1], tmp_path / "model.h5ad", key="exceiver", progress=False)
    fe.tl.transform(parts[1], parts[0], key="plain", progress=False)
    for part in parts:
        with_batches, plain = (
            explained(part.obsm[f"X_{key}"], part.obs["donor"], part.obs["kind"])
            for key in ("exceiver", "plain")
        )
        assert with_batches < 0.5 * plain
    assert parts[1].obs["exceiver_nll"].mean() < parts[1].obs["plain_nll"].mean()
    fe.tl.reconstruct(parts[0], "own", key="exceiver")
    fe.tl.reconstruct(parts[0], "mean", key="exceiver", batches="mean")
    own, mean = parts[0].layers["own"], parts[0].layers["mean"]
    np.testing.assert_allclose(own.sum(1), mean.sum(1), rtol=1e-4)
    assert abs(own - mean).mean() > 0.02 * mean.mean()


def test_counts_in_batches_go_on(monkeypatch):
    keywords = {"batch_key": "donor", "likelihood": "nb", "steps": 20, "evaluate_every": 5, **FEW}
    whole, parts = counts(), counts()
    fe.tl.train(whole, "exceiver", **keywords)
    step = Steps.backward

    def killed(self, number):
        if number == 12:
            raise KeyboardInterrupt
        return step(self, number)

    monkeypatch.setattr(Steps, "backward", killed)
    fe.tl.train(parts, "exceiver", **keywords)
    assert parts.uns["exceiver"]["params"]["ended"] == "interrupted"
    monkeypatch.undo()
    fe.tl.train(parts, "exceiver", resume=True, progress=False)
    np.testing.assert_array_equal(whole.obsm["X_exceiver"], parts.obsm["X_exceiver"])


def test_a_published_layout_takes_no_batches():
    with pytest.raises(ValueError, match="takes no batches"):
        fe.tl.train(counts(), "exceiver", recipe="exceiver2022", batch_key="donor", progress=False)


def test_what_would_mislead_is_said():
    adata = simulated()
    adata.obs["run"] = np.arange(N) % 3
    with pytest.warns(UserWarning, match="few whole numbers"):
        fe.tl.train(adata, batch_key="run", steps=3, **QUICK)
    with pytest.raises(ValueError, match="in batch_key and in factors"):
        fe.tl.train(adata, batch_key="donor", factors=["donor", "kind"], **QUICK)
    with pytest.raises(TypeError, match="named by text"):
        fe.tl.train(adata, batch_key=3, **QUICK)
    fe.tl.train(adata, batch_key="donor", steps=3, **QUICK)
    del adata.obs["donor"]
    with pytest.warns(UserWarning, match=r"400 samples .*donor=None"):
        fe.tl.reconstruct(adata)


def test_a_level_called_nan_is_one(tmp_path):
    adata = simulated()
    adata.obs["donor"] = adata.obs["donor"].replace("d0", "nan")
    fe.tl.train(adata, batch_key="donor", steps=3, **QUICK)
    adata.write_h5ad(tmp_path / "model.h5ad")
    new = simulated()[:20].copy()
    new.obs["donor"] = "nan"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fe.tl.transform(new, tmp_path / "model.h5ad", progress=False)


def test_new_samples_without_a_number_are_said():
    adata = simulated()
    adata.obs["age"] = np.random.default_rng(0).normal(size=N)
    fe.tl.train(adata, batch_key="age", steps=3, **QUICK)
    new = simulated()[:20].copy()
    with pytest.warns(UserWarning, match=r"20 samples have no number in adata\.obs\['age'\]"):
        fe.tl.transform(new, adata, progress=False)
