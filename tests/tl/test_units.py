"""Counts and TPM: recognised, normalised without a touch, the same for new samples, and said."""

from __future__ import annotations

import contextlib
import warnings

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata._core.warn import UnitsWarning
from fe_anndata.matrix.normalize import STEPS

QUICK = {"steps": 20, "progress": False}


@pytest.fixture(scope="module")
def counts():
    """300 samples x 80 genes in three groups, of very different depth."""
    draw = np.random.default_rng(0)
    kind = draw.integers(3, size=300)
    rates = draw.gamma(0.6, 20, size=(3, 80)) + 0.1
    depth = draw.uniform(0.3, 3, size=(300, 1))
    X = draw.poisson(rates[kind] * depth).astype(np.float32)
    adata = anndata.AnnData(X)
    adata.obs["kind"] = np.array(list("abc"))[kind]
    return adata


@pytest.fixture(scope="module")
def by_hand(counts):
    """The same as Scanpy makes it, but for the last digit (tests/matrix/test_normalize.py)."""
    adata = counts.copy()
    adata.X = STEPS["log1p_cp10k"].forward(adata.X)
    return adata


def trained(adata, **options):
    adata = adata.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fe.tl.train(adata, **QUICK, **options)
    return adata


def test_counts_are_trained_on_as_by_hand_and_stay(counts, by_hand):
    adata = counts.copy()
    with pytest.warns(UserWarning, match=r"looks like raw counts.*normalize='log1p_cp10k'.*None"):
        fe.tl.train(adata, **QUICK)
    expected = trained(by_hand)
    np.testing.assert_allclose(adata.obsm["X_fe"], expected.obsm["X_fe"], atol=1e-4)
    np.testing.assert_array_equal(adata.X, counts.X)
    assert adata.uns["fe"]["params"]["normalize"] == "log1p_cp10k"
    assert expected.uns["fe"]["params"]["normalize"] == ""


@pytest.mark.parametrize("form", ["dense", "sparse", "path"])
def test_new_counts_are_placed_as_by_hand(tmp_path, counts, by_hand, form):
    reference = trained(counts[:200])
    new = counts[200:].copy()
    if form == "sparse":
        new.X = sparse.csr_matrix(new.X)
    if form == "path":
        new.write_h5ad(tmp_path / "new.h5ad")
        placed = fe.tl.transform(tmp_path / "new.h5ad", reference, progress=False)
    else:
        fe.tl.transform(new, reference, progress=False)
        placed = new
    expected = by_hand[200:].copy()
    fe.tl.transform(expected, trained(by_hand[:200]), progress=False)
    np.testing.assert_allclose(placed.obsm["X_fe"], expected.obsm["X_fe"], atol=1e-4)
    assert placed.uns["fe_placed_by"] == "log1p_cp10k"


def test_new_samples_that_are_logarithms_already(counts, by_hand):
    new = by_hand[200:].copy()
    fe.tl.transform(new, trained(counts[:200]), progress=False)
    assert new.uns["fe_placed_by"] == ""
    other = counts[200:].copy()
    fe.tl.transform(other, trained(counts[:200]), progress=False)
    np.testing.assert_allclose(new.obsm["X_fe"], other.obsm["X_fe"], atol=1e-4)


def test_another_scale_is_an_error_with_the_cure(counts, by_hand):
    reference = trained(by_hand[:200])
    new = counts[200:].copy()
    with pytest.raises(ValueError, match=r"look like raw counts.*normalize='log1p_cp10k' brings"):
        fe.tl.transform(new, reference, progress=False)
    assert "X_fe" not in new.obsm
    fe.tl.transform(new, reference, normalize="log1p_cp10k", progress=False)
    expected = by_hand[200:].copy()
    fe.tl.transform(expected, reference, progress=False)
    np.testing.assert_allclose(new.obsm["X_fe"], expected.obsm["X_fe"], atol=1e-4)
    log2 = by_hand[200:].copy()
    log2.X = log2.X / np.log(10)
    with pytest.raises(ValueError, match=r"rise by 0\.4\d for 1.*log10 to the natural.*by 2\.303"):
        fe.tl.transform(log2, reference, progress=False)


def test_what_the_user_says_is_done(counts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raw = counts.copy()
        fe.tl.train(raw, normalize=None, **QUICK)
        log10 = counts.copy()
        fe.tl.train(log10, normalize="log10p1", **QUICK)
    assert raw.uns["fe"]["preprocessing"]["whole_numbers"]
    assert log10.uns["fe"]["params"]["normalize"] == "log10p1"
    expected = counts.copy()
    expected.X = np.log10(expected.X + 1)
    np.testing.assert_allclose(log10.obsm["X_fe"], trained(expected).obsm["X_fe"], atol=1e-4)
    with pytest.raises(ValueError, match="normalize must be one of 'auto', 'log1p_cp10k'"):
        fe.tl.train(counts.copy(), normalize="log", **QUICK)
    with pytest.raises(ValueError, match="normalize must be one of 'auto', 'log1p_cp10k'"):
        fe.tl.transform(counts.copy(), raw, normalize="log", progress=False)


def test_the_published_recipes_take_log10(counts):
    adata = trained(counts, recipe="thesis2024")
    assert adata.uns["fe"]["params"]["normalize"] == "log10p1"


@pytest.mark.parametrize("model", ["exceiver"])
def test_families_of_counts_take_counts(counts, model):
    few = {"steps": 2, "sample_dim": 4, "width": 8, "latents": 2, "heads": 2, "progress": False}
    adata = counts.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fe.tl.train(adata, model, **few)
    assert adata.uns[model]["params"]["normalize"] == ""


def test_doubt_is_a_warning_of_its_own(counts):
    adata = counts.copy()
    adata.X = np.random.default_rng(0).uniform(size=adata.shape).astype(np.float32)
    with pytest.warns(UnitsWarning, match=r"between 0 and 1.*normalize=None"):
        fe.tl.train(adata, **QUICK)


def test_halves_of_different_units(counts, by_hand):
    adata = counts.copy()
    adata.X[150:] = by_hand.X[150:]
    with pytest.raises(
        ValueError, match=r"some samples hold counts, such as '\d+', and others log"
    ):
        fe.tl.train(adata, **QUICK)
    assert "X_fe" not in adata.obsm
    with pytest.raises(ValueError, match="some samples hold counts"):
        fe.tl.transform(adata, trained(by_hand), progress=False)


def test_a_run_goes_on_with_what_was_done_to_its_values(counts, tmp_path):
    whole = trained(counts)
    stopped = counts.copy()
    with pytest.warns(UserWarning, match="raw counts"):
        fe.tl.train(stopped, steps=10, progress=False)
    fe.tl.train(stopped, resume=True, steps=20, progress=False)
    np.testing.assert_array_equal(stopped.obsm["X_fe"], whole.obsm["X_fe"])
    with pytest.raises(ValueError, match="leave out normalize"):
        fe.tl.train(stopped, resume=True, steps=30, normalize="log10p1", progress=False)


def test_gaps_are_filled_in_the_units_of_the_matrix(counts):
    adata = counts.copy()
    gaps = np.random.default_rng(3).random(adata.shape) < 0.05
    truth = adata.X[gaps].copy()
    adata.X[gaps] = np.nan
    with pytest.warns(UserWarning, match="raw counts"):
        fe.tl.train(adata, steps=150, progress=False)
    fe.tl.impute(adata)
    filled = adata.layers["fe_imputed"]
    np.testing.assert_array_equal(filled[~gaps], adata.X[~gaps])
    means = np.broadcast_to(np.nanmean(adata.X, axis=0), adata.shape)[gaps]
    error = np.mean(np.abs(filled[gaps] - truth)) / np.mean(np.abs(means - truth))
    assert error < 0.8
    new = counts[:50].copy()
    new.X[:, :5] = np.nan
    fe.tl.transform(new, adata, progress=False)
    fe.tl.impute(new, reference=adata)
    assert (
        np.corrcoef(new.layers["fe_imputed"][:, :5].ravel(), counts.X[:50, :5].ravel())[0, 1] > 0.8
    )


def test_verbs_that_read_the_matrix_beside_the_model(counts, by_hand):
    raw, logs = trained(counts), trained(by_hand)
    tables = [fe.tl.markers(adata, "kind", n_genes=10) for adata in (raw, logs)]
    assert tables[0]["names"].tolist() == tables[1]["names"].tolist()
    for a, b in zip(*(t.select_dtypes("number").to_numpy() for t in tables), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3)
    of = [fe.tl.explain_similarity(adata, "1", "2").attrs["correlation"] for adata in (raw, logs)]
    assert of[0] == pytest.approx(of[1], abs=1e-5)


@pytest.mark.parametrize("verb", ["evaluate", "compare_models", "distance_preservation"])
def test_comparisons_use_one_unit_for_all(counts, by_hand, verb):
    def table(adata):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = {"folds": 2, "progress": False}
            if verb == "evaluate":
                given |= {"methods": ["pca", "fe"], "train": {"steps": 5}}
                return fe.tl.evaluate(adata, "kind", dims=[2], **given)["accuracy_new"]
            if verb == "compare_models":
                models = {"pca": {}, "fe": {"steps": 5}}
                found = fe.tl.compare_models(adata, models, label="kind", dim=2, **given)
                return found["accuracy_new"]
            return fe.tl.distance_preservation(trained(adata)).select_dtypes("number").iloc[0]

    np.testing.assert_allclose(table(counts), table(by_hand), rtol=0.02)


def test_a_wrong_step_in_a_file_is_refused(counts):
    adata = trained(counts)
    adata.uns["fe"]["params"]["normalize"] = "log7"
    del adata.uns["fe"]["checksums"]
    adata.uns["fe"]["format"] = 2
    with pytest.raises(ValueError, match=r"normalize.*'log7', not one of"):
        fe.tl.transform(counts.copy(), adata, progress=False)


@pytest.mark.parametrize("unit", ["cpm", "log2", "log10"])
def test_no_logarithm_is_taken_of_logarithms(counts, unit):
    reference, new = trained(counts[:200]), counts[200:].copy()
    of_total = new.X / new.X.sum(axis=1, keepdims=True)
    new.X = {
        "cpm": np.log1p(of_total * 1e6),
        "log2": np.log2(of_total * 1e6 + 1),
        "log10": np.log10(of_total * 1e4 + 1),
    }[unit].astype(np.float32)
    with contextlib.suppress(ValueError):  # another scale, as it is
        fe.tl.transform(new, reference, progress=False)
    assert new.uns.get("fe_placed_by", "") == ""


@pytest.mark.parametrize("order", ["counts first", "alternating", "by blocks"])
def test_new_samples_of_two_units(counts, by_hand, order, tmp_path):
    reference, new = trained(counts[:200]), counts[200:].copy()
    logs = slice(50, None) if order == "counts first" else slice(None, None, 2)
    new.X[logs] = by_hand.X[200:][logs]
    given = new
    if order == "by blocks":
        new.write_h5ad(tmp_path / "new.h5ad")
        given = tmp_path / "new.h5ad"
    with pytest.raises(ValueError, match="some samples hold"):
        fe.tl.transform(given, reference, progress=False)
    assert "X_fe" not in new.obsm


def test_counts_of_a_part_of_the_genes(counts):
    """Their totals are those of fewer genes, which the share of these in the training mends."""
    reference = trained(counts[:200])
    some = np.random.default_rng(5).permutation(counts.n_vars)[:55]
    whole, part = counts[200:].copy(), counts[200:, np.sort(some)].copy()
    for new in (whole, part):
        fe.tl.transform(new, reference, progress=False)
    away = np.abs(whole.obsm["X_fe"] - part.obsm["X_fe"]).max(axis=1)
    assert np.median(away) < 0.1 * whole.obsm["X_fe"].std()
    filled = []
    for new in (whole, part):
        gene = new.var_names.get_loc(part.var_names[0])
        new.X[:, gene] = np.nan
        fe.tl.transform(new, reference, progress=False)
        fe.tl.impute(new, reference=reference)
        filled.append(new.layers["fe_imputed"][:, gene])
    assert 0.9 < filled[1].sum() / filled[0].sum() < 1.1


@pytest.fixture(scope="module")
def tpm(counts):
    adata = counts.copy()
    adata.X = adata.X / adata.X.sum(axis=1, keepdims=True) * np.float32(1e6)
    return adata


def test_counts_for_a_model_of_tpm_are_refused(counts, tpm):
    reference, new = trained(tpm[:200]), counts[200:].copy()
    assert reference.uns["fe"]["params"]["normalize"] == "log2_tpm"
    with pytest.raises(ValueError, match=r"look like raw counts, but .* on TPM"):
        fe.tl.transform(new, reference, progress=False)
    assert "X_fe" not in new.obsm
    same = tpm[200:].copy()
    fe.tl.transform(same, reference, progress=False)
    logs = tpm[200:].copy()
    logs.X = np.log2(logs.X + 1)
    fe.tl.transform(logs, reference, progress=False)
    np.testing.assert_allclose(logs.obsm["X_fe"], same.obsm["X_fe"], atol=1e-4)


def test_another_logarithm_is_named_in_a_warning_too(tpm):
    reference, new = trained(tpm[:200]), tpm[200:].copy()
    new.X = np.log(new.X + 1)
    with pytest.warns(
        UserWarning, match=r"rise by 0\.(69|7).*natural logarithm to log2.*by 1\.443"
    ):
        fe.tl.transform(new, reference, progress=False)
