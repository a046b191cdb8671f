"""Sample vectors that are made of those of donors, conditions and the like."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

QUICK = {"sample_dim": 6, "gene_dim": 12, "progress": False}
DONORS, CONDITIONS, M = 8, 4, 60


def crossed(n=480, seed=0, interaction=1.0):
    """Samples of all donors in all conditions, which act upon each other, without noise beside."""
    draw = np.random.default_rng(seed)
    donor, condition = draw.integers(DONORS, size=n), draw.integers(CONDITIONS, size=n)
    u, v = draw.normal(size=(DONORS, 2)), draw.normal(size=(CONDITIONS, 2))
    loadings = draw.normal(size=(3, 2, M))
    # The response to a condition depends on the donor, by a product of what they are.
    both = interaction * (u[donor] * v[condition]) @ loadings[2]
    truth = u[donor] @ loadings[0] + v[condition] @ loadings[1] + both
    X = truth + 0.3 * draw.normal(size=truth.shape)
    obs = pd.DataFrame(
        {"donor": [f"d{i}" for i in donor], "condition": [f"c{i}" for i in condition]},
        index=[f"s{i}" for i in range(n)],
    )
    var = pd.DataFrame(index=[f"g{j}" for j in range(M)])
    return ad.AnnData(
        X.astype(np.float32), obs=obs, var=var, layers={"truth": truth.astype(np.float32)}
    )


@pytest.fixture(scope="module")
def trained():
    adata = crossed()
    fe.tl.train(adata, factors=["donor", "condition"], **QUICK)
    return adata


def test_samples_are_the_sums_of_their_factors(trained):
    tables = trained.uns["fe"]["factors"]
    assert list(tables["donor"].index) == [f"d{i}" for i in range(DONORS)]
    total = (
        tables["donor"].loc[trained.obs["donor"]].to_numpy()
        + tables["condition"].loc[trained.obs["condition"]].to_numpy()
    )
    np.testing.assert_allclose(trained.obsm["X_fe"], total, atol=1e-4)
    assert trained.uns["fe"]["params"]["factors"].tolist() == ["donor", "condition"]
    assert not trained.uns["fe"]["params"]["place_samples"]


def test_in_a_concatenation_each_has_coordinates_of_its_own():
    adata = crossed()
    # As trained: metric='expression' mixes coordinates in the end.
    few = {**QUICK, "factors_form": "concatenation", "metric": "free", "steps": 30}
    fe.tl.train(adata, factors=["donor", "condition"], **few)
    u = pd.DataFrame(adata.obsm["X_fe"])
    for name, own in (("donor", [0, 1, 2]), ("condition", [3, 4, 5])):
        first = u[own].groupby(adata.obs[name].to_numpy()).transform("first")
        np.testing.assert_array_equal(u[own], first)
    with pytest.raises(ValueError, match="no coordinate for each of 2 factors"):
        fe.tl.train(adata, factors=["donor", "condition"], **{**few, "sample_dim": 1})


def test_combinations_that_no_sample_has_are_foretold():
    adata = crossed()
    codes = adata.obs["donor"].str[1:].astype(int) + adata.obs["condition"].str[1:].astype(int)
    out = (codes % 5 == 0).to_numpy()
    seen = adata[~out].copy()
    fe.tl.train(seen, factors=["donor", "condition"], **QUICK)
    asked = adata.obs[out].drop_duplicates()
    found = fe.tl.generate(seen, factors={name: list(asked[name]) for name in asked})
    assert found.obs["donor"].tolist() == asked["donor"].tolist()
    truth = np.array([adata.layers["truth"][list(adata.obs_names).index(s)] for s in asked.index])
    mean = seen.X.mean(0)
    additive = sum(
        np.array([seen.X[(seen.obs[name] == level).to_numpy()].mean(0) for level in asked[name]])
        for name in asked
    )
    r2 = [
        1 - np.square(of - truth).sum() / np.square(truth - mean).sum()
        for of in (found.X, additive - mean)
    ]
    assert r2[0] > r2[1] + 0.1
    assert r2[0] > 0.7


def test_samples_may_have_a_part_of_their_own():
    adata = crossed()
    draw = np.random.default_rng(1)
    adata.X += np.outer(draw.normal(size=len(adata)), draw.normal(size=M)).astype(np.float32)
    losses = {}
    for names in (("donor", "condition"), ("donor", "condition", "sample")):
        fe.tl.train(adata, factors=names, **QUICK)
        losses[len(names)] = adata.uns["fe"]["params"]["validation_loss"]
    assert losses[3] < 0.8 * losses[2]
    assert set(adata.uns["fe"]["factors"]) == {"donor", "condition"}


def test_a_file_holds_the_factors(trained, tmp_path):
    trained.write_h5ad(tmp_path / "model.h5ad")
    asked = {"donor": ["d3", "d1"], "condition": ["c0", "c2"]}
    here, there = (fe.tl.generate(of, factors=asked) for of in (trained, tmp_path / "model.h5ad"))
    np.testing.assert_array_equal(here.X, there.X)
    new = crossed(seed=3)[:5].copy()
    fe.tl.transform(new, tmp_path / "model.h5ad", progress=False)
    assert np.isfinite(new.obsm["X_fe"]).all()


@pytest.mark.parametrize("through", ["uns", "checkpoint"])
def test_a_run_goes_on_as_if_it_had_not_stopped(through, tmp_path):
    keywords = {"factors": ("donor", "condition"), **QUICK}
    whole, parts = crossed(), crossed()
    fe.tl.train(whole, steps=40, **keywords)
    where = {"checkpoint": tmp_path / "run"} if through == "checkpoint" else {}
    fe.tl.train(parts, steps=20, **keywords, **where)
    if through == "checkpoint":
        parts = crossed()
    fe.tl.train(parts, steps=40, resume=True, progress=False, **where)
    np.testing.assert_array_equal(whole.obsm["X_fe"], parts.obsm["X_fe"])
    parts.obs["donor"] = np.roll(parts.obs["donor"], 1)
    with pytest.raises(ValueError, match="not those of the training"):
        fe.tl.train(parts, steps=60, resume=True, progress=False, **where)
    with pytest.raises(ValueError, match="leave out factors"):
        fe.tl.train(parts, steps=60, resume=True, progress=False, factors="donor", **where)


@pytest.mark.parametrize(
    ("keywords", "error", "said"),
    [
        ({"factors": ["doner"]}, KeyError, "did you mean 'donor'"),
        ({"factors": ["sample"]}, ValueError, "names no column"),
        ({"factors": []}, ValueError, "names no column"),
        ({"factors": ["donor", "donor"]}, ValueError, "twice"),
        ({"factors": "one"}, ValueError, "same value for all samples"),
        ({"factors": "gaps"}, ValueError, "missing for 1 samples, such as 's2'"),
        ({"factors": "age"}, TypeError, "holds numbers"),
        ({"factors": "donor", "decoder": "concat"}, ValueError, "minibatch='full'"),
        ({"factors": "donor", "model": "generain"}, ValueError, "does not apply"),
    ],
)
def test_factors_that_cannot_be(keywords, error, said):
    adata = crossed()
    adata.obs["one"], adata.obs["age"] = "x", np.arange(len(adata)) / 7
    adata.obs["gaps"] = adata.obs["donor"].where(adata.obs_names != "s2")
    with pytest.raises(error, match=said):
        fe.tl.train(adata, **keywords, progress=False)
    assert "X_fe" not in adata.obsm


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"donor": "d1", "condition": "c9"}, KeyError, "'c9' of 'condition' was not trained on"),
        ({"donor": "d1", "run": "c1"}, KeyError, "no factor 'run'"),
        ({"donor": "d1"}, ValueError, "has a factor 'condition', too"),
        ({"donor": ["d1", "d2"], "condition": "c1"}, ValueError, "give as many of each"),
        (None, ValueError, "give coordinates"),
    ],
)
def test_combinations_that_cannot_be(trained, asked, error, said):
    with pytest.raises(error, match=said):
        fe.tl.generate(trained, factors=asked)


def test_a_model_without_factors_says_so():
    adata = crossed()
    fe.tl.train(adata, steps=5, **QUICK)
    with pytest.raises(ValueError, match="trained without factors"):
        fe.tl.generate(adata, factors={"donor": "d1"})
