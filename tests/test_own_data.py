"""Real matrices as people have them: transposed, raw, on another scale, with other names.

Each is caught, named, and cured as the message says. Skipped where the cohorts are absent.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe
from benchmarks import cohorts

pytestmark = pytest.mark.data
QUICK = {"steps": 40, "progress": False}
CLINICAL = "clinical/tcga_cdr_clinical.tsv.gz"


@pytest.fixture(scope="module")
def tumours():
    """384 tumours of seven types, counts of 3000 genes, with their Ensembl ids."""
    path = cohorts.file(cohorts.TUMOURS["tcga_7"])
    if not path.is_file():
        pytest.skip(f"{path} is absent; name the folder of the cohorts in FE_ANNDATA_DATA")
    adata = fe.io.read(path)
    mean = np.asarray(adata.X.mean(axis=0)).ravel()
    adata = adata[:, np.sort(np.argsort(-mean)[:3000])].copy()
    adata.X = np.asarray(adata.X.todense() if hasattr(adata.X, "todense") else adata.X, np.float32)
    return adata


@pytest.fixture(scope="module")
def reference(tumours):
    adata = AnnData(logs_of(tumours.X), obs=tumours.obs, var=tumours.var)[:300].copy()
    fe.tl.train(adata, **QUICK)
    return adata


@pytest.fixture(scope="module")
def new(tumours):
    return AnnData(logs_of(tumours.X), obs=tumours.obs, var=tumours.var)[300:].copy()


@pytest.fixture(scope="module")
def places(new, reference):
    placed = new.copy()
    fe.tl.transform(placed, reference, progress=False)
    return placed.obsm["X_fe"]


def logs_of(X):
    return np.log1p(X / X.sum(axis=1, keepdims=True) * 1e4).astype(np.float32)


def test_a_table_of_tpm_with_clinical_data(tumours, tmp_path):
    if not cohorts.file(CLINICAL).is_file():
        pytest.skip("the clinical table is absent")
    tpm = tumours.X / tumours.X.sum(axis=1, keepdims=True) * 1e6
    table = pd.DataFrame(tpm.T.round(3), tumours.var["ensembl_id"], tumours.obs_names)
    table.to_csv(tmp_path / "tpm.tsv", sep="\t")
    adata = fe.io.read(tmp_path / "tpm.tsv", obs=cohorts.file(CLINICAL))
    with pytest.warns(UserWarning, match="normalize='log2_tpm'"):
        fe.tl.train(adata, **QUICK)
    ax = fe.pl.embedding(adata, "cancer_type", show=False)
    assert len(ax.get_legend().texts) == 7
    assert adata.obs["cancer_type"].tolist() == tumours.obs["cancer_type"].astype(str).tolist()


def test_transposed(tumours):
    turned = AnnData(tumours.X.T.copy(), obs=tumours.var, var=tumours.obs[[]])
    with pytest.raises(ValueError, match=r"looks transposed.*adata\.T\.copy"):
        fe.tl.train(turned, **QUICK)
    with pytest.warns(UserWarning, match="raw counts"):
        fe.tl.train(turned.T.copy(), **QUICK)


def test_raw(tumours, reference, places):
    raw = AnnData(tumours.X[300:].copy(), obs=tumours.obs.iloc[300:], var=tumours.var)
    with pytest.raises(ValueError, match="normalize='log1p_cp10k' brings them"):
        fe.tl.transform(raw, reference, progress=False)
    fe.tl.transform(raw, reference, normalize="log1p_cp10k", progress=False)
    np.testing.assert_allclose(raw.obsm["X_fe"], places, atol=1e-3)


def test_another_scale(new, reference, places):
    other = new.copy()
    other.X = (other.X / np.log(10)).astype(np.float32)
    with pytest.raises(ValueError, match=r"log10 to the natural logarithm.*by 2\.303"):
        fe.tl.transform(other, reference, progress=False)
    other.X = other.X * np.float32(np.log(10))
    fe.tl.transform(other, reference, progress=False)
    np.testing.assert_allclose(other.obsm["X_fe"], places, atol=1e-3)


def test_other_names(new, reference, places):
    ids = new.copy()
    ids.var_names = [f"{name}.7" for name in ids.var["ensembl_id"]]
    ids.var = ids.var[[]]
    with pytest.warns(UserWarning, match=r"joined by reference\.var\['ensembl_id'\]"):
        fe.tl.transform(ids, reference, progress=False)
    np.testing.assert_allclose(ids.obsm["X_fe"], places, atol=1e-3)
    alone = reference.copy()
    alone.var = alone.var.drop(columns=["ensembl_id", "symbol"], errors="ignore")
    with pytest.raises(ValueError, match=r"Ensembl ids.*column of var|no gene in common.*Ensembl"):
        fe.tl.transform(ids.copy(), alone, key_added="other", progress=False)


def test_a_part_of_the_genes(tumours):
    """Counts are brought to the share of the total that their genes had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = tumours[:300].copy()
        fe.tl.train(raw, **QUICK)
    whole, part = tumours[300:].copy(), tumours[300:, 1000:].copy()
    for samples in (whole, part):
        fe.tl.transform(samples, raw, progress=False)
    away = np.linalg.norm(whole.obsm["X_fe"] - part.obsm["X_fe"], axis=1)
    assert np.median(away) < 0.25 * whole.obsm["X_fe"].std()
