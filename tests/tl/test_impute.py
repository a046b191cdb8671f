from __future__ import annotations

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata._access import decoding
from fe_anndata._access.results import trained_model

TRAINED = np.arange(30) != 4
KINDS = {
    "dense": np.asarray,
    "float64": lambda X: X.astype(np.float64) * (1 + 1e-12),
    "fortran": np.asfortranarray,
    "csr": sparse.csr_matrix,
    "csr_array": sparse.csr_array,
    "csc": sparse.csc_matrix,
}


def dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


def with_gaps(adata, kind=np.asarray, share=0.2):
    """Return `adata` with NaN at random, and where; gene5 was not trained on and has none."""
    gaps = np.random.default_rng(0).random(adata.shape) < share
    gaps[:, ~TRAINED] = False
    X = adata.X.copy()
    X[np.random.default_rng(1).random(adata.shape) < 0.3] = 0
    X[gaps] = np.nan
    adata.X = kind(X)
    return adata, gaps


def completed(trained, decoded, X):
    """Return what is expected of profiles given the values seen, by dense matrices in float64.

    A sample may lie where it is decoded, or like any that was trained on.
    """
    model, known = trained_model(trained, "fe")
    found = model.residuals.completion
    V, D, C = (
        a.double().numpy() for a in (model.view.loadings, found.noise.genes, found.noise.factors)
    )
    others = fe.tl.generate(trained, trained.obsm["X_fe"]).X.astype(np.float64)
    expected = decoded.astype(np.float64)
    for row, y in zip(expected, dense(X)[:, known].astype(np.float64), strict=True):
        o = ~np.isnan(y)
        S = np.diag(D[o]) + V[o] @ C @ V[o].T
        each = np.vstack(
            [others[:, known] if others.shape[1] == len(known) else others, row[known]]
        )
        left = np.linalg.solve(S, (y - each)[:, o].T).T
        logs = -((y - each)[:, o] * left).sum(1) / 2 / model.view.scale**2
        likely = np.exp(logs - logs.max())
        row[known] = likely / likely.sum() @ (each + found.weight * left @ V[o] @ C @ V.T)
    return expected


def is_filled(before, after, expected, gaps):
    assert type(after) is type(before)
    assert after.dtype == before.dtype
    before, after = dense(before), dense(after)
    assert after[~gaps].tobytes() == before[~gaps].tobytes()
    np.testing.assert_allclose(after[gaps], expected[gaps], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_new_samples(placed, kind):
    reference, new = placed
    new, gaps = with_gaps(new, kind)
    before = dense(new.X).copy()
    assert fe.tl.impute(new, reference=reference) is None
    decoded = fe.tl.reconstruct(new, reference=reference, copy=True).layers["fe"]
    expected = completed(reference, decoded, new.X)
    is_filled(new.X, new.layers["fe_imputed"], expected, gaps)
    np.testing.assert_array_equal(dense(new.X), before)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_trained_samples(placed, kind):
    reference, _ = placed
    adata, gaps = with_gaps(reference, kind)
    imputed = fe.tl.impute(adata, "filled", copy=True)
    assert "filled" not in adata.layers
    decoded = fe.tl.reconstruct(adata, copy=True).layers["fe"]
    is_filled(adata.X, imputed.layers["filled"], completed(adata, decoded, adata.X), gaps)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_training_on_gaps_then_filling_them(kind):
    adata, gaps = with_gaps(fe.datasets.simulated(60, 30, 3), kind, share=0.1)
    fe.tl.train(adata, steps=40, progress=False)
    truth = adata.layers["truth"]
    fe.tl.impute(adata)
    filled = dense(adata.layers["fe_imputed"])
    error = np.square(filled - truth)[gaps].mean()
    assert error < np.square(np.nanmean(dense(adata.X), 0) - truth)[gaps].mean()


def test_a_file_that_knows_no_errors_in_common_is_decoded(inner):
    reference, new = inner
    new, gaps = with_gaps(new)
    for part in (reference.uns["fe"], reference.uns["fe"]["checksums"]):
        del part["imputing"]  # as in files of earlier versions
    fe.tl.impute(new, reference=reference)
    decoded = fe.tl.reconstruct(new, reference=reference, copy=True).layers["fe"]
    is_filled(new.X, new.layers["fe_imputed"], decoded, gaps)


def test_profiles_with_one_gene_seen_and_with_none(inner):
    reference, new = inner
    values = new.X.copy()
    new.layers["few"] = np.full_like(values, np.nan)
    new.layers["few"][0, 7] = values[0, 7]
    with pytest.warns(UserWarning, match="not trained on"):
        fe.tl.impute(new, reference=reference, layer="few")
    filled = new.layers["fe_imputed"]
    assert filled[0, 7] == values[0, 7]
    assert np.isfinite(filled[:, TRAINED]).all()
    # Nothing seen: what the decoder says of the place.
    decoded = fe.tl.reconstruct(new, reference=reference, copy=True).layers["fe"]
    np.testing.assert_allclose(filled[1:], decoded[1:], rtol=1e-5)
    assert np.abs(filled - decoded)[0, TRAINED].max() > 1e-3


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_chunks_do_not_matter(inner, kind, monkeypatch):
    reference, new = inner
    new, _ = with_gaps(new, kind)
    fe.tl.impute(new, reference=reference)
    monkeypatch.setattr(decoding, "VALUES", 70)
    fe.tl.impute(new, "again", reference=reference)
    np.testing.assert_allclose(
        dense(new.layers["again"]), dense(new.layers["fe_imputed"]), rtol=1e-5, atol=1e-5
    )


def test_only_samples_with_gaps_are_decoded(inner, monkeypatch):
    reference, new = inner
    new.X[5, 2] = np.nan
    seen = []
    rows = decoding.Decoding.expected

    def counted(self, which, values):
        seen.append(len(which))
        return rows(self, which, values)

    monkeypatch.setattr(decoding.Decoding, "expected", counted)
    fe.tl.impute(new, reference=reference)
    assert seen == [1]


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_gaps_that_cannot_be_filled_stay_and_are_counted(inner, kind):
    reference, new = inner
    new.X[:5, 4] = np.nan
    new.X[0, 0] = np.nan
    new.X = kind(new.X)
    with pytest.warns(UserWarning, match="5 of 6 missing values stay NaN.*not trained") as caught:
        fe.tl.impute(new, reference=reference)
    assert caught[0].filename == __file__
    left = np.argwhere(np.isnan(dense(new.layers["fe_imputed"])))
    assert left.tolist() == [[i, 4] for i in range(5)]


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, lambda X: (X > 3).astype(int)])
def test_nothing_is_missing(inner, kind):
    reference, new = inner
    new.X = kind(np.abs(new.X))
    zeros = "zeros count" if sparse.issparse(new.X) else ""
    with pytest.warns(UserWarning, match=f"nothing is missing.*{zeros}"):
        fe.tl.impute(new, reference=reference)
    np.testing.assert_array_equal(dense(new.layers["fe_imputed"]), dense(new.X))


def test_a_layer(inner):
    reference, new = inner
    gapped, gaps = with_gaps(new.copy())
    new.layers["gapped"] = gapped.X
    fe.tl.impute(new, reference=reference, layer="gapped")
    decoded = fe.tl.reconstruct(new, reference=reference, copy=True).layers["fe"]
    expected = completed(reference, decoded, gapped.X)
    is_filled(gapped.X, new.layers["fe_imputed"], expected, gaps)


def test_round_trip(placed, tmp_path):
    reference, new = placed
    new, _ = with_gaps(new)
    fe.tl.impute(new, reference=reference)
    expected = new.layers.pop("fe_imputed")
    for name, adata in (("reference", reference), ("new", new)):
        adata.write_h5ad(tmp_path / f"{name}.h5ad")
    back = fe.io.read_h5ad(tmp_path / "new.h5ad")
    fe.tl.impute(back, reference=tmp_path / "reference.h5ad")
    assert back.layers["fe_imputed"].tobytes() == expected.tobytes()
    back.write_h5ad(tmp_path / "imputed.h5ad")
    again = fe.io.read_h5ad(tmp_path / "imputed.h5ad")
    assert again.layers["fe_imputed"].tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (KeyError, "did you mean 'truth'", {"layer": "truht"}),
        (ValueError, "choose another", {"layer": "truth", "layer_added": "truth"}),
        (ValueError, "raw counts.*log1p", {"layer": "counts"}),
        (TypeError, "numeric", {"layer": "text"}),
    ],
)
def test_refused_and_nothing_written(inner, error, match, keywords):
    reference, new = inner
    new.layers["counts"] = np.random.default_rng(0).poisson(40, new.shape)
    new.layers["text"] = np.full(new.shape, "x")
    layers = list(new.layers)
    with pytest.raises(error, match=match):
        fe.tl.impute(new, reference=reference, **keywords)
    assert list(new.layers) == layers


def test_the_trained_layer_is_not_overwritten():
    adata = fe.datasets.simulated(20, 15, 3)
    adata.layers["log"] = adata.X
    fe.tl.train(adata, layer="log", steps=5, progress=False)
    for use in (fe.tl.impute, fe.tl.reconstruct):
        with pytest.raises(ValueError, match="choose another"):
            use(adata, "log")


def test_a_matrix_in_a_file(inner, tmp_path):
    reference, new = inner
    new.write_h5ad(tmp_path / "new.h5ad")
    backed = anndata.read_h5ad(tmp_path / "new.h5ad", backed="r")
    with pytest.raises(TypeError, match="to_memory"):
        fe.tl.impute(backed, reference=reference)
    backed.file.close()
