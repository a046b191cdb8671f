"""Training through the public verb."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
import scanpy as sc
from scipy import sparse

import fe_anndata as fe


@pytest.fixture(scope="module")
def simulated():
    return fe.datasets.simulated(60, 90, 4)


def trained(adata, **keywords):
    return fe.tl.train(adata, copy=True, progress=False, **{"steps": 30, **keywords})


def test_writes_the_places_of_the_contract(simulated):
    adata = simulated.copy()
    assert fe.tl.train(adata, sample_dim=3, gene_dim=20, steps=10, progress=False) is None
    assert adata.obsm["X_fe"].shape == (60, 3)
    assert adata.varm["fe"].shape == (90, 20)
    assert adata.obsm["X_fe"].dtype == adata.varm["fe"].dtype == np.float32
    assert adata.var["fe_trained"].dtype == bool
    parts = {"params", "history", "loss", "preprocessing", "model", "format", "version"}
    assert parts <= set(adata.uns["fe"])
    assert (adata.uns["fe"]["loss"], adata.uns["fe"]["format"]) == ("mse", 3)
    assert adata.uns["fe"]["history"].columns.tolist() == [
        "step",
        "epoch",
        "seconds",
        "train_loss",
        "validation_loss",
        "entries_per_second",
    ]
    params = adata.uns["fe"]["params"]
    assert (params["decoder"], params["recipe"], params["rng"]) == ("inner", "default", 0)
    assert np.array_equal(adata.X, simulated.X)


def test_key_added_names_all_places(simulated):
    adata = trained(simulated, key_added="k")
    assert "X_k" in adata.obsm
    assert "k" in adata.varm
    assert "k_trained" in adata.var
    assert set(adata.uns) == {"k"}


def test_varm_is_not_a_copy_of_the_loadings(simulated):
    adata, start = (
        trained(simulated, steps=steps, learning_rate=rate, gene_metric="free")
        for steps, rate in ((100, 3e-2), (1, 1e-30))
    )
    assert np.corrcoef(adata.varm["fe"].ravel(), start.varm["fe"].ravel())[0, 1] < 0.999


KINDS = {
    "csr": lambda X: sparse.csr_matrix(X),
    "csc": lambda X: sparse.csc_matrix(X),
    "csr_array": lambda X: sparse.csr_array(X),
    "float64": lambda X: X.astype(np.float64),
    "fortran": lambda X: np.asfortranarray(X),
    "integer": lambda X: X.astype(np.int32),
    "int csr": lambda X: sparse.csr_matrix(X.astype(np.int64)),
}


@pytest.mark.parametrize("decoder", ["inner", "concat", "dot"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_matrix_gives_the_same(simulated, kind, decoder):
    plain = simulated.copy()
    plain.X = np.rint(2 * plain.X).astype(np.float32)  # whole numbers, to compare integers too
    other = plain.copy()
    other.X = KINDS[kind](plain.X)
    # Few steps and few, well separated components: rounding grows with every step.
    size = {"sample_dim": 8, "gene_dim": 8}
    a, b = (trained(x, decoder=decoder, steps=5, **size) for x in (plain, other))
    np.testing.assert_allclose(a.obsm["X_fe"], b.obsm["X_fe"], atol=5e-3)
    np.testing.assert_allclose(a.varm["fe"], b.varm["fe"], atol=5e-3)


def test_views_and_layers_give_the_same(simulated):
    wide = ad.concat([simulated, simulated[:, :7].copy()], axis=1, index_unique="-")
    view = wide[:, :90]
    layered = simulated.copy()
    layered.layers["log"] = layered.X
    layered.X = np.zeros_like(layered.X)
    plain = simulated.copy()
    plain.var_names = wide.var_names[:90]
    expected = trained(plain).obsm["X_fe"]
    assert np.array_equal(trained(view).obsm["X_fe"], expected)
    layered.var_names = plain.var_names
    assert np.array_equal(trained(layered, layer="log").obsm["X_fe"], expected)


def test_mask_var_is_a_training_on_the_subset(simulated):
    adata = simulated.copy()
    adata.var["some"] = np.arange(90) % 3 > 0
    masked = trained(adata, mask_var="some")
    subset = trained(adata[:, adata.var["some"]].copy())
    assert np.array_equal(masked.obsm["X_fe"], subset.obsm["X_fe"])
    assert np.array_equal(masked.var["fe_trained"], adata.var["some"])
    assert np.array_equal(masked.varm["fe"][adata.var["some"]], subset.varm["fe"])
    assert np.isnan(masked.varm["fe"][~adata.var["some"]]).all()
    by_array = trained(adata, mask_var=adata.var["some"].to_numpy())
    assert np.array_equal(by_array.obsm["X_fe"], masked.obsm["X_fe"])


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"decoder": "concat"},
        {"recipe": "trofimov2020"},
        {"recipe": "thesis2024"},
        {"decoder": "concat", "optimizer": "adam", "validation": 0.2},
        {"gene_step": "gradient"},
    ],
    ids=["inner", "concat", "trofimov2020", "thesis2024", "adam", "gradient"],
)
@pytest.mark.parametrize("stop", [17, 20])
def test_a_resumed_run_equals_the_unbroken_one(simulated, keywords, stop):
    whole = trained(simulated, steps=40, **keywords)
    half = trained(simulated, steps=stop, **keywords)
    resumed = fe.tl.train(half, resume=True, steps=40, copy=True, progress=False)
    assert np.array_equal(resumed.obsm["X_fe"], whole.obsm["X_fe"])
    assert np.array_equal(resumed.varm["fe"], whole.varm["fe"])
    a, b = (
        fe.get.history(x).drop(columns=["seconds", "entries_per_second"]) for x in (whole, resumed)
    )
    assert a.equals(b)
    seconds = fe.get.history(resumed)["seconds"]
    assert seconds.is_monotonic_increasing


def test_start_from_obsm_varm_and_arrays(simulated):
    adata = simulated.copy()
    adata.varm["loadings"] = np.random.default_rng(0).normal(size=(90, 12))
    at = trained(
        adata,
        sample_start="factors",
        gene_start="loadings",
        steps=1,
        gene_step="gradient",
        learning_rate=1e-9,
        sample_learning_rate=1e-9,
        gene_learning_rate=1e-9,
        place_samples=False,
        metric="free",
    )
    np.testing.assert_allclose(at.obsm["X_fe"], adata.obsm["factors"], atol=1e-6)
    np.testing.assert_allclose(at.varm["fe"], adata.varm["loadings"], atol=1e-6)
    array = np.random.default_rng(1).normal(size=(60, 5))
    at = trained(
        adata,
        sample_start=array,
        steps=1,
        sample_learning_rate=1e-9,
        place_samples=False,
        metric="free",
    )
    np.testing.assert_allclose(at.obsm["X_fe"], array, atol=1e-6)
    with pytest.raises(ValueError, match="sample_dim=3, but the start has 8 columns"):
        trained(adata, sample_start="factors", sample_dim=3)


def test_psi_and_other_optimisers_train(simulated):
    for keywords in (
        {"gene_hidden": 16},
        {"optimizer": "muon"},
        {"minibatch": "tiles"},
        {"decoder": "concat", "output": "bounded"},
    ):
        history = fe.get.history(trained(simulated, steps=60, evaluate_every=10, **keywords))
        assert history["validation_loss"].min() < history["validation_loss"].iloc[0]


def test_a_generator_is_a_seed(simulated):
    a = trained(simulated, rng=np.random.default_rng(5))
    again = trained(simulated, rng=int(a.uns["fe"]["params"]["rng"]))
    assert np.array_equal(a.obsm["X_fe"], again.obsm["X_fe"])


def test_scanpy_works_on_the_result(simulated):
    import matplotlib.pyplot as plt

    adata = trained(simulated)
    sc.pp.neighbors(adata, use_rep="X_fe")
    sc.pl.embedding(adata, "X_fe", color="group", show=False)
    plt.close("all")
    genes = fe.get.genes(adata)
    sc.pp.neighbors(genes, use_rep="X")
    assert genes.n_obs == 90
    assert "neighbors" in genes.uns


def test_it_finds_the_groups(simulated):
    adata = fe.datasets.simulated(200, 300, 5)
    fe.tl.train(adata, progress=False)
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    accuracy = cross_val_score(KNeighborsClassifier(), adata.obsm["X_fe"], adata.obs["group"])
    assert accuracy.mean() > 0.9


def test_resume_needs_a_greater_budget(simulated):
    adata = trained(simulated, steps=35)
    for keywords, words in (({}, "steps=70"), ({"steps": 20}, "35 steps are done")):
        with pytest.raises(ValueError, match=words):
            fe.tl.train(adata, resume=True, progress=False, **keywords)
    assert fe.get.history(adata)["step"].iloc[-1] == 35


def test_sizes_may_be_numpy_numbers(simulated):
    adata = trained(simulated, sample_dim=np.int64(3), hidden=np.array([10, 5]), steps=np.int32(5))
    assert adata.obsm["X_fe"].shape == (60, 3)
    assert adata.uns["fe"]["params"]["hidden"].tolist() == [10, 5]


def test_a_sparse_table_may_be_the_start(simulated):
    adata = simulated.copy()
    adata.obsm["start"] = sparse.csr_matrix(adata.obsm["factors"])
    at = trained(
        adata,
        sample_start="start",
        steps=1,
        sample_learning_rate=1e-9,
        place_samples=False,
        metric="free",
    )
    np.testing.assert_allclose(at.obsm["X_fe"], adata.obsm["factors"], atol=1e-6)


def test_the_training_layer_is_not_overwritten(simulated):
    adata = simulated.copy()
    adata.layers["log"] = adata.X.copy()
    fe.tl.train(adata, layer="log", steps=5, progress=False)
    with pytest.raises(ValueError, match="holds the values that were trained on"):
        fe.tl.reconstruct(adata, "log")
    assert np.array_equal(adata.layers["log"], adata.X)


def test_a_changed_matrix_is_noticed(simulated):
    adata = trained(simulated)
    adata.X = adata.X - adata.X.mean(0)
    with pytest.raises(ValueError, match="changed since"):
        fe.pl.reconstruction(adata)


def test_whole_samples_can_be_held_out(simulated):
    adata = trained(simulated, validation=0.2, validation_by="samples")
    assert np.isfinite(adata.obsm["X_fe"]).all()
    assert fe.get.history(adata)["validation_loss"].notna().all()
    assert fe.pl.reconstruction(adata).get_title().startswith("held-out")


def test_scanpy_finds_the_neighbours_of_many_samples():
    """More than 8192, from where on Scanpy searches by another package."""
    table = np.random.default_rng(0).normal(size=(8500, 5)).astype(np.float32)
    adata = ad.AnnData(obsm={"X_fe": table})
    sc.pp.neighbors(adata, use_rep="X_fe")
    assert adata.obsp["distances"].nnz >= 8500 * 14
