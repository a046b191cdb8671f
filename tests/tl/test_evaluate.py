"""Out-of-sample accuracy: nothing of a test sample, and no label, reaches what is fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.decomposition import PCA

import fe_anndata as fe
from fe_anndata._access.labelled import labelled
from fe_anndata._access.layers import layers_of
from fe_anndata.evaluation import outer_folds
from fe_anndata.tl._evaluation import sides
from fe_anndata.tl._methods import named
from tests.helpers import told

QUICK = {"dims": [2], "methods": ["pca"], "classifiers": ["knn"], "folds": 3, "progress": False}
STEPS = {"steps": 20}
LISTS = {"tokens": 20, "layers": 1, "steps": 4, "minibatch_size": 8}


def of_method(name):
    return LISTS if name == "generain" else STEPS


SLOW = pytest.mark.slow  # what UMAP compiles takes longer than all the rest


@pytest.fixture
def adata():
    made = fe.datasets.simulated(90, 40, 3)
    made.obs["donor"] = [f"d{i % 15}" for i in range(90)]
    made.obs["age"] = made.obsm["factors"][:, 0]
    return made


def seen(calls, decode=False):
    """Return a method that notes what it is given."""

    def first_genes(train, dim, seed):
        def embed(given):
            calls.append((train, given))
            return np.asarray(given.X)[:, :dim]

        calls.append((train, None))
        if decode:
            embed.decode = lambda places: np.tile(train.X.mean(axis=0), (len(places), 1))
        return embed

    return first_genes


# the table


def test_a_row_per_method_dimension_fold_and_classifier(adata):
    given = {**QUICK, "dims": [4, 2], "methods": ["pca", "fe"], "classifiers": ["logistic", "knn"]}
    table = fe.tl.evaluate(adata, "group", train=STEPS, **given)
    keys = ["method", "dim", "fold", "classifier"]
    expected = [
        (m, d, f, c)
        for m in ("pca", "fe") for d in (4, 2) for f in range(3) for c in ("logistic", "knn")
    ]  # fmt: skip
    assert list(table[keys].itertuples(index=False, name=None)) == expected
    assert set(table["decoder"]) == {"linear", "inner"}
    assert (table["n_train"] + table["n_test"] == 90).all()
    assert table.select_dtypes("number").notna().all().all()
    assert (table["accuracy_new"] > 0.8).all()
    assert (table["seconds_fit"] > 0).all()


@pytest.mark.parametrize(
    ("method", "decoder", "least"),
    [
        ("fe", "inner", 0.8),
        ("fe_concat", "concat", 0.3),
        ("generain", "", 0.5),
        pytest.param("umap", "", 0.8, marks=SLOW),
    ],
)
def test_all_methods(adata, method, decoder, least):
    adata.X -= adata.X.min()  # without negative values, which lists of genes need
    given = {**QUICK, "methods": [method], "folds": 2, "train": of_method(method)}
    table = fe.tl.evaluate(adata, "group", **given)
    assert table["decoder"].tolist() == [decoder] * 2
    assert table["r2_new"].count() == (2 if decoder else 0)
    assert table["accuracy_new"].mean() > least


def test_the_same_seed_gives_the_same_table(adata):
    def table(seed):
        found = fe.tl.evaluate(
            adata, "group", **{**QUICK, "methods": ["fe"]}, train=STEPS, rng=seed
        )
        return found.drop(columns=["seconds_fit", "seconds_new"])

    pd.testing.assert_frame_equal(table(0), table(0))
    assert not table(0).equals(table(1))


def test_numbers_of_pca_by_hand(adata):
    table = fe.tl.evaluate(adata, "group", **QUICK)
    folds = outer_folds(adata.obs["group"].to_numpy(str), 3, seed=0)
    for found, (train, test) in zip(table["r2_new"], folds, strict=True):
        X, new = adata.X[train], adata.X[test]
        pca = PCA(2, svd_solver="full").fit(X)
        left = ((new - pca.inverse_transform(pca.transform(new))) ** 2).sum()
        assert found == pytest.approx(1 - left / ((new - X.mean(axis=0)) ** 2).sum(), abs=1e-4)


def test_r2_of_fe_is_that_of_its_placement(adata):
    found = fe.tl.evaluate(adata, "group", **{**QUICK, "methods": ["fe"]}, train=STEPS)
    train, test = outer_folds(adata.obs["group"].to_numpy(str), 3, seed=0)[0]
    reference, new = adata[train].copy(), adata[test].copy()
    fe.tl.train(reference, **STEPS, progress=False)
    fe.tl.transform(new, reference, progress=False)
    squares = ((new.X - reference.X.mean(axis=0)) ** 2).sum(axis=1)
    # That of placement is relative to the gene means over the entries that were not held out.
    expected = np.average(new.obs["fe_r2"], weights=squares)
    assert found["r2_new"][0] == pytest.approx(expected, abs=0.01)


def test_numeric_label(adata):
    table = fe.tl.evaluate(adata, "age", **QUICK, groups="donor")
    assert table["classifier"].tolist() == ["ridge"] * 3
    assert {"label_r2_new", "label_r2_fitted"} <= set(table)
    assert not [c for c in table if "accuracy" in c]
    adata.obs["noise"] = np.random.default_rng(0).normal(size=90)
    assert (
        table["label_r2_new"].mean()
        > fe.tl.evaluate(adata, "noise", **QUICK)["label_r2_new"].mean()
    )


def test_sparse_and_missing_values(adata):
    dense = fe.tl.evaluate(adata, "group", **QUICK)
    adata.layers["csr"] = sparse.csr_matrix(adata.X)
    found = fe.tl.evaluate(adata, "group", layer="csr", **QUICK)
    np.testing.assert_allclose(found["r2_new"], dense["r2_new"], atol=1e-5)
    adata.X[np.random.default_rng(0).random(adata.shape) < 0.1] = np.nan
    given = {**QUICK, "methods": ["fe", "pca"], "train": STEPS}
    table = fe.tl.evaluate(adata, "group", **given)
    assert (table["accuracy_new"] > 0.8).all()
    assert (table["r2_new"] > 0.3).all()


def test_samples_without_a_label_are_left_out(adata):
    adata.obs.loc[adata.obs_names[:10], "group"] = None
    calls = []
    table = fe.tl.evaluate(adata, "group", **{**QUICK, "methods": [seen(calls)]})
    assert (table["n_train"] + table["n_test"] == 80).all()
    for train, given in calls:
        for part in (train, given):
            assert part is None or not set(part.obs_names) & set(adata.obs_names[:10])


# leakage


def test_methods_see_neither_labels_nor_test_samples(adata):
    calls = []
    fe.tl.evaluate(adata, "group", **{**QUICK, "methods": [seen(calls)]}, groups="donor")
    assert len(calls) == 9
    for train, given in calls:
        assert train.obs.shape[1] == train.var.shape[1] == 0
        assert not [*train.obsm, *train.uns, *layers_of(train)]
        if given is not None and given is not train:
            assert given.obs.shape[1] == 0
            donors = [set(adata.obs.loc[part.obs_names, "donor"]) for part in (train, given)]
            assert not donors[0] & donors[1]
            assert sorted([*train.obs_names, *given.obs_names]) == sorted(adata.obs_names)


@pytest.mark.parametrize(
    "name", ["fe", "fe_concat", "generain", "pca", pytest.param("umap", marks=SLOW)]
)
def test_noise_for_test_samples_changes_no_byte_of_what_is_fitted(adata, name):
    fold = outer_folds(adata.obs["group"].to_numpy(str), 3, seed=0)[0]
    spoilt = adata.copy()
    noise = 3 * np.random.default_rng(0).normal(size=(len(fold.test), adata.n_vars))
    spoilt.X[fold.test] = (adata.X.mean(axis=0) + noise).astype(np.float32)
    keywords = {**of_method(name), "zero": -99.0} if name == "generain" else STEPS

    def embedding(of):
        both = sides(labelled(of, "group", None, None, None), fold, 20, 3, 0)
        train = both.train()
        embedder = named(name, keywords)(train, 2, 0)
        before = embedder(train).tobytes()
        embedder(both.new())  # and placing leaves it alone
        assert embedder(train).tobytes() == before
        return both.genes.tobytes(), both.means.tobytes(), before

    assert embedding(adata) == embedding(spoilt)


def test_shuffled_labels_give_chance(adata):
    adata.obs["group"] = np.random.default_rng(0).permutation(adata.obs["group"])
    given = {**QUICK, "methods": ["fe", "pca"], "folds": 5, "classifiers": ("knn", "logistic")}
    table = fe.tl.evaluate(adata, "group", **given, train=STEPS)
    # A third is chance; the standard error of 90 answers is 0.05.
    for column in ("accuracy_new", "accuracy_fitted"):
        means = table.groupby(["method", "classifier"])[column].mean()
        assert means.max() < 0.5, means


def test_fitted_and_new_are_not_mixed(adata):
    """A method that knows its own samples alone: perfect inside, chance outside."""
    places = {name: i for i, name in enumerate(adata.obs["group"].cat.categories)}

    def learned_by_heart(train, dim, seed):
        def embed(given):
            if given is not train:
                return np.random.default_rng(0).normal(size=(given.n_obs, dim))
            of = adata.obs.loc[given.obs_names, "group"].map(places).to_numpy(float)
            return np.column_stack([of, of])

        return embed

    table = fe.tl.evaluate(adata, "group", **{**QUICK, "methods": [learned_by_heart]})
    assert (table["accuracy_fitted"] == 1).all()
    assert (table["accuracy_new"] < 0.6).all()
    assert (table["distance_pearson_fitted"] > table["distance_pearson_new"] + 0.3).all()


def test_inner_folds_respect_groups(adata):
    groups = adata.obs["donor"].to_numpy(str)
    fold = outer_folds(adata.obs["group"].to_numpy(str), 3, groups=groups, seed=0)[0]
    both = sides(labelled(adata, "group", "donor", None, None), fold, None, 3, 0)
    assert len(both.inner) == 3
    for train, test in both.inner:
        of = groups[fold.train]
        assert not set(of[train]) & set(of[test])


def test_a_training_side_of_one_group_has_no_inside(adata):
    adata.obs["site"] = np.where(np.arange(90) % 2, "north", "south")
    table = fe.tl.evaluate(adata, "group", **{**QUICK, "folds": 2}, groups="site")
    assert table["accuracy_fitted"].isna().all()
    assert table["accuracy_new"].notna().all()


# methods


def test_a_method_of_ones_own(adata):
    table = fe.tl.evaluate(adata, "group", **{**QUICK, "methods": ["pca", seen([], decode=True)]})
    own = table[table["method"] == "first_genes"]
    assert (own["decoder"] == "").all()
    np.testing.assert_allclose(own["r2_new"], 0, atol=1e-6)  # it decodes the training means


def test_a_sample_that_is_placed_nowhere_is_in_the_middle(adata):
    def lost(train, dim, seed):
        return lambda given: np.full((given.n_obs, dim), 0.0 if given is train else np.nan)

    table = fe.tl.evaluate(adata, "group", **{**QUICK, "methods": [lost]})
    assert table["accuracy_new"].between(0.2, 0.5).all()


def test_keywords_of_training(adata):
    given = {**QUICK, "methods": ["fe"], "folds": 2}
    table = fe.tl.evaluate(adata, "group", **given, train={**STEPS, "decoder": "dot"})
    assert set(table["decoder"]) == {"dot"}


def test_keywords_of_each_method(adata):
    adata.X -= adata.X.min()
    given = {**QUICK, "dims": [3], "methods": ["generain", "fe_concat", "pca"], "folds": 2}
    train = {"generain": LISTS, "fe_concat": {"hidden": (4,)}, "steps": 3}
    table = fe.tl.evaluate(adata, "group", **given, train=train)
    assert table["decoder"].tolist() == [""] * 2 + ["concat"] * 2 + ["linear"] * 2


def test_genes_are_chosen(adata):
    calls = []
    adata.var["some"] = np.arange(40) < 30
    given = {**QUICK, "methods": [seen(calls)], "mask_var": "some", "n_top_genes": 12}
    fe.tl.evaluate(adata, "group", **given)
    chosen = {tuple(train.var_names) for train, _ in calls}
    assert all(len(c) == 12 and set(c) <= set(adata.var_names[:30]) for c in chosen)
    assert len(chosen) > 1  # in each fold anew


# bad input


def odd(train, dim, seed):
    return lambda given: np.zeros((given.n_obs, dim + 1))


def twice():
    return [seen([]), seen([])]


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"label": "gruop"}, KeyError, ["gruop", "'group'"]),
        ({"groups": "donro"}, KeyError, ["donro", "'donor'"]),
        ({"label": "one"}, ValueError, ["one value", "'x'"]),
        ({"label": "empty"}, ValueError, ["no label"]),
        ({"label": "rare"}, ValueError, ["'r' (2)", "3 folds", "folds=2"]),
        ({"groups": "site"}, ValueError, ["2 groups", "3 folds", "folds=2"]),
        ({"groups": "gaps"}, ValueError, ["gaps", "missing"]),
        ({"groups": "group"}, ValueError, ["one group alone", "Leave out"]),
        ({"folds": 1}, ValueError, ["at least 2"]),
        ({"dims": []}, ValueError, ["dims"]),
        ({"dims": [2, 2]}, ValueError, ["different"]),
        ({"dims": [0]}, ValueError, ["positive"]),
        ({"dims": [2.0]}, ValueError, ["integers"]),
        ({"dims": [40]}, ValueError, ["40 dimensions", "40 genes"]),
        ({"methods": []}, ValueError, ["methods", "at least one"]),
        ({"methods": ["tsne"]}, ValueError, ["'umap'", "'tsne'"]),
        ({"methods": [3]}, TypeError, ["f(train, dim, seed)"]),
        ({"methods": twice()}, ValueError, ["'first_genes'"]),
        ({"methods": [odd]}, ValueError, ["'odd'", "60 x 2"]),
        ({"classifiers": ["svm"]}, ValueError, ["'knn'", "'svm'"]),
        ({"classifiers": []}, ValueError, ["classifiers"]),
        ({"n_top_genes": 50}, ValueError, ["from 1 to 40"]),
        ({"layer": "truht"}, KeyError, ["'truth'"]),
        ({"train": {"sample_dim": 3}}, ValueError, ["sample_dim", "leave it out"]),
        ({"train": {"checkpoint": "run"}}, ValueError, ["checkpoint", "leave it out"]),
        ({"train": {"fe": {"steps": 3}}}, ValueError, ["'fe'", "train"]),
        ({"methods": ["generain"], "train": {"width": 3}}, ValueError, ["width", "leave it out"]),
        ({"methods": ["generain"], "train": {"decoder": "dot"}}, TypeError, ["decoder", "'fe'"]),
        ({"train": {"setps": 3}}, TypeError, ["setps", "'steps'"]),
        ({"train": {"options": 3}}, TypeError, ["options"]),
        ({"train": {"batch_size": 3}}, TypeError, ["minibatch_size"]),
        ({"layer": "hole"}, ValueError, ["no observed value", "sample3"]),
        ({"layer": "infinite"}, ValueError, ["infinite"]),
        ({"layer": "gap", "n_top_genes": 10}, ValueError, ["missing values", "mask_var"]),
        ({"rng": -1}, ValueError, ["rng"]),
    ],
    ids=told,
)
def test_errors(adata, wrong, error, words):
    adata.obs["one"] = "x"
    adata.obs["empty"] = pd.Series(np.nan, index=adata.obs_names, dtype=object)
    adata.obs["rare"] = np.where(np.arange(90) < 2, "r", "s")
    adata.obs["site"] = np.where(np.arange(90) % 2, "north", "south")
    adata.obs["gaps"] = adata.obs["donor"].where(np.arange(90) > 3)
    for name, value in (("hole", np.nan), ("infinite", np.inf), ("gap", np.nan)):
        adata.layers[name] = adata.X.copy()
        adata.layers[name][2, : 1 if name == "gap" else None] = value
    with pytest.raises(error) as raised:
        fe.tl.evaluate(adata, **{"label": "group", **QUICK, **wrong})
    for word in words:
        assert word in str(raised.value)


def test_not_an_anndata():
    with pytest.raises(TypeError, match="AnnData"):
        fe.tl.evaluate(np.ones((3, 3)), "group")


def test_interrupted_evaluation_returns_what_is_complete():
    calls = []

    def method(train, dim, seed):
        calls.append(dim)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return lambda adata: np.asarray(adata.X[:, :dim], dtype=np.float32)

    adata = fe.datasets.simulated(60, 20, 3)
    more = {"dims": [2], "methods": [method], "classifiers": ["knn", "logistic"]}
    with pytest.warns(UserWarning, match="interrupted: the table holds 3 of 5 fits"):
        table = fe.tl.evaluate(adata, "group", progress=False, **more)
    assert table["fold"].tolist() == [0, 0, 1, 1, 2, 2]
    calls[:] = [0, 0, 0]
    with pytest.raises(KeyboardInterrupt):  # nothing is complete
        fe.tl.evaluate(adata, "group", progress=False, **more)


def test_an_interrupted_training_is_not_judged(monkeypatch):
    def interrupted(adata, model, **_):
        adata.uns["fe"] = {"params": {"ended": "interrupted"}}

    monkeypatch.setattr("fe_anndata.tl._methods.train_model", interrupted)
    adata = fe.datasets.simulated(60, 20, 3)
    with pytest.raises(KeyboardInterrupt):
        fe.tl.evaluate(adata, "group", dims=[2], methods=["fe"], progress=False)


def test_progress_is_yes_or_no():
    with pytest.raises(TypeError, match="progress"):
        fe.tl.evaluate(fe.datasets.simulated(60, 20, 3), "group", progress="x")


@pytest.mark.parametrize(("level", "lines"), [("INFO", 0), ("DEBUG", 4)])
def test_its_own_trainings_are_not_logged_unless_asked_for(caplog, level, lines):
    adata = fe.datasets.simulated(40, 30, 2)
    with caplog.at_level(level, "fe_anndata"):
        few = {**QUICK, "methods": ["fe"], "folds": 2}
        fe.tl.evaluate(adata, "group", **few)
        assert len([r for r in caplog.records if r.levelname == "INFO"]) == lines
        fe.tl.train(adata, steps=2, progress=False)
        assert "trained 40 samples" in caplog.text
