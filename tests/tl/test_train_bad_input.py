"""What training refuses: an error that names cause and cure, and nothing written."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.models.fe import whole_matrix
from tests.helpers import told
from tests.refusals import refuses, small

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
        adata,
        decoder=decoder,
        output="bounded",
        minibatch="tiles",
        minibatch_size=(20, 15),
        steps=20,
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
@pytest.mark.parametrize("value", [0, 3.7, 1e-300])
def test_matrix_of_one_value(kind, value):
    refuses(anndata.AnnData(kind(np.full((12, 10), value))), ValueError, "every value", "float32")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_samples_that_are_all_equal(adata, kind):
    X = np.repeat(adata.X[:1], len(adata.X), axis=0)
    X[3:9, 4] = np.nan
    adata.X = kind(X)
    refuses(adata, ValueError, "all samples have the same values", "layer")


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("value", [3e38, -3e38, 2e18])
def test_value_too_large_to_compute_with(adata, kind, value):
    adata.X[3, 4] = value
    adata.X = kind(adata.X)
    refuses(adata, ValueError, "too large", "'sample4'", "'gene5'")
    refuses(adata, ValueError, "too large", decoder="concat", hidden=(4,))


@pytest.mark.parametrize("kind", [str, object, complex])
def test_matrix_that_is_not_of_numbers(adata, kind):
    layered = anndata.AnnData(adata.X.astype(kind))
    refuses(layered, TypeError, "numeric")


def test_sparse_complex_matrix(adata):
    adata.X = sparse.csr_matrix(adata.X.astype(complex))
    refuses(adata, TypeError, "numeric")


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
        (["30 booleans", "int", "from 0 to 29"], np.arange(30)),
        (["30 booleans", "float"], "mean"),
    ],
)
def test_mask(adata, words, mask):
    refuses(adata, ValueError, *words, mask_var=mask)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", np.nan, "c"], ["1 genes have no name", "notna"]),
        ([np.nan, np.nan, "c"], ["2 genes have no name", "notna"]),
        ([1, 2, 3], ["must be text", r"astype\(str\)"]),
        (["a", "", "c"], ["empty name", "number 1"]),
        (["a", "b\0", "c"], [r"'b\\x00'", "control"]),
        (["a", "b\nc", "c"], [r"'b\\nc'", "control"]),
    ],
    ids=ascii,
)
def test_names_that_cannot_be_looked_up_or_written(adata, names, words):
    genes, samples = adata.copy(), adata.copy()
    genes.var.index = pd.Index([*names, *adata.var_names[3:]])
    refuses(genes, ValueError, *words)
    samples.obs.index = pd.Index([*names, *adata.obs_names[3:]])
    refuses(samples, ValueError, *(word.replace("gene", "sample") for word in words))


@pytest.mark.parametrize("key", ["a/b", ""])
def test_key_that_a_file_cannot_hold(adata, key):
    # Without this the training is lost when the file is written.
    refuses(adata, ValueError, "key_added", key_added=key)


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
        (ValueError, ["gene_dim", "'dot'", "leave it out"], {"decoder": "dot", "gene_dim": 4}),
        (ValueError, ["minibatch_size", "full"], {"minibatch_size": 100}),
        (ValueError, ["minibatch_size", "full"], {"minibatch_size": (10, 10)}),
        (ValueError, ["minibatch_size"], {"minibatch": "entries", "minibatch_size": (10, 10)}),
        (ValueError, ["minibatch_size"], {"minibatch": "entries", "minibatch_size": 0}),
        (ValueError, ["minibatch_size"], {"minibatch": "tiles", "minibatch_size": 10}),
        (ValueError, ["minibatch_size"], {"minibatch": "tiles", "minibatch_size": (10,)}),
        (ValueError, ["minibatch_size"], {"minibatch": "tiles", "minibatch_size": (0, 10)}),
        (
            ValueError,
            ["'full'", "'inner'", "another minibatch"],
            {"decoder": "concat", "minibatch": "full"},
        ),
        (ValueError, ["'full'", "'linear'", "another minibatch"], {"output": "bounded"}),
        (
            ValueError,
            ["center", "bounded", "leave it out"],
            {"output": "bounded", "minibatch": "tiles", "center": True},
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
    ids=told,
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


def test_a_recipe_of_another_family_names_it():
    words = r"one of the family 'generain', not of 'fe': give model='generain'"
    refuses(small(), ValueError, words, recipe="generain2024")
