"""References and results that were changed since, and verbs on files that are only viewed."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from tests.refusals import small


def test_a_reference_with_a_gene_twice(trained):
    names = list(trained.var_names)
    names[1] = names[0]
    trained.var_names = names
    with pytest.raises(ValueError, match=rf"reference occur more than once \({names[0]}"):
        fe.tl.transform(small(rng=1), trained)


def test_a_reference_without_samples(trained):
    with pytest.raises(ValueError, match="reference has no samples"):
        fe.tl.transform(small(rng=1), trained[:0].copy())


def test_the_format_of_tomorrow_is_named(trained):
    trained.uns["fe"]["format"] = 99
    with pytest.raises(ValueError, match=r"uns\['fe'\] is in format 99.*upgrade"):
        fe.tl.reconstruct(trained)


@pytest.mark.parametrize("change", [lambda X: X * 0 + 7, lambda X: X * 0, lambda X: X * 1e-40])
def test_nothing_to_tell_samples_apart_by(change):
    adata = small()
    adata.X = change(adata.X)
    adata.obs["label"] = pd.Categorical(["a", "b"] * 20)
    with pytest.raises(ValueError, match="nothing to tell samples apart"):
        fe.tl.evaluate(adata, "label", dims=(2,), methods=("pca",), folds=2, classifiers=("knn",))


@pytest.mark.parametrize("verb", [fe.tl.reconstruct, fe.tl.embedding_density])
def test_a_view_of_a_file(tmp_path, trained, verb):
    trained.write_h5ad(tmp_path / "a.h5ad")
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    with pytest.raises(ValueError, match="view of an AnnData in a file"):
        verb(backed[:30])
    for given, n in ((backed[:30], 30), (backed, 40)):
        assert verb(given, copy=True).n_obs == n
    backed.file.close()


@pytest.mark.parametrize(
    "form",
    [np.asarray, lambda m: m.astype(int), pd.Categorical],
    ids=["bool", "0 and 1", "categories"],
)
def test_a_universe_in_any_form(trained, form):
    trained.var["half"] = form(np.arange(30) < 20)
    sets = {"s": list(trained.var_names[:12])}
    expected = fe.tl.set_coherence(trained, sets, universe=list(trained.var_names[:20]))
    pd.testing.assert_frame_equal(fe.tl.set_coherence(trained, sets, universe="half"), expected)


def test_a_universe_of_booleans(trained):
    sets = {"s": list(trained.var_names[:12])}
    expected = fe.tl.set_coherence(trained, sets, universe=list(trained.var_names[:20]))
    found = fe.tl.set_coherence(trained, sets, universe=np.arange(30) < 20)
    pd.testing.assert_frame_equal(found, expected)
    with pytest.raises(TypeError, match="'s' must be a list"):
        fe.tl.set_coherence(trained, {"s": None})
