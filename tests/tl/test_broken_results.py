"""A result that no longer belongs together is refused; one of some samples is not."""

from __future__ import annotations

import anndata
import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small, snapshot


def test_nothing_trained(adata):
    for function in (fe.get.history, fe.get.model, fe.tl.reconstruct, fe.tl.impute):
        with pytest.raises(KeyError, match="train"):
            function(adata)
    for function in (fe.get.gene_embedding, fe.get.sample_embedding, fe.get.genes):
        with pytest.raises(KeyError, match=r"no .* embedding"):
            function(adata)


def test_wrong_key_names_the_right_one(trained):
    with pytest.raises(KeyError, match=r"'ef'.*'fe'"):
        fe.get.history(trained, key="ef")
    trained.uns["fe"] = "text"
    with pytest.raises(KeyError, match="no trained model"):
        fe.get.model(trained)


def other(seed=1):
    """Return another trained AnnData with the same genes."""
    made = small(rng=seed)
    made.obs_names = [f"other{i}" for i in range(made.n_obs)]
    fe.tl.train(made, steps=10, rng=seed)
    return made


def gene_subset(a):
    return a[:, :20].copy()


def gene_view(a):
    return a[:, :20]


def genes_reordered(a):
    return a[:, ::-1].copy()


def obsm_edited(a):
    a.obsm["X_fe"] = a.obsm["X_fe"] + np.float32(1)
    return a


def one_sample_edited(a):
    a.obsm["X_fe"][7, 1] += 1
    return a


def varm_edited(a):
    a.varm["fe"][7, 1] += 1
    return a


def obsm_deleted(a):
    del a.obsm["X_fe"]
    return a


def varm_deleted(a):
    del a.varm["fe"]
    return a


def trained_column_deleted(a):
    del a.var["fe_trained"]
    return a


BROKEN = [
    gene_subset,
    gene_view,
    genes_reordered,
    obsm_edited,
    one_sample_edited,
    varm_edited,
    obsm_deleted,
    varm_deleted,
    trained_column_deleted,
]


def resume(adata):
    fe.tl.train(adata, resume=True, steps=40)


@pytest.mark.parametrize("use", [fe.tl.reconstruct, fe.get.model, resume])
@pytest.mark.parametrize("breaking", BROKEN)
def test_broken_result(trained, breaking, use):
    broken = breaking(trained)
    before = snapshot(broken)
    with pytest.raises(ValueError, match=r"(?s)uns\['fe'\].*train again"):
        use(broken)
    assert snapshot(broken) == before


@pytest.mark.parametrize("uns_merge", [None, "same", "unique", "first", "only"])
@pytest.mark.parametrize("merge", [None, "same", "first"])
def test_concatenated_results(trained, second, merge, uns_merge):
    both = anndata.concat([trained, second], merge=merge, uns_merge=uns_merge)
    before = snapshot(both)
    for use in (fe.tl.reconstruct, fe.get.model, resume):
        # A message of ours: a bare KeyError: 'fingerprint' would not help.
        with pytest.raises((ValueError, KeyError), match="train"):
            use(both)
    assert snapshot(both) == before


@pytest.fixture(scope="module")
def second():
    fe.settings.progress = False
    return other()


@pytest.mark.parametrize("merge", ["same", "first"])
def test_concatenated_with_untrained_samples(trained, merge):
    both = anndata.concat([trained, small(rng=3)], join="outer", merge=merge, uns_merge=merge)
    with pytest.raises((ValueError, KeyError), match="train"):
        fe.tl.reconstruct(both)


def test_genes_concatenated(trained):
    more = small(rng=4)
    more.var_names = [f"more{i}" for i in range(more.n_vars)]
    both = anndata.concat([trained, more], axis="var", merge="first", uns_merge="first")
    with pytest.raises((ValueError, KeyError), match="train"):
        fe.tl.reconstruct(both)


@pytest.mark.parametrize(
    "rows",
    [slice(5, 25), [3, 1, 2], [0], np.arange(40)[::-1]],
    ids=["slice", "some", "one", "reversed"],
)
def test_sample_subset_works_and_gives_the_same_values(trained, rows):
    subset = trained[rows].copy()
    fe.tl.reconstruct(subset)
    expected = trained[rows].layers["expected"]
    if len(subset) == 40:  # the same products, so the same bytes
        assert subset.layers["fe"].tobytes() == np.ascontiguousarray(expected).tobytes()
    np.testing.assert_allclose(subset.layers["fe"], expected, rtol=1e-5, atol=1e-5)
    assert len(fe.get.model(subset).samples) == len(subset)
