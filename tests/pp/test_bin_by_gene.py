"""Bins by gene, of an AnnData or a file, by its own samples or by a reference."""

from __future__ import annotations

import re

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe
from fe_anndata.kernels.bins import UNKNOWN
from fe_anndata.store.panels import INSIDE
from tests.arrays import ARRAY_TYPES
from tests.refusals import snapshot
from tests.test_round_trip import same


@pytest.fixture(autouse=True)
def _by_blocks(monkeypatch):
    """Small matrices are read at once, so none is small here, and a block has a few rows."""
    monkeypatch.setattr("fe_anndata._access.inputs.SMALL", 0)
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 700)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 900)


def counts(n_obs=90, n_vars=40, rng=0):
    adata = fe.datasets.simulated(n_obs, n_vars, 4, rng=rng)
    adata.X = np.rint(2 * adata.X).astype(np.float32)
    del adata.layers["truth"]
    return adata


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def bins(adata, **options):
    return dense(fe.pp.bin_by_gene(adata, copy=True, **options).layers["bins"])


def by_scipy(X, n_bins):
    """Return the bins of a fully expressed matrix by the ranks of pandas."""
    rank = pd.DataFrame(X).rank(method="average").to_numpy() - 1
    return np.minimum(np.floor(rank * (n_bins - 1) / (len(X) - 1)) + 1, n_bins - 1)


def test_bins_are_ranks():
    adata = counts()
    adata.X += 1
    fe.pp.bin_by_gene(adata, n_bins=30)
    assert adata.layers["bins"].dtype == np.uint16
    np.testing.assert_array_equal(adata.layers["bins"], by_scipy(adata.X, 30))
    stored = adata.uns["bins"]
    assert (stored["n_bins"], stored["zero"], stored["n_reference"]) == (30, 0.0, 90)
    assert (stored["values"], stored["layer"]) == ("bins", "")
    assert stored["genes"].tolist() == adata.var_names.tolist()
    assert stored["panel"].shape == (40, 90)


@pytest.mark.parametrize("values", ["bins", "z"])
@pytest.mark.parametrize("kind", ARRAY_TYPES)
def test_every_kind_of_matrix(kind, values, tmp_path):
    plain, new = counts(), counts(30, rng=1)
    expected = bins(plain, values=values)
    other = ARRAY_TYPES[kind].convert(plain, tmp_path)
    copied = fe.pp.bin_by_gene(other, values=values, copy=True)
    assert not {"bins"} & {*other.layers, *other.uns}
    found = copied.layers["bins"]
    stays = values == "bins" and not ARRAY_TYPES[kind].dense
    assert (sparse.issparse(found) and found.format == "csr") == stays
    exactly = stays or values == "bins" or ARRAY_TYPES[kind].dense
    if exactly:
        assert dense(found).tobytes() == expected.tobytes()
    else:  # sums of other orders
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    placed = bins(ARRAY_TYPES[kind].convert(new, tmp_path), reference=copied, values=values)
    assert placed.tobytes() == bins(new, reference=copied, values=values).tobytes()


@pytest.mark.parametrize("suffix", ["h5ad", "zarr"])
def test_files(tmp_path, suffix):
    adata, new = counts(), counts(30, rng=1)
    adata.X = sparse.csr_matrix(adata.X)
    paths = tmp_path / f"a.{suffix}", tmp_path / f"new.{suffix}"
    for one, path in zip((adata, new), paths, strict=True):
        getattr(one, "write_h5ad" if suffix == "h5ad" else "write_zarr")(path)
    found = fe.pp.bin_by_gene(paths[0])
    assert found.X is None
    fe.pp.bin_by_gene(adata)
    assert dense(found.layers["bins"]).tobytes() == dense(adata.layers["bins"]).tobytes()
    same(dict(found.uns["bins"]), dict(adata.uns["bins"]))
    found.write_h5ad(tmp_path / "reference.h5ad")
    placed = fe.pp.bin_by_gene(paths[1], reference=tmp_path / "reference.h5ad")
    assert placed.layers["bins"].tobytes() == bins(new, reference=adata).tobytes()


@pytest.mark.parametrize("values", ["bins", "z"])
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
def test_a_file_keeps_all(tmp_path, values, convert):
    adata = counts()
    adata.X[:, 3] = 0
    adata.X[4, 5] = np.nan
    adata.X = convert(adata.X)
    fe.pp.bin_by_gene(adata, values=values, key_added="k")
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = anndata.read_h5ad(tmp_path / "a.h5ad")
    same(dict(adata.uns["k"]), dict(back.uns["k"]))
    assert all(value is not None for value in adata.uns["k"].values())
    assert dense(back.layers["k"]).tobytes() == dense(adata.layers["k"]).tobytes()
    back.write_h5ad(tmp_path / "b.h5ad")
    same(dict(back.uns["k"]), dict(anndata.read_h5ad(tmp_path / "b.h5ad").uns["k"]))
    new = counts(30, rng=1)
    expected, found = (
        fe.pp.bin_by_gene(new, reference=of, key_added="k", values=values, copy=True)
        for of in (adata, back)
    )
    assert found.layers["k"].tobytes() == expected.layers["k"].tobytes()


@pytest.mark.parametrize("values", ["bins", "z"])
def test_a_new_sample_depends_on_no_other(values):
    reference, new = counts(), counts(30, rng=1)
    new.X[3, 4] = np.nan
    fe.pp.bin_by_gene(reference, values=values)
    options = {"reference": reference, "values": values}
    whole = bins(new, **options)
    for i in (0, 3, 29):
        assert bins(new[i].copy(), **options).tobytes() == whole[i].tobytes()
    assert (whole[3, 4] == UNKNOWN) if values == "bins" else np.isnan(whole[3, 4])
    # The reference itself has the bins that it had.
    assert bins(reference, **options).tobytes() == dense(reference.layers["bins"]).tobytes()


def test_genes_are_found_by_name():
    reference, new = counts(), counts(30, rng=1)
    fe.pp.bin_by_gene(reference)
    expected = bins(new, reference=reference)
    draw = np.random.default_rng(0)
    other = new[:, draw.permutation(40)[:30]].copy()
    more = AnnData(np.ones((30, 3), np.float32), var=pd.DataFrame(index=["x", "y", "z"]))
    more.obs_names = other.obs_names
    other = anndata.concat([other, more], axis=1, merge="first")
    found = bins(other, reference=reference)
    known = np.isin(other.var_names, new.var_names)
    at = new.var_names.get_indexer(other.var_names[known])
    np.testing.assert_array_equal(found[:, known], expected[:, at])
    assert (found[:, ~known] == UNKNOWN).all()
    binned = fe.pp.bin_by_gene(other, reference=reference, copy=True)
    same(binned.uns["bins"], reference.uns["bins"])  # a reference as good as the first
    assert binned.uns["bins"]["panel"] is not reference.uns["bins"]["panel"]
    with pytest.warns(UserWarning, match="only 3 genes are in common.* 40.* 6"):
        few = bins(other[:, [0, 1, 2, 30, 31, 32]].copy(), reference=reference)
    assert (few[:, 3:] == UNKNOWN).all()


def test_a_floor_is_not_expressed():
    adata = counts()
    expected = bins(adata)
    adata.X = np.where(adata.X == 0, np.float32(-9.9658), adata.X)
    np.testing.assert_array_equal(bins(adata, zero=-9.9658), expected)
    assert bins(adata, zero=-9.9658).min() == 0
    assert bins(adata, zero=float("-inf")).min() > 0
    new = counts(30, rng=1)
    fe.pp.bin_by_gene(adata, zero=-9.9658)
    assert bins(new, reference=adata).min() > 0  # its zeros are expressed


def test_the_panel_of_a_trained_model_is_found():
    reference, new = counts(), counts(30, rng=1)
    fe.pp.bin_by_gene(reference)
    expected = bins(new, reference=reference)
    model = reference.copy()
    model.uns = {"generain": {"params": {}, INSIDE: reference.uns["bins"]}}
    assert bins(new, reference=model).tobytes() == expected.tobytes()
    model.uns["other"] = reference.uns["bins"]
    with pytest.raises(KeyError, match=r"no panel.*'generain' and 'other'|'generain', 'other'"):
        bins(new, reference=model)


def refuses(adata, error, match, **options):
    before = snapshot(adata)
    with pytest.raises(error, match=match):
        fe.pp.bin_by_gene(adata, **options)
    assert snapshot(adata) == before


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"n_bins": 1}, ValueError, "n_bins must be from 2 to 65534, not 1"),
        ({"n_bins": 65535}, ValueError, "n_bins must be from 2 to 65534"),
        ({"n_bins": 20.0}, TypeError, "n_bins must be a whole number"),
        ({"panel": 1}, ValueError, "panel must be an integer of at least 2"),
        ({"zero": "0"}, TypeError, "zero must be a number"),
        ({"zero": float("nan")}, ValueError, "zero must be the value that"),
        ({"zero": float("inf")}, ValueError, "zero must be the value that"),
        ({"zero": 0.25}, ValueError, "the smallest is 0.0.*give zero=0.0"),
        ({"zero": -1}, ValueError, "no value is zero=-1; the smallest is 0.0"),
        ({"values": "ranks"}, ValueError, "values must be one of 'bins', 'z'"),
        ({"values": "z", "zero": -2}, ValueError, "of values='bins'"),
        ({"layer": "none"}, KeyError, "no layer 'none'"),
        ({"layer": "bins"}, ValueError, "read and written"),
        ({"key_added": "a/b"}, ValueError, "a key must be a string"),
        ({"key_added": "mine"}, ValueError, r"layers\['mine'\] is there, but not of"),
        ({"key_added": "other"}, ValueError, r"uns\['other'\] holds something else"),
        ({"reference": counts()}, KeyError, r"no panel in reference.uns\['bins'\]: call fe.pp"),
        ({"reference": 3}, TypeError, "reference must be an AnnData or the path"),
        ({"reference": "none.h5ad"}, ValueError, "there is no file none.h5ad"),
    ],
)
def test_options_that_mean_nothing(options, error, match):
    adata = counts()
    adata.layers["mine"] = adata.X.copy()
    adata.uns["other"] = {"genes": 3}
    refuses(adata, error, match, **options)


def test_values_that_cannot_be_ranked():
    adata = counts()
    adata.X[2, 3] = -0.5
    refuses(adata, ValueError, r"below zero=0; the smallest is -0\.5.*TCGA and GTEx.*zero=-0\.5")
    adata = counts()
    adata.X[2, 3] = np.inf
    for values in ("bins", "z"):
        refuses(adata, ValueError, r"infinite.*NaN", values=values)
    for value in (0, 2, np.nan):
        adata = counts()
        adata.X[7] = value
        refuses(adata, ValueError, "1 samples, such as 'sample8'")
    refuses(counts()[:1].copy(), ValueError, "1 samples x 40 genes are too few.*reference=")
    adata = counts()
    adata.var_names = ["a", *adata.var_names[1:-1], "a"]
    refuses(adata, ValueError, "var_names_make_unique")


def test_a_file_with_a_layer_of_that_name(tmp_path):
    adata = counts()
    adata.layers["bins"] = adata.X.copy()
    adata.write_h5ad(tmp_path / "a.h5ad")
    with pytest.raises(ValueError, match=re.escape("layers['bins'] is there")):
        fe.pp.bin_by_gene(tmp_path / "a.h5ad")


def test_references_that_do_not_fit():
    reference, new = counts(), counts(30, rng=1)
    fe.pp.bin_by_gene(reference, n_bins=100, panel=50)
    for option, value in {"n_bins": 50, "panel": 51, "zero": 1}.items():
        refuses(new, ValueError, f"{option} is that of", reference=reference, **{option: value})
    assert bins(new, reference=reference, n_bins=100, panel=50).max() == 99
    refuses(new, ValueError, "holds values='bins'", reference=reference, values="z")
    low = new.copy()
    low.X[2, 3] = -2
    refuses(low, ValueError, r"smallest value is -2\.0, below .* 0\.0: bring", reference=reference)
    other = new.copy()
    other.var_names = [f"ENSG{i:011d}" for i in range(40)]
    refuses(other, ValueError, "no gene in common.*symbols.*Ensembl", reference=reference)
    refuses(new[:0].copy(), ValueError, "0 samples x 40 genes", reference=reference)


@pytest.mark.parametrize("values", ["bins", "z"])
def test_a_panel_that_was_changed(values):
    reference, new = counts(), counts(30, rng=1)
    fe.pp.bin_by_gene(reference, values=values)
    stored = reference.uns["bins"]
    part = "panel" if values == "bins" else "sd"
    stored[part] = stored[part][:20]
    refuses(new, ValueError, "panel was changed", reference=reference, values=values)


def test_it_is_written_again():
    adata = counts()
    fe.pp.bin_by_gene(adata, n_bins=10)
    fe.pp.bin_by_gene(adata, n_bins=20)
    assert adata.layers["bins"].max() == 19
    assert adata.uns["bins"]["n_bins"] == 20


def test_in_place_of_a_file(tmp_path):
    adata = counts()
    expected = bins(adata)
    adata.write_h5ad(tmp_path / "a.h5ad")
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    assert fe.pp.bin_by_gene(backed) is None
    assert backed.layers["bins"].tobytes() == expected.tobytes()
    with pytest.raises(ValueError, match="view"):
        fe.pp.bin_by_gene(backed[:20], key_added="k")
