"""A trained model goes on with another cohort: genes joined by name, what both know kept."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.generain.task import Training
from tests.models.generain.conftest import cohort
from tests.refusals import refuses, small

STILL = {
    "steps": 1, "learning_rate": 1e-12, "table_learning_rate": 1e-12, "minibatch_size": 8,
    "progress": False,
}  # fmt: skip
"""Options of a run that changes nothing."""


def shuffled(n_obs=30, rng=3, first=0, n_vars=60):
    """Return samples of genes from `first` on, in another order, their ids with other versions."""
    adata = cohort(n_obs, 90, rng=rng)[:, first : first + n_vars].copy()
    adata.var_names = [f"ENSG{int(name[1:]):011d}.7" for name in adata.var_names]
    return adata[:, np.random.default_rng(1).permutation(adata.n_vars)].copy()


@pytest.fixture
def reference(quick):
    return learned(quick)


def learned(quick, **options):
    adata = cohort(40, 90)[:, :60].copy()
    adata.var_names = [f"ENSG{int(name[1:]):011d}.2" for name in adata.var_names]
    fe.tl.train(adata, "generain", **{**quick, **options})
    return adata


def continued(adata, start, **options):
    fe.tl.train(adata, "generain", start=start, **{**STILL, **options})
    return adata


def rows(table, adata, genes):
    """Return rows of a table for genes by their number."""
    at = {name.partition(".")[0]: i for i, name in enumerate(adata.var_names)}
    return np.asarray(table)[[at[f"ENSG{g:011d}"] for g in genes]]


@pytest.mark.filterwarnings("ignore")  # ids without versions
@pytest.mark.parametrize("layout", ["ours", "published"])
@pytest.mark.parametrize("objective", ["next-gene", "masked-gene", "masked-expression"])
def test_it_begins_as_the_model_was(objective, layout, quick, tmp_path):
    reference = learned(quick, objective=objective, layout=layout)
    reference.write_h5ad(tmp_path / "a.h5ad")
    by_path = continued(shuffled(), tmp_path / "a.h5ad")
    adata = continued(shuffled(), reference)
    assert adata.obsm["X_generain"].tobytes() == by_path.obsm["X_generain"].tobytes()
    new = shuffled(5, rng=8)
    theirs, ours = (
        fe.tl.transform(new, of, key="generain", progress=False, copy=True)
        for of in (reference, adata)
    )
    np.testing.assert_allclose(theirs.obsm["X_generain"], ours.obsm["X_generain"], atol=1e-5)
    error = "squared_error" if (objective, layout) == ("masked-expression", "ours") else ""
    unit = f"generain_{error or 'cross_entropy'}"
    np.testing.assert_allclose(theirs.obs[unit], ours.obs[unit], atol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("values", ["bins", "z"])
def test_genes_by_name(values, quick, caplog):
    reference = learned(quick, values=values)
    adata = shuffled(first=20)  # 40 in common, 20 new
    with caplog.at_level(logging.INFO):
        continued(adata, reference)
    assert "40 of its 60 genes are shared" in caplog.text
    assert "20 genes are new" in caplog.text
    origin = adata.uns["generain"]["origin"]
    assert (origin["shared"], origin["new"], origin["mapped"]) == (40, 20, 20)
    both, new = range(20, 60), range(60, 80)
    vectors = [rows(a.varm["generain"], a, both) for a in (reference, adata)]
    np.testing.assert_allclose(*vectors, atol=1e-6)
    fresh = shuffled(first=20)
    fe.tl.train(fresh, "generain", values=values, **quick)
    part = "mean" if values == "z" else "n_expressed"
    then, now, own = (
        (a, a.uns["generain"]["preprocessing"][part]) for a in (reference, adata, fresh)
    )
    np.testing.assert_array_equal(rows(then[1], then[0], both), rows(now[1], adata, both))
    np.testing.assert_array_equal(rows(own[1], fresh, new), rows(now[1], adata, new))
    assert not np.array_equal(rows(own[1], fresh, both), rows(now[1], adata, both))


@pytest.mark.filterwarnings("ignore")
def test_new_genes_alike_start_alike(reference):
    adata = shuffled(n_vars=62)
    a, b = (adata.var_names.get_loc(f"ENSG{g:011d}.7") for g in (60, 61))
    adata.X[:, a] = adata.X[:, b] = adata.X[:, adata.var_names.get_loc("ENSG00000000005.7")]
    vectors = continued(adata, reference).varm["generain"]
    np.testing.assert_allclose(vectors[a], vectors[b], atol=1e-6)
    few = shuffled(first=55, n_vars=35)  # 5 in common tell nothing of 8 dimensions
    continued(few, reference)
    assert few.uns["generain"]["origin"]["mapped"] == 0
    assert np.isfinite(few.varm["generain"]).all()


@pytest.mark.filterwarnings("ignore")
def test_a_gene_that_no_new_list_shows_keeps_its_vector(reference):
    adata = shuffled()
    adata.X[:, adata.var_names.get_loc("ENSG00000000007.7")] = 0
    continued(adata, reference)
    vectors = [rows(a.varm["generain"], a, [7]) for a in (reference, adata)]
    np.testing.assert_allclose(*vectors, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_it_is_stored_and_read(reference, tmp_path):
    continued(shuffled(first=20), reference).write_h5ad(tmp_path / "b.h5ad")
    again = continued(shuffled(first=20, rng=4), tmp_path / "b.h5ad")
    assert again.uns["generain"]["origin"]["shared"] == 60


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["layers=3", "layers=1", "leave it out"], {"layers": 3}),
        (["width=9", "width=8"], {"width": 9}),
        (["objective='masked-gene'", "next-gene"], {"objective": "masked-gene"}),
        (["zero=-2", "zero=0"], {"zero": -2}),
        (["layout='published'", "layout='ours'"], {"recipe": "generain2024"}),
    ],
    ids=str,
)
def test_what_the_model_decides(words, given, reference):
    given = {**STILL, **given}
    refuses(shuffled(), ValueError, *words, model="generain", start=reference, **given)


@pytest.mark.filterwarnings("ignore")
def test_what_may_be_said_of_a_continued_model(reference, tmp_path):
    reference.write_h5ad(tmp_path / "a.h5ad")
    options = fe.models.GeneRAIN(start=str(tmp_path / "a.h5ad"), steps=1, dropout=0.3)
    adata = shuffled()
    fe.tl.train(adata, options, progress=False)
    params = adata.uns["generain"]["params"]
    assert (params["width"], params["dropout"], params["start"]) == (8, 0.3, "model")
    continued(shuffled(), reference, width=8, layers=1)  # as it is


@pytest.mark.filterwarnings("ignore")
def test_no_model_to_continue(reference, quick, tmp_path):
    other = small()
    fe.tl.train(other, steps=5, progress=False)
    cohort_of = {"model": "generain", **STILL}
    refuses(shuffled(), ValueError, "no model of the family 'generain'", "'fe'", start=other,
            **cohort_of)  # fmt: skip
    refuses(shuffled(), KeyError, "no trained model in start", start=cohort(), **cohort_of)
    refuses(shuffled(), ValueError, "there is no file", start=tmp_path / "x.h5ad", **cohort_of)
    refuses(cohort(30), ValueError, "no gene in common", "ENSG0", "g000", start=reference,
            **cohort_of)  # fmt: skip
    refuses(shuffled(n_vars=18), ValueError, "lists of 20 genes", "only 18", start=reference,
            **cohort_of)  # fmt: skip
    logs = shuffled()
    logs.X = np.log1p(logs.X)
    with pytest.raises(ValueError, match="another scale"):
        continued(logs, learned(quick).copy())
    refuses(small(), ValueError, "gene_start cannot be a trained model", gene_start=other)
    fe.tl.train(reference, "generain", key_added="a", **quick)
    fe.tl.train(reference, "generain", key_added="b", **quick)
    refuses(shuffled(), ValueError, "several models", "key_added", start=reference,
            key_added="c", **cohort_of)  # fmt: skip
    continued(shuffled(), reference, key_added="b")


@pytest.mark.filterwarnings("ignore")
def test_a_killed_run_goes_on_with_the_model_given_again(reference, quick, tmp_path, monkeypatch):
    more = {"steps": 8, "evaluate_every": 2, "minibatch_size": 8, "progress": False}
    unbroken, broken = shuffled(), shuffled()
    fe.tl.train(unbroken, "generain", start=reference, **more)

    def killed(self, step, backward=Training.backward):
        if step == 5:
            raise SystemExit
        return backward(self, step)

    run = {"checkpoint": tmp_path / "b", "start": reference, **more}
    with monkeypatch.context() as patched:
        patched.setattr(Training, "backward", killed)
        with pytest.raises(SystemExit):
            fe.tl.train(broken, "generain", **run)
    refuses(broken, ValueError, "begun with a trained model as start", model="generain",
            resume=True, **{n: v for n, v in run.items() if n != "start"})  # fmt: skip
    refuses(broken, ValueError, "not the one that the run was begun with", model="generain",
            resume=True, **{**run, "start": learned(quick, rng=7)})  # fmt: skip
    fe.tl.train(broken, "generain", resume=True, **run)
    assert broken.obsm["X_generain"].tobytes() == unbroken.obsm["X_generain"].tobytes()
    assert broken.varm["generain"].tobytes() == unbroken.varm["generain"].tobytes()
    assert broken.uns["generain"]["origin"] == unbroken.uns["generain"]["origin"]
    fe.tl.train(broken, "generain", start=reference, resume=True, steps=10, progress=False)
    assert fe.get.history(broken, key="generain")["step"].iloc[-1] == 10
