"""Which side is the genes, and which genes are the same: by names, and by columns of ids."""

from __future__ import annotations

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

QUICK = {"steps": 20, "progress": False}


@pytest.fixture(scope="module")
def cells():
    adata = fe.datasets.pbmc68k_reduced()
    adata.var["ensembl_id"] = [f"ENSG{k:011d}.{k % 7}" for k in range(adata.n_vars)]
    adata.obsm.clear()
    return adata


@pytest.fixture(scope="module")
def reference(cells):
    adata = cells[:600].copy()
    fe.tl.train(adata, **QUICK)
    return adata


@pytest.fixture(scope="module")
def places(cells, reference):
    new = cells[600:].copy()
    fe.tl.transform(new, reference, progress=False)
    return new.obsm["X_fe"]


def test_a_transposed_anndata_is_refused(cells):
    turned = anndata.AnnData(
        cells.X.T.toarray(), obs=cells.var, var=pd.DataFrame(index=cells.obs_names)
    )
    with pytest.raises(ValueError, match=r"looks transposed.*adata\.T\.copy.*orientation='as-is'"):
        fe.tl.train(turned, **QUICK)
    assert not turned.obsm
    fe.tl.train(turned, orientation="as-is", **QUICK)
    fe.tl.train(turned.T.copy(), **QUICK)
    with pytest.raises(ValueError, match=r"is for tables.*adata\.T"):
        fe.tl.train(cells.copy(), orientation="transposed", **QUICK)


def test_a_transposed_file_is_refused(tmp_path, cells):
    turned = anndata.AnnData(
        cells.X.T.toarray(), obs=cells.var, var=pd.DataFrame(index=cells.obs_names)
    )
    turned.write_h5ad(tmp_path / "turned.h5ad")
    with pytest.raises(ValueError, match=r"turned\.h5ad looks transposed"):
        fe.tl.train(tmp_path / "turned.h5ad", **QUICK)


def test_numbered_samples_and_unknown_genes_are_no_doubt(cells):
    adata = cells.copy()
    adata.obs_names = [str(7 * k * k) for k in range(adata.n_obs)]
    adata.var_names = [f"probe {k}" for k in range(adata.n_vars)]
    fe.tl.train(adata, **QUICK)


@pytest.mark.parametrize("side", ["new", "reference", "both"])
def test_genes_are_joined_by_a_column_of_ids(cells, places, side):
    new, reference = cells[600:].copy(), cells[:600].copy()
    fe.tl.train(reference, **QUICK)
    if side == "new":  # symbols in the reference, which has ids beside; ids in the new
        new.var_names = new.var["ensembl_id"].str.replace(".", ".1", regex=False)
        new.var = new.var[[]]
    elif side == "reference":
        new.var["symbol"] = new.var_names
        new.var_names = [f"probe{k}" for k in range(new.n_vars)]
    else:
        new.var["gene_ids"] = new.var["ensembl_id"].str.split(".").str[0]
        new.var_names = [f"probe{k}" for k in range(new.n_vars)]
        new.var = new.var[["gene_ids"]]
    with pytest.warns(UserWarning, match=r"joined by .*: 765 of 765"):
        fe.tl.transform(new, reference, progress=False)
    np.testing.assert_allclose(new.obsm["X_fe"], places, atol=1e-5)
    fe.tl.reconstruct(new, reference=reference)
    assert np.isfinite(new.layers["fe"]).all()


def test_ids_that_are_there_twice_or_missing_are_left_out(cells, reference):
    new = cells[600:].copy()
    ids = new.var["ensembl_id"].copy()
    ids.iloc[3] = ids.iloc[4]
    ids.iloc[7] = None
    new.var_names = [f"probe{k}" for k in range(new.n_vars)]
    new.var = pd.DataFrame({"id": ids.to_numpy()}, index=new.var_names)
    with pytest.warns(UserWarning, match="762 of 765"):
        fe.tl.transform(new, reference, progress=False)
    assert (new.obs["fe_n_genes"] == 762).all()


def test_names_are_kept_where_they_find_most(cells, reference):
    new = cells[600:].copy()
    new.var["ensembl_id"] = (
        new.var["ensembl_id"].to_numpy()[::-1].copy()
    )  # wrong, and not looked at
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fe.tl.transform(new, reference, progress=False)
    assert (new.obs["fe_n_genes"] == 765).all()


def test_few_genes_in_common(cells, reference):
    few = cells[600:, :3].copy()
    with pytest.raises(ValueError, match=r"only 3 of the 765.*min_overlap says"):
        fe.tl.transform(few, reference, progress=False)
    assert "X_fe" not in few.obsm
    for least in (3, 0.003, 0):
        with pytest.warns(UserWarning, match="only 3 of the 765 genes"):
            fe.tl.transform(few.copy(), reference, min_overlap=least, progress=False)
    with pytest.raises(ValueError, match="only 300 of the 765"):
        fe.tl.transform(cells[600:, :300].copy(), reference, min_overlap=0.5, progress=False)
    with pytest.warns(UserWarning, match="only 300 of the 765"):
        fe.tl.transform(cells[600:, :300].copy(), reference, progress=False)
    with pytest.raises(TypeError, match="min_overlap must be a number"):
        fe.tl.transform(few, reference, min_overlap="3", progress=False)
    with pytest.raises(ValueError, match="min_overlap must be 0 or more"):
        fe.tl.transform(few, reference, min_overlap=-1, progress=False)


def test_a_small_model_needs_no_fifty_genes():
    adata = fe.datasets.simulated(60, 20, 3)
    fe.tl.train(adata, **QUICK)
    new = adata[:5].copy()
    del new.uns["fe"], new.obsm["X_fe"], new.varm["fe"]
    fe.tl.transform(new, adata, progress=False)
    with pytest.raises(ValueError, match="only 8 of the 20"):
        fe.tl.transform(new[:, :8].copy(), adata, progress=False)


def test_samples_in_the_place_of_genes_are_told(cells, reference):
    turned = anndata.AnnData(cells.X[600:].T.toarray(), obs=cells.var)
    with pytest.raises(ValueError, match=r"no gene in common.*rows.*adata\.T"):
        fe.tl.transform(turned, reference, progress=False)


def test_columns_that_count_the_genes_join_nothing(cells, reference):
    """Numbers of rows name no genes: another order would give every gene the values of another."""
    trained = reference.copy()
    trained.var["idx"] = np.arange(trained.n_vars)
    new = cells[600:, ::-1].copy()
    new.var["idx"] = np.arange(new.n_vars)
    new.var_names = [name if k % 2 else f"probe{k}" for k, name in enumerate(new.var_names)]
    new.var = new.var[["idx"]]
    with pytest.warns(UserWarning, match=r"only 382 of the 765") as said:
        fe.tl.transform(new, trained, progress=False)
    assert not any("joined" in str(warning.message) for warning in said)


def test_ids_that_join_other_genes_than_the_names_are_left_out(cells, reference):
    new = cells[600:].copy()
    new.var_names = [name if k % 2 else f"probe{k}" for k, name in enumerate(new.var_names)]
    new.var = pd.DataFrame({"id": np.roll(cells.var["ensembl_id"], 1)}, index=new.var_names)
    with pytest.warns(UserWarning, match="only 382 of the 765"):
        fe.tl.transform(new, reference, progress=False)


def test_ids_of_entrez_may_be_decimals_with_gaps(cells):
    whole = cells.copy()
    whole.var["entrez"] = [float(17 * k * k + 100) for k in range(whole.n_vars)]
    whole.var.loc[whole.var_names[3], "entrez"] = np.nan
    reference, new = whole[:600].copy(), whole[600:].copy()
    fe.tl.train(reference, **QUICK)
    new.var_names = new.var["entrez"].fillna(0).astype(int).astype(str)
    new.var = new.var[[]]
    with pytest.warns(UserWarning, match=r"var\['entrez'\].*764 of 765"):
        fe.tl.transform(new, reference, progress=False)


@pytest.mark.parametrize("name", ["probes.tsv", "probes.h5ad"])
def test_a_table_that_is_to_be_turned(tmp_path, cells, name):
    turned = pd.DataFrame(cells.X[:60].T.toarray())
    turned.index, turned.columns = [f"p {k}" for k in turned.index], [f"q {k}" for k in range(60)]
    if name.endswith(".tsv"):
        turned.to_csv(tmp_path / name, sep="\t")
        trained = fe.tl.train(tmp_path / name, orientation="transposed", **QUICK)
        assert trained.shape == (60, 765)
    else:
        anndata.AnnData(turned).write_h5ad(tmp_path / name)
        with pytest.raises(ValueError, match=r"turn it first: adata = fe\.io\.read.*probes\.h5ad"):
            fe.tl.train(tmp_path / name, orientation="transposed", **QUICK)


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda n: f"ENSG{abs(hash(n)) % 10**10:011d}", r"has symbols, the new samples have Ensembl"),
     (str.capitalize, "But for capital letters 7"), (lambda n: f"x{n}", "named otherwise")],
    ids=["ensembl", "mouse", "other"],
)  # fmt: skip
def test_why_few_genes_are_in_common(cells, reference, change, said):
    new = cells[600:].copy()
    new.var_names = [n if k < 4 else change(n) for k, n in enumerate(new.var_names)]
    new.var_names_make_unique()
    new.var = new.var[[]]
    with pytest.raises(ValueError, match=said):
        fe.tl.transform(new, reference, progress=False)
