"""What cannot be trained on or embedded is refused in plain words, and nothing is written."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from tests.models.generain.conftest import cohort
from tests.refusals import refuses


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["tokens=61", "60 genes", "lower tokens"], {"tokens": 61}),
        (["width=8", "heads=3"], {"heads": 3}),
        (["masked", "0 "], {"objective": "masked-gene", "masked": 0.0}),
        (["masked", "1"], {"objective": "masked-gene", "masked": 1.0}),
        (["masked does not apply to objective='next-gene'"], {"masked": 0.2}),
        (["60 rows", r"\(59, 8\)"], {"start": np.ones((59, 8)), "width": 8}),
        (["width=8", "9 columns"], {"start": np.ones((60, 9)), "width": 8}),
        (["pooling='cls' needs objective='masked-gene' or 'masked-expression'"],
         {"pooling": "cls"}),
        (["n_bins", "65534"], {"n_bins": 65535}),
        (["objective", "next-gene", "gpt"], {"objective": "gpt"}),
    ],
    ids=str,
)  # fmt: skip
def test_options(words, given, quick):
    refuses(cohort(), ValueError, *words, model="generain", **{**quick, **given})


def test_a_sample_of_few_expressed_genes(quick):
    adata = cohort()
    adata.X[5, 15:] = 0
    refuses(adata, ValueError, "fewer than 16 genes", "row 5", model="generain", **quick)


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_sample_whose_values_are_all_equal(value, quick):
    adata = cohort()
    adata.X[[2, 9]] = value
    refuses(adata, ValueError, "equal in row 2, 9", "leave it out", model="generain", **quick)


def test_negative_values(quick):
    adata = cohort()
    adata.X = np.log2(adata.X + 0.25)
    refuses(adata, ValueError, "negative, down to -2", "zero=-2", model="generain", **quick)
    counts = cohort()
    for one, zero in ((adata, -2.0), (counts, 0.0)):
        fe.tl.train(one, "generain", zero=zero, start="random", **quick)
    assert adata.obsm["X_generain"].tobytes() == counts.obsm["X_generain"].tobytes()


def test_new_samples_without_a_gene_of_the_vocabulary(trained):
    new = cohort(4)
    new.var_names = [f"other{i}" for i in range(60)]
    with pytest.raises(ValueError, match=r"g000.*other0|other0.*g000"):
        fe.tl.transform(new, trained, key="generain", progress=False)
    assert "X_generain" not in new.obsm


def test_new_samples_that_tell_nothing(trained):
    new = cohort(4, rng=1)
    new.X[1, 12:] = 0
    with pytest.warns(UserWarning, match="1 samples have fewer than 16 expressed genes"):
        fe.tl.transform(new, trained, key="generain", progress=False)
    assert np.isnan(new.obsm["X_generain"]).all(axis=1).tolist() == [False, True, False, False]
    assert not new.obs["generain_outlier"].iloc[1]


def test_a_checkpoint_of_another_vocabulary(quick, tmp_path):
    fe.tl.train(cohort(), "generain", checkpoint=tmp_path / "run", **quick)
    other = cohort()
    other.var_names = [f"h{i:03d}" for i in range(60)]
    with pytest.raises(ValueError, match="genes differ"):
        fe.tl.train(other, "generain", checkpoint=tmp_path / "run", resume=True, **quick)


def test_a_verb_that_has_no_answer(trained):
    with pytest.raises(ValueError, match="does not predict expression"):
        fe.tl.reconstruct(trained, key="generain")


def test_a_file_whose_genes_were_reordered(trained):
    turned = trained[:, ::-1].copy()
    with pytest.raises(ValueError, match="not those that the model"):
        fe.tl.transform(cohort(3), turned, key="generain", progress=False)


def test_an_unusual_sample_is_flagged(quick):
    adata = cohort(80, apart=2.0)
    fe.tl.train(adata, "generain", **{**quick, "steps": 40, "evaluate_every": 20})
    odd = cohort(3, rng=4, apart=2.0)
    odd.X = odd.X[:, np.random.default_rng(0).permutation(60)]
    usual = fe.tl.transform(cohort(3, rng=4, apart=2.0), adata, key="generain", copy=True)
    unusual = fe.tl.transform(odd, adata, key="generain", copy=True)
    name = "generain_cross_entropy"
    assert unusual.obs[name].min() > usual.obs[name].max()


def test_fewer_genes_than_the_shortest_list():
    few = fe.datasets.simulated(40, 12, 2)
    with pytest.raises(ValueError, match="12 genes are too few"):
        fe.tl.train(few, "generain", steps=1, progress=False)
