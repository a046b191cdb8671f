import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fe_anndata as fe

N, GENES, PROTEINS = 240, 60, 8
WHERE = {"rna": "X", "protein": "protein"}


def paired(seed=0):
    """Samples whose RNA and proteins follow the same four states; proteins in large units."""
    draw = np.random.default_rng(seed)
    states = draw.normal(size=(N, 4))
    fixed = np.random.default_rng(100)
    rna = states @ fixed.normal(size=(4, GENES)) + draw.normal(size=(N, GENES))
    protein = 500 + 100 * (states @ fixed.normal(size=(4, PROTEINS)))
    protein += 20 * draw.normal(size=protein.shape)
    names = [f"s{seed}_{i}" for i in range(N)]
    adata = ad.AnnData(rna.astype(np.float32), pd.DataFrame({"half": np.arange(N) % 2}, names))
    columns = [f"P{j}" for j in range(PROTEINS)]
    adata.obsm["protein"] = pd.DataFrame(protein.astype(np.float32), names, columns)
    return adata


def squares(joint, name):
    X = joint[:, joint.var["modality"] == name].X
    X = X.toarray() if sparse.issparse(X) else X
    return np.nansum(np.square(X - np.nanmean(X, axis=0), dtype=np.float64))


def test_modalities_count_alike_whatever_their_units_and_sizes():
    joint = fe.pp.join_modalities(paired(), WHERE)
    assert joint.shape == (N, GENES + PROTEINS)
    assert squares(joint, "rna") == pytest.approx(squares(joint, "protein"), rel=1e-3)
    total = squares(joint, "rna") + squares(joint, "protein")
    assert total / joint.X.size == pytest.approx(1, rel=1e-3)
    heavy = fe.pp.join_modalities(paired(), WHERE, weights={"protein": 4})
    assert squares(heavy, "protein") == pytest.approx(4 * squares(heavy, "rna"), rel=1e-3)
    assert joint.obs["half"].tolist() == paired().obs["half"].tolist()


def test_values_come_back_by_their_scale():
    adata = paired()
    joint = fe.pp.join_modalities(adata, WHERE)
    back = joint.X / joint.var["modality_scale"].to_numpy()
    np.testing.assert_allclose(back[:, :GENES], adata.X, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(back[:, GENES:], adata.obsm["protein"], rtol=1e-4)


def test_one_modality_is_predicted_from_the_other():
    trained, new = paired(), paired(1)
    joint = fe.pp.join_modalities(trained, WHERE)
    fe.tl.train(joint, sample_dim=8, progress=False)
    fe.tl.transform(
        lone := fe.pp.join_modalities(new, {"rna": "X"}, reference=joint), joint, progress=False
    )
    fe.tl.reconstruct(lone, reference=joint, modality="protein")
    found, truth = lone.obsm["fe_protein"], new.obsm["protein"]
    assert list(found.columns) == list(truth.columns)
    mean = trained.obsm["protein"].mean(0)
    left = np.square(found.to_numpy() - truth.to_numpy()).sum()
    assert 1 - left / np.square(truth - mean).to_numpy().sum() > 0.75
    assert "fe" not in lone.layers
    fe.tl.reconstruct(joint, modality="rna")
    assert joint.obsm["fe_rna"].shape == (N, GENES)


def test_samples_may_lack_a_modality():
    mudata = pytest.importorskip("mudata")
    adata = paired()
    protein = ad.AnnData(adata.obsm["protein"]).copy()
    protein.var_names = ["G1", *protein.var_names[1:]]
    rna = adata[:200].copy()
    del rna.obsm["protein"]
    rna.var_names = [f"G{j}" for j in range(GENES)]
    both = mudata.MuData({"rna": rna, "protein": protein[100:].copy()})
    joint = fe.pp.join_modalities(both)
    assert joint.n_obs == N
    assert np.isnan(joint[:100, joint.var["modality"] == "protein"].X).all()
    assert {"rna:G1", "protein:G1"} <= set(joint.var_names)
    first = joint[adata.obs_names[3]].X[0, :GENES] / joint.var["modality_scale"].iloc[0]
    np.testing.assert_allclose(first, adata.X[3], rtol=1e-4, atol=1e-5)
    fe.tl.train(joint, sample_dim=4, progress=False)
    fe.tl.reconstruct(joint, modality="protein")
    found = joint.obsm["fe_protein"].loc[adata.obs_names[:100]]
    assert found.columns[0] == "G1"
    truth = adata.obsm["protein"].iloc[:100].to_numpy()
    r2 = 1 - np.square(found.to_numpy() - truth).sum() / np.square(truth - truth.mean(0)).sum()
    assert r2 > 0.5


def test_sparse_modalities_stay_sparse():
    adata = paired()
    adata.layers["counts"] = sparse.csr_matrix(np.maximum(adata.X, 0))
    where = {"rna": "counts", "again": "counts"}
    joint = fe.pp.join_modalities(adata, where)
    assert sparse.issparse(joint.X)
    dense = adata.copy()
    dense.layers["counts"] = dense.layers["counts"].toarray()
    np.testing.assert_allclose(
        joint.X.toarray(), fe.pp.join_modalities(dense, where).X, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize(
    ("keywords", "error", "said"),
    [
        ({}, ValueError, "say where the modalities"),
        ({"modalities": {"rna": "X", "p": "protien"}}, KeyError, "did you mean 'protein'"),
        ({"modalities": WHERE, "weights": {"dna": 1}}, KeyError, "no modality 'dna'"),
        ({"modalities": WHERE, "weights": {"rna": 0}}, ValueError, "positive number"),
        ({"modalities": {"a": "X", "b": "flat"}}, ValueError, "no values that vary"),
    ],
)
def test_what_cannot_be_joined(keywords, error, said):
    adata = paired()
    adata.obsm["flat"] = np.ones((N, 3))
    with pytest.raises(error, match=said):
        fe.pp.join_modalities(adata, **keywords)


def test_a_mudata_is_to_be_joined_before():
    mudata = pytest.importorskip("mudata")
    adata = paired()
    del adata.obsm["protein"]
    with pytest.raises(TypeError, match=r"not MuData\. Join its modalities: fe\.pp\.join"):
        fe.tl.train(mudata.MuData({"rna": adata}))


def test_no_common_sample_is_an_error():
    mudata = pytest.importorskip("mudata")
    adata = paired()
    del adata.obsm["protein"]
    parts = {"a": adata[:99].copy(), "b": adata[99:].copy()}
    parts["b"].var_names = [f"b{j}" for j in range(GENES)]
    with pytest.raises(ValueError, match="no sample is in two modalities"):
        fe.pp.join_modalities(mudata.MuData(parts))


def test_a_reference_decides_the_units():
    joint = fe.pp.join_modalities(paired(), WHERE)
    new = fe.pp.join_modalities(paired(1), WHERE, reference=joint)
    assert new.var["modality_scale"].equals(joint.var["modality_scale"])
    with pytest.raises(ValueError, match="leave them out"):
        fe.pp.join_modalities(paired(1), WHERE, reference=joint, weights={"rna": 2})
    with pytest.raises(KeyError, match="has no modality 'other'"):
        fe.pp.join_modalities(paired(1), {"other": "X"}, reference=joint)
    with pytest.raises(ValueError, match="not joined"):
        fe.pp.join_modalities(paired(1), WHERE, reference=paired())


def test_a_model_of_one_modality_has_none_by_name():
    adata = paired()
    fe.tl.train(adata, steps=4, progress=False)
    with pytest.raises(ValueError, match="adata is not joined"):
        fe.tl.reconstruct(adata, modality="protein")
    with pytest.raises(TypeError, match="expected a MuData or an AnnData, not list"):
        fe.pp.join_modalities([adata])
