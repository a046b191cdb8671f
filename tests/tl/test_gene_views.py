"""Gene vectors with a second view: what is written, read back, placed and continued."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from tests.refusals import refuses, small


def train(adata, **options):
    fe.tl.train(adata, **{"steps": 30, "progress": False, **options})
    return adata


@pytest.fixture
def joined():
    """Return a result, one gene of which was not trained on."""
    return train(small(), gene_views="bins", mask_var=np.arange(30) != 4)


def test_predictions_are_those_of_a_model_without(joined):
    plain = train(small(), mask_var=np.arange(30) != 4)
    assert joined.obsm["X_fe"].tobytes() == plain.obsm["X_fe"].tobytes()
    assert joined.varm["fe"].shape == plain.varm["fe"].shape
    assert np.isnan(joined.varm["fe"][4]).all()
    assert np.isnan(joined.uns["fe"]["model"]["genes"][4]).all()
    assert joined.uns["fe"]["params"]["gene_views"] == "bins"
    assert plain.uns["fe"]["params"]["gene_views"] == ""
    new = small(60)[48:, ::-1].copy()
    for of in (joined, plain):
        fe.tl.reconstruct(of, copy=False)
    np.testing.assert_array_equal(joined.layers["fe"], plain.layers["fe"])
    placed = [fe.tl.transform(new, of, copy=True) for of in (joined, plain)]
    for name in ("X_fe", "X_fe_se"):
        assert placed[0].obsm[name].tobytes() == placed[1].obsm[name].tobytes()
    new.X[:, 3] = np.nan
    placed = [fe.tl.transform(new, of, copy=True) for of in (joined, plain)]
    filled = [
        fe.tl.impute(adata, reference=of, copy=True).layers["fe_imputed"]
        for adata, of in zip(placed, (joined, plain), strict=True)
    ]
    assert filled[0].tobytes() == filled[1].tobytes()
    near = [fe.tl.similar_genes(of, "gene1", 29)["gene"].tolist() for of in (joined, plain)]
    assert near[0] != near[1]


def test_a_file_holds_all_of_it(joined, tmp_path):
    fe.io.write_h5ad(joined, tmp_path / "a.h5ad")
    back = fe.io.read_h5ad(tmp_path / "a.h5ad")
    assert back.varm["fe"].tobytes() == joined.varm["fe"].tobytes()
    assert (
        back.uns["fe"]["model"]["genes"].tobytes() == joined.uns["fe"]["model"]["genes"].tobytes()
    )
    one, other = (fe.tl.reconstruct(of, copy=True).layers["fe"] for of in (back, joined))
    np.testing.assert_array_equal(one, other)
    del back.uns["fe"]["model"]["genes"]
    with pytest.raises(ValueError, match=r"\['model'\]\['genes'\].*is missing"):
        fe.tl.reconstruct(back)


@pytest.mark.parametrize("where", ["result", "checkpoint"])
def test_a_resumed_run_is_the_unbroken_one(where, tmp_path):
    whole = train(small(), gene_views="bins", steps=40, patience=None)
    given = {"checkpoint": tmp_path / "run"} if where == "checkpoint" else {}
    adata = train(small(), gene_views="bins", steps=20, patience=None, **given)
    adata = adata if where == "result" else small()
    fe.tl.train(adata, resume=True, steps=40, progress=False, **given)
    assert adata.varm["fe"].tobytes() == whole.varm["fe"].tobytes()
    assert adata.obsm["X_fe"].tobytes() == whole.obsm["X_fe"].tobytes()


def test_a_resumed_run_gets_no_other_views():
    plain = train(small(), steps=20, patience=None)
    refuses(plain, ValueError, "leave out gene_views", resume=True, steps=40, gene_views="bins")


@pytest.mark.parametrize("kind", ["dense", "csr"])
def test_files_on_disk(kind, tmp_path):
    adata = small()
    if kind == "csr":
        adata.X = sparse.csr_matrix(adata.X)
    adata.layers["twice"] = adata.X * 2
    adata.write_h5ad(tmp_path / "in.h5ad")
    expected = train(adata.copy(), gene_views="bins", layer="twice")
    found = fe.tl.train(
        tmp_path / "in.h5ad", gene_views="bins", layer="twice", steps=30, progress=False
    )
    np.testing.assert_allclose(found.varm["fe"], expected.varm["fe"], atol=1e-4)
    with pytest.raises(KeyError, match="nowhere"):
        fe.tl.train(tmp_path / "in.h5ad", gene_views="bins", layer="nowhere")


def test_counts_are_ranked_as_they_are_trained_on():
    counts = small()
    draw = np.random.default_rng(0)
    depth = draw.uniform(1, 30, size=(counts.n_obs, 1))
    counts.X = draw.poisson(np.expm1(counts.X) * depth).astype(np.float32)
    counts.layers["logarithms"] = np.log1p(1e4 * counts.X / counts.X.sum(1, keepdims=True))
    found = train(counts.copy(), gene_views="bins", normalize="log1p_cp10k")
    expected = train(counts.copy(), gene_views="bins", layer="logarithms", normalize=None)
    products = [of.varm["fe"] @ of.varm["fe"].T for of in (found, expected)]
    np.testing.assert_allclose(*products, atol=0.05)


def test_bad_input():
    adata = small()
    adata.obs["run"] = ["a", "b"] * 20
    refuses(adata, ValueError, "sees what batches do", gene_views="bins", batch_key="run")
    refuses(adata, ValueError, "gene_views must be one of 'bins'", gene_views="Bins")
    refuses(adata, ValueError, "does not apply to decoder", gene_views="bins", decoder="concat")
    refuses(adata, ValueError, "gene_metric='balanced'", gene_views="bins", gene_dim=5)
    adata.varm["own"] = np.ones((30, 20), np.float32)
    refuses(adata, ValueError, "no own gene_start", gene_views="bins", gene_start="own")
    with pytest.raises(TypeError, match="gene_views is an option of the family 'fe'"):
        fe.tl.train(adata, "exceiver", gene_views="bins")
