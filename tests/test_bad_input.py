"""Bad input: an error that names cause and cure, and nothing written."""

from __future__ import annotations

import inspect
import re

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.training import in_batches, whole_matrix


@pytest.fixture(autouse=True)
def _no_bar(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)
    monkeypatch.setattr(fe.settings, "device", "cpu")


@pytest.fixture
def adata():
    return small()


@pytest.fixture(scope="module")
def _trained():
    made = small()
    fe.tl.train(made, steps=20, progress=False)
    fe.tl.reconstruct(made, "expected")
    return made


@pytest.fixture
def trained(_trained):
    return _trained.copy()


def small(n_obs=40, n_vars=30, rng=0):
    return fe.datasets.simulated(n_obs, n_vars, 4, rng=rng)


def matrix_bytes(X):
    if X is None:
        return None
    if sparse.issparse(X):
        return X.data.tobytes(), X.indices.tobytes(), X.indptr.tobytes()
    return X.tobytes()


def snapshot(adata):
    """Return all that a verb could have written, in a form that compares."""
    places = ("obsm", "varm", "layers", "obsp", "varp")
    return (
        {name: sorted(getattr(adata, name)) for name in places},
        {name: list(getattr(adata, name).columns) for name in ("obs", "var")},
        {key: id(value) for key, value in adata.uns.items()},
        matrix_bytes(adata.X),
        {key: matrix_bytes(np.asarray(adata.obsm[key])) for key in adata.obsm},
    )


def refuses(adata, error, *words, **keywords):
    """Train, expect `error` with all `words` in its message, and nothing written."""
    before = snapshot(adata)
    with pytest.raises(error) as caught:
        fe.tl.train(adata, **{"steps": 20, **keywords})
    for word in words:
        assert re.search(word, str(caught.value)), (word, str(caught.value))
    assert snapshot(adata) == before


# the matrix


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_empty_matrix(shape, kind):
    adata = anndata.AnnData(kind(np.zeros(shape, dtype=np.float32)))
    refuses(adata, ValueError, "empty", f"{shape[0]} samples", f"{shape[1]} genes")


def test_no_matrix_names_a_layer(adata):
    bare = anndata.AnnData(obs=adata.obs, var=adata.var, layers={"log": adata.X})
    refuses(bare, ValueError, "X is empty", "layer", "'log'")


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (2, 2)])
def test_too_few_samples_or_genes(shape):
    adata = anndata.AnnData(np.random.default_rng(0).random(shape, dtype=np.float32))
    refuses(adata, ValueError, "too few", "at least 3")


def test_mask_that_leaves_one_gene(adata):
    refuses(adata, ValueError, "1 genes", "too few", mask_var=np.arange(30) == 7)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values(adata, value, kind):
    adata.X[3, 2] = value
    adata.X = kind(adata.X)
    refuses(adata, ValueError, "infinite", r"log\(x \+ 1\)|NaN")


def test_infinite_value_of_a_gene_left_out_does_not_matter(adata):
    adata.X[3, 2] = np.inf
    fe.tl.train(adata, steps=5, mask_var=np.arange(30) != 2)
    assert np.isfinite(adata.obsm["X_fe"]).all()


@pytest.mark.parametrize("decoder", ["inner", "concat"])
def test_negative_values_with_bounded_output_are_fine(adata, decoder):
    adata.X = adata.X - 3
    fe.tl.train(
        adata, decoder=decoder, output="bounded", batch="tiles", batch_size=(20, 15), steps=20
    )
    fe.tl.reconstruct(adata)
    layer = adata.layers["fe"]
    assert layer.min() < 0
    assert layer.min() >= adata.X.min()
    assert layer.max() <= adata.X.max()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_raw_counts_warn_and_suggest_log(adata, kind):
    counts = np.random.default_rng(0).poisson(40, adata.shape)
    adata.X = kind(counts.astype(np.float32))
    with pytest.warns(UserWarning, match="raw counts.*log1p") as caught:
        fe.tl.train(adata, steps=5)
    assert caught[0].filename == __file__  # it points at the line of the user
    assert "X_fe" in adata.obsm


def test_log_values_do_not_warn(adata, recwarn):
    fe.tl.train(adata, steps=5)
    assert not [w for w in recwarn if "counts" in str(w.message)]


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_sample_without_any_value(adata, kind):
    X = adata.X.copy()
    X[3] = np.nan
    adata.X = kind(X)
    refuses(adata, ValueError, "1 sample", "sample4", "remove")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_matrix_without_any_value(kind):
    adata = anndata.AnnData(kind(np.full((5, 4), np.nan, dtype=np.float32)))
    refuses(adata, ValueError, "missing|no observed value")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_gene_without_any_value_is_left_out(adata, kind):
    X = adata.X.copy()
    X[:, 4] = np.nan
    adata.X = kind(X)
    fe.tl.train(adata, steps=5)
    left_out = np.arange(30) == 4
    np.testing.assert_array_equal(adata.var["fe_trained"], ~left_out)
    np.testing.assert_array_equal(np.isnan(adata.varm["fe"]).all(axis=1), left_out)
    assert np.isfinite(adata.varm["fe"][~left_out]).all()
    fe.tl.reconstruct(adata)
    assert np.isnan(adata.layers["fe"][:, 4]).all()
    with pytest.raises(KeyError, match="gene5"):
        fe.tl.similar_genes(adata, "gene5")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_matrix_of_zeros_trains(kind):
    # Nothing can be learned, but a layer of zeros must not end in an error of numpy.
    adata = anndata.AnnData(kind(np.zeros((12, 10), dtype=np.float32)))
    fe.tl.train(adata, steps=5)
    assert np.isfinite(adata.obsm["X_fe"]).all()


@pytest.mark.parametrize("kind", [str, object, complex])
def test_matrix_that_is_not_of_numbers(adata, kind):
    layered = anndata.AnnData(adata.X.astype(kind))
    refuses(layered, TypeError, "numeric")


def test_sparse_complex_matrix(adata):
    adata.X = sparse.csr_matrix(adata.X.astype(complex))
    refuses(adata, TypeError, "numeric")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_backed_says_to_memory(adata, tmp_path, kind):
    adata.X = kind(adata.X)
    adata.write_h5ad(tmp_path / "a.h5ad")
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    with pytest.raises(TypeError, match="to_memory"):
        fe.tl.train(backed, steps=5)
    assert "X_fe" not in backed.obsm
    assert "fe" not in backed.uns
    backed.file.close()


def takers():
    """Return every public function that takes an AnnData, with what else it needs."""
    more = {
        "similar_genes": {"genes": "a"},
        "gene_similarity": {"a": "a", "b": "b"},
        "gene_arithmetic": {"expression": "a - b"},
        "explain_similarity": {"a": "a", "b": "b"},
        "write_h5ad": {"path": "never-written.h5ad"},
        "transform": {"reference": None},  # a trained one
        "generate": {"coordinates": np.zeros((1, 2))},
        "evaluate": {"label": "group"},
        "classify_genes": {"gene_sets": {"a set": ["a"]}},
        "set_coherence": {"gene_sets": {"a set": ["a"]}},
        "compare_gene_spaces": {"b": None},
        "align_gene_spaces": {"mouse": None, "orthologs": None},
        "gene_lists": {"lists": {"a list": ["a"]}},
        "gene_similarity_matrix": {"genes": ["a", "b"]},
    }
    functions = [
        getattr(getattr(fe, room), name)
        for room in ("tl", "get", "pl")
        for name in getattr(fe, room).__all__
        if (room, name) not in (("pl", "evaluate"), ("pl", "classify_genes"))  # of results
    ]
    return [
        pytest.param(f, more.get(f.__name__, {}), id=f"{f.__module__}.{f.__name__}")
        for f in [*functions, fe.io.write_h5ad]
        if inspect.isfunction(f)  # and not the class of a result
    ]


@pytest.mark.parametrize(("function", "keywords"), takers())
@pytest.mark.parametrize("wrong", [np.ones((5, 5)), None], ids=["array", "None"])
def test_not_an_anndata(function, keywords, wrong, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keywords = {"reference": trained} if "reference" in keywords else keywords
    with pytest.raises(TypeError, match="AnnData"):
        function(wrong, **keywords)
    assert not list(tmp_path.iterdir())


# names and keys


def test_duplicate_gene_names(adata):
    adata.var_names = ["a", "a", "b", "b", *adata.var_names[4:]]
    refuses(adata, ValueError, "2 gene names", "a, b", "var_names_make_unique")


@pytest.mark.parametrize(
    ("words", "keywords"),
    [
        (["layer", "'truht'", "did you mean 'truth'"], {"layer": "truht"}),
        (["column", "'meen'", "did you mean 'mean'"], {"mask_var": "meen"}),
        (["column", "'xyz'", "there is 'mean'"], {"mask_var": "xyz"}),
        (["obsm", "did you mean 'factors'"], {"sample_start": "factor"}),
        (["varm", "did you mean 'programmes'"], {"gene_start": "programme"}),
    ],
)
def test_missing_key_names_near_ones(adata, words, keywords):
    refuses(adata, KeyError, *words, **keywords)


@pytest.mark.parametrize(
    ("words", "mask"),
    [
        (["selects no gene"], np.zeros(30, dtype=bool)),
        (["30 booleans"], np.ones(29, dtype=bool)),
        (["30 booleans", "int"], np.arange(30)),
        (["30 booleans", "float"], "mean"),
    ],
)
def test_mask(adata, words, mask):
    refuses(adata, ValueError, *words, mask_var=mask)


@pytest.mark.parametrize("key", ["a/b", ""])
def test_key_that_a_file_cannot_hold(adata, key):
    # Without this the training is lost when the file is written.
    refuses(adata, ValueError, "key_added", key_added=key)


@pytest.mark.parametrize("function", [fe.tl.similar_genes, fe.pl.similar_genes])
def test_unknown_gene_names_near_ones(trained, function):
    with pytest.raises(KeyError, match=r"'Gene1'.*did you mean 'gene1'"):
        function(trained, "Gene1")
    with pytest.raises(KeyError, match=r"1 of 2 genes.*'nothing'.*there is 'gene1'"):
        function(trained, ["gene1", "nothing"])


def test_unknown_gene_of_a_pair(trained):
    with pytest.raises(KeyError, match="did you mean 'gene2'"):
        fe.tl.gene_similarity(trained, "gene1", "GENE2")
    with pytest.raises(ValueError, match="different"):
        fe.tl.gene_similarity(trained, "gene1", "gene1")


@pytest.mark.parametrize("genes", [[], ()])
def test_no_gene(trained, genes):
    with pytest.raises(ValueError, match="no gene"):
        fe.tl.similar_genes(trained, genes)


def test_number_of_answers(trained):
    with pytest.raises(ValueError, match="at least 1"):
        fe.tl.similar_genes(trained, "gene1", 0)
    with pytest.raises(ValueError, match=r"'cosine'.*'manhattan'"):
        fe.tl.similar_genes(trained, "gene1", metric="manhattan")


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


# parameters


@pytest.mark.parametrize(
    ("error", "words", "keywords"),
    [
        (ValueError, ["sample_dim=40", "29", "sample_start='random'"], {"sample_dim": 40}),
        (ValueError, ["gene_dim=30", "29", "gene_start='random'"], {"gene_dim": 30}),
        (ValueError, ["steps or epochs, not both"], {"epochs": 2}),
        (TypeError, ["rng", "Generator", "str"], {"rng": "0"}),
        (TypeError, ["rng", "Generator", "RandomState"], {"rng": np.random.RandomState(0)}),
        (TypeError, ["rng", "bool"], {"rng": True}),
        (ValueError, ["rng", "negative"], {"rng": -1}),
        (ValueError, ["hidden", "'dot'", "leave it out"], {"decoder": "dot", "hidden": (8,)}),
        (ValueError, ["gene_hidden", "'dot'"], {"decoder": "dot", "gene_hidden": 8}),
        (ValueError, ["activation", "'dot'"], {"decoder": "dot", "activation": "tanh"}),
        (ValueError, ["gene_hidden", "'concat'"], {"decoder": "concat", "gene_hidden": (8,)}),
        (ValueError, ["sample_dim == gene_dim"], {"decoder": "dot", "gene_dim": 4}),
        (ValueError, ["batch_size", "full"], {"batch_size": 100}),
        (ValueError, ["batch_size", "full"], {"batch_size": (10, 10)}),
        (ValueError, ["batch_size"], {"batch": "cells", "batch_size": (10, 10)}),
        (ValueError, ["batch_size"], {"batch": "cells", "batch_size": 0}),
        (ValueError, ["batch_size"], {"batch": "tiles", "batch_size": 10}),
        (ValueError, ["batch_size"], {"batch": "tiles", "batch_size": (10,)}),
        (ValueError, ["batch_size"], {"batch": "tiles", "batch_size": (0, 10)}),
        (ValueError, ["'full'", "'inner'", "tiles"], {"decoder": "concat", "batch": "full"}),
        (ValueError, ["'full'", "'linear'", "tiles"], {"output": "bounded"}),
        (
            ValueError,
            ["bounded", "center=False"],
            {"output": "bounded", "batch": "tiles", "center": True},
        ),
        (ValueError, ["'inner', 'concat', 'dot'", "'iner'"], {"decoder": "iner"}),
        (ValueError, ["'thesis2024'", "'concat'", "'inner'"], {"recipe": "thesis2024"}),
        (ValueError, ["'thesis2024'", "'dot'"], {"recipe": "thesis2024", "decoder": "dot"}),
        (ValueError, ["'trofimov2020'", "'inner'"], {"recipe": "trofimov2020"}),
        (ValueError, ["'default'", "'trofimov'"], {"recipe": "trofimov"}),
        (ValueError, ["model", "'fe'"], {"model": "gpt"}),
        (ValueError, ["optimizer", "'sgd'"], {"optimizer": "sgd"}),
        (ValueError, ["activation", "'gelu'"], {"activation": "gelu"}),
        (ValueError, ["init", "'glorot'"], {"init": "zeros"}),
        (ValueError, ["hidden", r"\(100, 50\)"], {"hidden": (8, 0)}),
        (ValueError, ["hidden", r"\(100, 50\)"], {"hidden": "8"}),
        ((ValueError, TypeError), ["hidden"], {"hidden": 1.5}),
        (ValueError, ["sample_dim", "positive"], {"sample_dim": 0}),
        (ValueError, ["sample_dim", "positive integer"], {"sample_dim": 2.0}),
        (ValueError, ["steps", "positive"], {"steps": 0}),
        (ValueError, ["epochs", "positive"], {"steps": None, "epochs": 0}),
        (ValueError, ["evaluate_every"], {"evaluate_every": 0}),
        (ValueError, ["patience"], {"patience": 0}),
        (ValueError, ["learning_rate", "positive"], {"learning_rate": -1.0}),
        (ValueError, ["learning_rate"], {"learning_rate": float("nan")}),
        ((ValueError, TypeError), ["learning_rate"], {"learning_rate": "fast"}),
        (ValueError, ["l2", "negative"], {"l2": -1.0}),
        ((ValueError, TypeError), ["l2"], {"l2": "much"}),
        (ValueError, ["warm_up"], {"warm_up": -5}),
        (ValueError, ["tolerance"], {"tolerance": -1.0}),
        (ValueError, ["learning_rate_drops"], {"learning_rate_drops": -1}),
        (ValueError, ["validation", "0.5", "'auto'"], {"validation": 0.9}),
        (ValueError, ["validation", "'auto'"], {"validation": "aut"}),
        (ValueError, ["40 rows"], {"sample_start": np.zeros((3, 2))}),
        (ValueError, ["30 rows"], {"gene_start": np.zeros((3, 2))}),
        (ValueError, ["sample_dim=3", "8 columns"], {"sample_start": "factors", "sample_dim": 3}),
        (ValueError, ["start", "NaN"], {"sample_start": np.full((40, 2), np.nan)}),
    ],
    ids=str,
)
def test_parameters(adata, error, words, keywords):
    if keywords.get("recipe") in ("thesis2024", "trofimov2020"):
        keywords = {"decoder": "inner", **keywords}
    refuses(adata, error, *words, **keywords)


def test_a_recipe_without_a_decoder_takes_its_own(adata):
    fe.tl.train(adata, recipe="thesis2024", hidden=(4,), steps=2)
    assert adata.uns["fe"]["params"]["decoder"] == "concat"


def test_absent_cuda(adata, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    refuses(adata, ValueError, "'cuda'", "no CUDA device", "'cpu'", device="cuda")


@pytest.mark.parametrize("device", ["gpu", "cpu0"])
def test_unknown_device(adata, device):
    refuses(adata, ValueError, "device", device, "cpu", device=device)


# the loss


def test_learning_rate_far_too_high(adata):
    refuses(adata, ValueError, "loss became", "step 1", "[Ll]ower", learning_rate=1e30)


@pytest.mark.parametrize("validation", [0, 0.1])
def test_the_last_step_blows_up(adata, validation):
    # No later step would see it: the evaluation has to.
    refuses(adata, ValueError, "loss", learning_rate=1e30, steps=1, validation=validation)


@pytest.mark.parametrize("loss", [np.nan, np.inf])
def test_non_finite_loss_leaves_the_earlier_result(trained, monkeypatch, loss):
    earlier = {k: trained.obsm[k].tobytes() for k in trained.obsm}
    genes = trained.varm["fe"].tobytes()
    backward = whole_matrix.Alternating.backward
    monkeypatch.setattr(
        whole_matrix.Alternating,
        "backward",
        lambda self, step: loss if step == 13 else backward(self, step),
    )
    refuses(trained, ValueError, "step 13", "nothing was written", "learning_rate", rng=5)
    assert {k: trained.obsm[k].tobytes() for k in trained.obsm} == earlier
    assert trained.varm["fe"].tobytes() == genes


# a result that no longer belongs together


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


def test_resume_needs_all_samples_in_their_order(trained):
    for rows in (slice(5, 25), np.arange(40)[::-1]):
        subset = trained[rows].copy()
        before = snapshot(subset)
        with pytest.raises(ValueError, match="train again"):
            resume(subset)
        assert snapshot(subset) == before


# resume


def test_resume_without_a_run(adata):
    refuses(adata, KeyError, "no trained model", "fe.tl.train", resume=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden": (8,)},
        {"sample_dim": 2},
        {"decoder": "inner"},
        {"learning_rate": 1.0},
        {"validation": 0.1},
        {"sample_start": "random"},
        {"gene_start": "random"},
        {"recipe": "thesis2024"},
        {"rng": 5},
        {"layer": "truth"},
        {"mask_var": np.arange(30) < 20},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_resume_with_a_changed_parameter(trained, changed):
    refuses(trained, ValueError, "resume", *changed, resume=True, **{"steps": 40, **changed})


def test_resume_with_both_budgets(trained):
    refuses(trained, ValueError, "not both", resume=True, epochs=3)


# Ctrl-C

RUNS = {
    "inner": (whole_matrix.Alternating, {"evaluate_every": 10, "solve_every": 10}),
    "tiles": (
        in_batches.Tiles,
        {"decoder": "concat", "hidden": (8, 4), "batch_size": (16, 10), "evaluate_every": 10},
    ),
    "cells": (
        in_batches.RandomCells,
        {"decoder": "dot", "batch_size": 300, "validation": 0, "evaluate_every": 10},
    ),
}


def interrupt(monkeypatch, objective, at):
    """Press Ctrl-C in step `at`; return the patch, to be undone."""
    backward = objective.backward

    def pressed(self, step):
        if step == at:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(objective, "backward", pressed)


def same_result(a, b):
    """Assert that two results are equal to the byte, but for the time they took."""
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()
    assert a.varm["fe"].tobytes() == b.varm["fe"].tobytes()
    ours, theirs = a.uns["fe"], b.uns["fe"]
    for part in ("model", "fingerprint"):
        assert ours[part].keys() == theirs[part].keys()
        for name in ours[part]:
            assert ours[part][name].tobytes() == theirs[part][name].tobytes(), name
    columns = ["step", "epoch", "train_loss", "validation_loss"]
    assert ours["history"][columns].equals(theirs["history"][columns])
    for name in ("ended", "best_step", "steps"):
        assert ours["params"][name] == theirs["params"][name]


@pytest.mark.parametrize("run", RUNS)
def test_interrupted_then_resumed_equals_unbroken(run, caplog):
    objective, keywords = RUNS[run]
    broken, short, unbroken = small(), small(), small()
    fe.tl.train(unbroken, steps=60, **keywords)
    fe.tl.train(short, steps=20, **keywords)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, objective, at=25)
        with caplog.at_level("WARNING", logger="fe_anndata"):
            assert fe.tl.train(broken, steps=60, **keywords) is None
    warned = [r for r in caplog.records if r.levelname == "WARNING"]
    assert len(warned) == 1
    assert re.search("interrupted.*resume=True", warned[0].getMessage())
    assert broken.uns["fe"]["params"]["ended"] == "interrupted"
    assert fe.get.history(broken)["step"].tolist() == [0, 10, 20]
    # what is kept is the last evaluation before
    assert broken.obsm["X_fe"].tobytes() == short.obsm["X_fe"].tobytes()
    fe.tl.reconstruct(broken)
    assert np.isfinite(broken.layers["fe"]).all()
    fe.tl.train(broken, resume=True)
    same_result(broken, unbroken)


def test_interrupted_before_the_first_evaluation(adata, monkeypatch):
    before = snapshot(adata)

    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_matrix.Alternating, "validation_loss", pressed)
    with pytest.raises(KeyboardInterrupt):
        fe.tl.train(adata, steps=20)
    assert snapshot(adata) == before


def test_interrupted_twice(adata):
    unbroken = small()
    fe.tl.train(unbroken, steps=60, solve_every=10)
    for at in (15, 25, 46):
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, whole_matrix.Alternating, at)
            first = {} if at > 15 else {"solve_every": 10}
            fe.tl.train(adata, steps=60, resume=at > 15, **first)
        assert fe.get.history(adata)["step"].iloc[-1] == at // 10 * 10
    fe.tl.train(adata, resume=True)
    same_result(adata, unbroken)


# files


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"no file .*none\.h5ad"):
        fe.io.read_h5ad(tmp_path / "none.h5ad")


def test_text_named_h5ad(tmp_path):
    (tmp_path / "text.h5ad").write_text("gene\tvalue\n" * 200)
    with pytest.raises(ValueError, match=r"text\.h5ad is not an \.h5ad file"):
        fe.io.read_h5ad(tmp_path / "text.h5ad")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file(trained, tmp_path, share):
    whole = tmp_path / "whole.h5ad"
    trained.write_h5ad(whole)
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(ValueError, match=r"cut\.h5ad") as caught:
        fe.io.read_h5ad(cut)
    assert "\n" not in str(caught.value)


def test_output_exists(trained, tmp_path):
    path = tmp_path / "a.h5ad"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match=r"a\.h5ad exists.*overwrite"):
        fe.io.write_h5ad(trained, path)
    assert path.read_bytes() == b"precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5ad"]
