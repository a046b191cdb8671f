"""New samples in a trained embedding."""

from __future__ import annotations

import anndata
import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.stats import chi2

import fe_anndata as fe
from fe_anndata._access.reference import reference_of
from fe_anndata.models.fe.placing import Placing
from fe_anndata.models.fe.reduced_basis import reduced
from tests.helpers import choose, fit

N, TRAINED = 300, 200
ROWS = 128
"""Samples in a block: more than that go through several."""


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)
    monkeypatch.setattr(fe.settings, "device", "cpu")


def cohort():
    adata = fe.datasets.simulated(N, 120, 6, rng=3)
    return adata[np.random.default_rng(0).permutation(N)].copy()


@pytest.fixture(scope="module", params=["inner", "concat"])
def both(request):
    """A reference, and samples that it has not seen."""
    adata = cohort()
    reference, new = adata[:TRAINED].copy(), adata[TRAINED:].copy()
    few = {"steps": 300} if request.param == "concat" else {}
    fe.tl.train(reference, decoder=request.param, progress=False, **few)
    return reference, new


@pytest.fixture(scope="module")
def inner():
    adata = cohort()
    reference, new = adata[:TRAINED].copy(), adata[TRAINED:].copy()
    fe.tl.train(reference, progress=False)
    return reference, new


def placed(new, reference, **options):
    result = fe.tl.transform(new, reference, copy=True, **options)
    return np.column_stack([
        result.obsm["X_fe"], result.obsm["X_fe_se"], result.obs["fe_r2"], result.obs["fe_distance"]
    ])  # fmt: skip


@pytest.mark.parametrize("versions", [(3, None), (None, 3), (3, 4)])
def test_ensembl_versions_do_not_matter(inner, versions):
    reference, new = (adata.copy() for adata in inner)
    expected = placed(new, reference)
    for adata, version in zip((reference, new), versions, strict=True):
        end = "" if version is None else f".{version}"
        adata.var_names = [f"ENSG{i:011d}{end}" for i in range(adata.n_vars)]
    said = "120 of 120 genes were matched by their ids"
    with pytest.warns(UserWarning, match=said):
        np.testing.assert_array_equal(placed(new, reference), expected)
    with pytest.warns(UserWarning, match=said):
        fe.tl.transform(new, reference)
    assert (new.obs["fe_n_genes"] == 120).all()
    with pytest.warns(UserWarning, match=said):
        predicted = fe.tl.reconstruct(new, reference=reference, copy=True).layers["fe"]
    assert np.isfinite(predicted).all()


def test_what_is_written(both):
    reference, new = (adata.copy() for adata in both)
    before = new.copy()
    assert fe.tl.transform(new, reference) is None
    for name in ("X_fe", "X_fe_se"):
        assert new.obsm[name].dtype == np.float32
        assert new.obsm[name].shape == (N - TRAINED, 2)
        assert np.isfinite(new.obsm[name]).all()
    assert (new.obsm["X_fe_se"] > 0).all()
    assert (new.obs["fe_n_genes"] == new.n_vars).all()
    assert new.obs["fe_outlier"].dtype == bool
    assert set(new.obs) - set(before.obs) == {
        "fe_r2", "fe_n_genes", "fe_distance", "fe_outlier"
    }  # fmt: skip
    np.testing.assert_array_equal(new.X, before.X)


def test_r2_is_that_of_the_reconstruction(both):
    reference, new = both
    result = fe.tl.transform(new, reference, copy=True)
    learned = reference_of(reference, "fe").model
    predicted = learned.decode(result.obsm["X_fe"], np.arange(new.n_vars))
    mean, _ = learned.unit()
    r2 = 1 - ((new.X - predicted) ** 2).sum(1) / ((new.X - mean) ** 2).sum(1)
    np.testing.assert_allclose(result.obs["fe_r2"], r2, atol=5e-3)
    assert r2.mean() > 0.3


def test_new_samples_fall_among_their_kind(both):
    reference, new = both
    result = fe.tl.transform(new, reference, copy=True)
    table = reference.obsm["X_fe"]
    nearest = np.argsort(((result.obsm["X_fe"][:, None] - table[None]) ** 2).sum(2), axis=1)[:, :5]
    labels = reference.obs["group"].to_numpy()[nearest]
    assert (labels == new.obs["group"].to_numpy()[:, None]).mean() > 0.8


def test_trained_samples_come_out_where_they_were(inner):
    reference, _ = inner
    again = placed(_untrained(reference), reference)[:, :2]
    table = reference.obsm["X_fe"]
    moved = np.linalg.norm(again - table, axis=1) / table.std()
    # The stated tolerance; held-out entries, seen now, move all of them a little.
    assert np.median(moved) < 0.02
    assert (moved < 0.1).mean() > 0.95


def test_order_company_and_number_change_no_byte(both):
    reference, new = both
    if "concat" in str(reference.uns["fe"]["params"]["decoder"]):
        new = new[:40].copy()
    many = anndata.concat([new, new], index_unique="-")  # more than a block
    assert many.n_obs > ROWS or new.n_obs == 40
    expected = placed(new, reference)
    np.testing.assert_array_equal(placed(many, reference), np.vstack([expected, expected]))
    order = np.random.default_rng(1).permutation(new.n_obs)
    np.testing.assert_array_equal(placed(new[order].copy(), reference), expected[order])
    np.testing.assert_array_equal(placed(new[7:8].copy(), reference), expected[7:8])
    holed = new.copy()
    holed.X[3, :20] = np.nan
    others = np.arange(new.n_obs) != 3
    np.testing.assert_array_equal(placed(holed, reference)[others], expected[others])


def test_any_number_of_dimensions_keeps_that(inner):
    _, new = inner
    adata = cohort()[:TRAINED].copy()
    for d in (1, 3, 5, 11):
        fe.tl.train(adata, sample_dim=d, steps=30, hidden=(25,))
        expected = placed(new, adata)
        order = np.random.default_rng(2).permutation(new.n_obs)
        np.testing.assert_array_equal(placed(new[order].copy(), adata), expected[order])


def test_permuted_additional_and_missing_genes(inner):
    reference, new = inner
    expected = placed(new, reference)
    order = np.random.default_rng(3).permutation(new.n_vars)
    np.testing.assert_allclose(placed(new[:, order].copy(), reference), expected, atol=1e-6)
    more = anndata.concat([new, new[:, :5].copy()], axis=1)
    more.var_names = [*new.var_names, *(f"other{i}" for i in range(5))]
    np.testing.assert_array_equal(placed(more, reference), expected)
    fewer = new[:, 10:].copy()
    masked = new.copy()
    masked.X[:, :10] = np.nan
    # Absent is missing.
    np.testing.assert_allclose(placed(fewer, reference), placed(masked, reference), atol=1e-4)
    assert (fe.tl.transform(fewer, reference, copy=True).obs["fe_n_genes"] == new.n_vars - 10).all()


def test_few_genes_are_warned_of_and_widen_the_errors(inner):
    reference, new = inner
    with pytest.warns(UserWarning, match="only 30 of the 120 genes"):
        some = placed(new[:, :30].copy(), reference, min_overlap=30)
    assert np.median(some[:, 2:4] / placed(new, reference)[:, 2:4]) > 1.2


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_matrix, np.asfortranarray])
def test_any_matrix(inner, kind):
    reference, new = inner
    same = new.copy()
    same.X = kind(new.X)
    np.testing.assert_allclose(placed(same, reference), placed(new, reference), atol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_files(inner, tmp_path, kind):
    reference, new = inner
    expected = placed(new, reference)
    reference.write_h5ad(tmp_path / "reference.h5ad")
    same = new.copy()
    same.X = kind(new.X)
    same.write_h5ad(tmp_path / "new.h5ad")
    found = fe.tl.transform(tmp_path / "new.h5ad", tmp_path / "reference.h5ad")
    assert found.X is None
    np.testing.assert_allclose(found.obsm["X_fe"], expected[:, :2], atol=1e-6)
    np.testing.assert_array_equal(found.obs_names, new.obs_names)


def test_samples_without_values_are_placed_nowhere(inner):
    reference, new = inner
    holed = new.copy()
    holed.X[0], holed.X[1] = np.nan, 0
    with pytest.warns(UserWarning, match=r"2 samples have no value.*sample"):
        fe.tl.transform(holed, reference)
    assert np.isnan(holed.obsm["X_fe"][:2]).all()
    assert np.isfinite(holed.obsm["X_fe"][2:]).all()
    assert (holed.obs["fe_n_genes"][:2] == 0).all()


def test_outliers_are_flagged(inner):
    reference, new = inner
    strange = new.copy()
    rng = np.random.default_rng(4)
    strange.X[:10] = np.array([rng.permutation(row) for row in strange.X[:10]])
    fe.tl.transform(strange, reference)
    assert strange.obs["fe_outlier"][:10].all()
    assert strange.obs["fe_outlier"][10:].mean() < 0.05


def test_standard_errors_are_calibrated():
    """Samples drawn from the model itself lie in their 95 % regions as often as they should."""
    reference = fe.datasets.simulated(TRAINED, 1000, 6, rng=3)
    fe.tl.train(reference)
    new = reference
    learned = reference_of(reference, "fe").model
    table, noise = learned.module.sample_vectors(), learned.residuals.noise
    rng = np.random.default_rng(5)
    u = table[torch.from_numpy(rng.integers(0, TRAINED, 600))]
    n, view = len(u), reduced(learned.module, table)
    values, vectors = np.linalg.eigh(noise.factors.double().numpy())
    shared = rng.standard_normal((n, len(values))) * np.sqrt(values.clip(0)) @ vectors.T
    P = view.factors(u.double()).numpy()
    Y = (P + shared) @ view.loadings.numpy().T
    Y += rng.standard_normal(Y.shape) * np.sqrt(noise.genes.numpy())
    drawn = anndata.AnnData(
        (view.centre.numpy() + view.scale * Y).astype(np.float32), var=new.var[[]]
    )
    fe.tl.transform(drawn, reference)
    placing = Placing(view, table, noise, learned.residuals.prior)
    inside = []
    for first in range(0, n, ROWS):
        rows = slice(first, first + ROWS)
        y = (torch.from_numpy(drawn.X[rows]).double() - view.centre) / view.scale
        profiles = placing.noise.quadratic(y @ placing.weighted, placing.gram[None])
        at = torch.from_numpy(drawn.obsm["X_fe"][rows]).double()
        J = view.with_tangents(at)[1]
        curvature = profiles.curved(J) @ J.mT
        step = (u[rows].double() - at)[:, :, None]
        inside.append((step.mT @ curvature @ step).flatten() < chi2.ppf(0.95, 2))
    share = torch.cat(inside).double().mean()
    assert 0.88 <= share <= 0.97  # the error of 600 draws is about .01


def test_bad_input(inner):
    reference, new = (adata.copy() for adata in inner)
    before = new.copy()
    strange = new.copy()
    strange.var_names = [f"ENSG{i:011d}" for i in range(new.n_vars)]
    with pytest.raises(ValueError, match=r"gene1, .*symbols.*Ensembl"):
        fe.tl.transform(strange, reference)
    counts = new.copy()
    counts.X = np.rint(new.X * 50)
    with pytest.raises(ValueError, match="raw counts"):
        fe.tl.transform(counts, reference)
    other = new.copy()
    other.X = new.X * np.float32(np.log10(2))
    with pytest.raises(ValueError, match="another scale"):
        fe.tl.transform(other, reference)
    natural = new.copy()
    natural.X = new.X * np.float32(np.log(2))
    with pytest.warns(UserWarning, match="same scale"):
        fe.tl.transform(natural, reference)
    with pytest.raises(KeyError, match="no trained model"):
        fe.tl.transform(new, new)
    with pytest.raises(ValueError, match="itself trained"):
        fe.tl.transform(reference, reference)
    with pytest.raises(TypeError, match="path"):
        fe.tl.transform(new, 3)
    with pytest.raises(ValueError, match="no file"):
        fe.tl.transform(new, "nowhere.h5ad")
    newer = reference.copy()
    newer.uns["fe"]["format"] = 99
    with pytest.raises(ValueError, match="upgrade"):
        fe.tl.transform(new, newer)
    twice = new.copy()
    twice.var_names = ["gene1"] * 2 + list(new.var_names[2:])
    with pytest.raises(ValueError, match="more than once"):
        fe.tl.transform(twice, reference)
    assert list(new.obsm) == list(before.obsm)
    assert list(new.obs) == list(before.obs)


def _untrained(adata):
    return anndata.AnnData(adata.X, obs=adata.obs[[]], var=adata.var[[]])


AT_HOME = {
    "inner": ({}, 0.02, 0.1),
    "inner, 32-D": ({"sample_dim": 32}, 0.1, 0.15),
    "concat": ({"decoder": "concat", "steps": 3000}, 0.1, 0.3),
    "dot": ({"decoder": "dot", "sample_dim": 8}, 0.02, 0.15),
    "dot, nothing held out": ({"decoder": "dot", "sample_dim": 8, "validation": 0.0}, 0.03, 0.15),
}
"""Options, and within how many standard deviations half and 95 % of the samples come out again."""


@pytest.mark.parametrize("data", ["simulated", "small"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "concat" else n for n in AT_HOME],
)
def test_each_decoder_finds_its_training_samples(name, data):
    options, half, most = AT_HOME[name]
    if data == "simulated":
        adata = cohort()[:TRAINED].copy()
    else:
        rng = np.random.default_rng(0)
        low = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 40)) + 5
        adata = anndata.AnnData((low + 0.3 * rng.normal(size=(60, 40))).astype(np.float32))
    fe.tl.train(adata, progress=False, **options)
    table = adata.obsm["X_fe"]
    again = fe.tl.transform(_untrained(adata), adata, copy=True).obsm["X_fe"]
    moved = np.sqrt(np.square(again - table).mean(1)) / table.std()
    assert np.median(moved) < half
    assert np.quantile(moved, 0.95) < most


@pytest.mark.parametrize("options", [{}, {"sample_dim": 8}, {"output": "linear"}])
def test_the_dot_product_of_a_matrix_without_variance(options):
    same = np.full((60, 40), 3, dtype=np.float32)
    model = fit(same, choose(decoder="dot", **options)).trained
    placed = model.placing(np.arange(40))(same)
    assert np.isfinite(placed.u).all()
    np.testing.assert_allclose(model.decode(placed.u, np.arange(40)), same, atol=0.5)
