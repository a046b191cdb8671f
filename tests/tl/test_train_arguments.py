"""What training takes: a name or an object of options, an AnnData or a path; and what it does not.

Options of another family are in ``test_another_family``, folders in ``test_checkpoint``, kinds of
matrices in ``test_array_types``.
"""

from __future__ import annotations

import os
import pydoc

import anndata
import numpy as np
import pytest
from scipy import sparse

import fe_anndata as fe
from fe_anndata.matrix import memory
from fe_anndata.matrix.rows import ByBlocks
from fe_anndata.models import FE
from tests.refusals import refuses, small, snapshot


@pytest.fixture
def by_blocks(monkeypatch):
    """Let no matrix be so small that it is read at once."""
    monkeypatch.setattr("fe_anndata._access.inputs.SMALL", 0)
    monkeypatch.setattr("fe_anndata.matrix.rows.BLOCK", 300)
    monkeypatch.setattr("fe_anndata.matrix.rows.SPARSE_BLOCK", 300)


@pytest.fixture
def path(adata, tmp_path):
    adata.write_h5ad(tmp_path / "a.h5ad")
    return tmp_path / "a.h5ad"


# an object of options


def test_an_object_is_the_same_as_keywords(adata):
    other = small()
    fe.tl.train(adata, decoder="concat", hidden=(8, 4), steps=10)
    fe.tl.train(other, FE(decoder="concat", hidden=(8, 4), steps=10))
    assert adata.obsm["X_fe"].tobytes() == other.obsm["X_fe"].tobytes()
    ours, theirs = (dict(a.uns["fe"]["params"]) for a in (adata, other))
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_an_object_may_name_tables(adata):
    fe.tl.train(adata, FE(sample_start="factors", steps=5))
    assert adata.obsm["X_fe"].shape == (40, adata.obsm["factors"].shape[1])
    assert adata.uns["fe"]["params"]["sample_start"] == "factors"
    with pytest.raises(KeyError, match="did you mean 'factors'"):
        fe.tl.train(adata, FE(sample_start="factor", steps=5))


@pytest.mark.parametrize(
    ("error", "words", "keywords"),
    [
        (ValueError, ["options come twice", "FE", "l2", "one place"], {"l2": 0.1}),
        (ValueError, ["recipe='thesis2024'", "FE", "keywords"], {"recipe": "thesis2024"}),
        (TypeError, ["name of a family", "FE", "int"], {"model": 3}),
        (TypeError, ["name of a family", "FE", "type"], {"model": FE}),
        (ValueError, ["model", "'fe'", "'nope'"], {"model": "nope"}),
    ],
    ids=str,
)
def test_what_no_object_goes_with(adata, error, words, keywords):
    before = snapshot(adata)
    with pytest.raises(error) as caught:
        fe.tl.train(adata, **{"model": FE(steps=5), **keywords})
    for word in words:
        assert word in str(caught.value)
    assert snapshot(adata) == before


def test_help_shows_the_defaults():
    text = pydoc.render_doc(FE, renderer=pydoc.plaintext)
    for line in (
        "sample_dim : int or 'auto', default 'auto'",
        "l2 : float, default 0.0",
        "warm_up : int, default 10",
        "gene_hidden : tuple of int, default ()",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("words", "keywords"),
    [
        (["batch_size", "minibatch_size"], {"batch_size": 10}),
        (["relocate", "place_samples"], {"relocate": False}),
        (["'sampel_dim'", "did you mean 'sample_dim'"], {"sampel_dim": 3}),
        (["'key_add'", "did you mean 'key_added'"], {"key_add": "x"}),
        (["'seed'", "called rng, an argument of tl.train"], {"seed": 3}),
        (["'n_components'", "called sample_dim."], {"n_components": 3}),
    ],
)
def test_options_that_are_called_something_else(adata, words, keywords):
    refuses(adata, TypeError, *words, **keywords)


def test_a_value_that_is_called_something_else(adata):
    refuses(adata, ValueError, "'cells' is called 'entries' now", validation_by="cells")


# files


def test_a_path_returns_results_without_the_matrix(path, adata):
    found = fe.tl.train(path, steps=10)
    fe.tl.train(adata, steps=10)
    assert found.X is None
    assert found.obsm["X_fe"].tobytes() == adata.obsm["X_fe"].tobytes()
    assert found.varm["fe"].tobytes() == adata.varm["fe"].tobytes()
    assert found.obs.equals(adata.obs)
    assert "X_fe" not in anndata.read_h5ad(path).obsm  # the file is as it was
    more = fe.tl.train(path, key_added="k", copy=True, steps=5)
    assert more.obsm["X_k"].shape == (40, 2)


def test_a_backed_file_is_trained_in_place(path, adata, by_blocks):
    backed = anndata.read_h5ad(path, backed="r")
    assert fe.tl.train(backed, steps=10) is None
    fe.tl.train(adata, steps=10)
    np.testing.assert_allclose(backed.obsm["X_fe"], adata.obsm["X_fe"], atol=1e-3)
    backed.file.close()


def test_a_copy_of_a_backed_one_has_no_matrix(path, by_blocks):
    backed = anndata.read_h5ad(path, backed="r")
    copied = fe.tl.train(backed, steps=5, copy=True)
    assert copied.X is None
    assert copied.obsm["X_fe"].shape == (40, 2)
    assert "X_fe" not in backed.obsm
    backed.file.close()


def test_a_closed_file(path, by_blocks):
    backed = anndata.read_h5ad(path, backed="r")
    backed.file.close()
    with pytest.raises(ValueError, match=r"closed: read it again.*backed='r'"):
        fe.tl.train(backed, steps=5)
    assert "X_fe" not in backed.obsm


@pytest.mark.parametrize("given", ["path", "backed"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("change", ["deleted", "modified", "replaced"])
def test_a_file_that_changes_while_it_is_read(
    adata, tmp_path, by_blocks, monkeypatch, given, kind, change
):
    adata.X = kind(adata.X)
    path = tmp_path / "a.h5ad"
    adata.write_h5ad(path)
    other = tmp_path / "other.h5ad"
    adata.write_h5ad(other)
    read, calls = ByBlocks.read, []

    def changing(self, part):
        calls.append(part)
        if len(calls) == 20:
            if change == "deleted":
                path.unlink()
            elif change == "modified":
                os.utime(path, ns=(1, 1))
            else:
                os.replace(other, path)
        return read(self, part)

    monkeypatch.setattr(ByBlocks, "read", changing)
    source = path if given == "path" else anndata.read_h5ad(path, backed="r")
    words = "is no longer there" if change == "deleted" else "was changed"
    with pytest.raises(ValueError, match=rf"a\.h5ad {words} while it was read.*start again"):
        fe.tl.train(source, steps=15)
    if given == "backed":
        assert not {"X_fe", "fe"} & {*source.obsm, *source.uns}
        source.file.close()


def test_a_file_closed_while_it_is_read(path, by_blocks, monkeypatch):
    backed = anndata.read_h5ad(path, backed="r")
    read, calls = ByBlocks.read, []

    def closing(self, part):
        calls.append(part)
        if len(calls) == 20:
            backed.file.close()
        return read(self, part)

    monkeypatch.setattr(ByBlocks, "read", closing)
    with pytest.raises(ValueError, match=r"a\.h5ad was closed while it was read"):
        fe.tl.train(backed, steps=15)
    assert "X_fe" not in backed.obsm


@pytest.mark.parametrize("decoder", ["concat", "dot"])
def test_minibatches_need_the_matrix_in_memory(path, by_blocks, monkeypatch, decoder):
    few = {"decoder": decoder, "steps": 5, "progress": False}
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(MemoryError, match=r"minibatch='\w+' needs.*'full' reads it by blocks"):
        fe.tl.train(path, **few)
    assert fe.tl.train(path, steps=5).obsm["X_fe"].shape == (40, 2)
    monkeypatch.undo()
    assert np.isfinite(fe.tl.train(path, **few).obsm["X_fe"]).all()


@pytest.mark.parametrize(
    ("error", "match", "given"),
    [
        (ValueError, "no file none.h5ad", "none.h5ad"),
        (TypeError, "AnnData or the path.*not int", 3),
        (TypeError, "AnnData or the path.*not ndarray", np.ones((3, 3))),
    ],
)
def test_neither_an_anndata_nor_a_file(error, match, given):
    with pytest.raises(error, match=match):
        fe.tl.train(given)


def test_a_folder_that_is_no_zarr(tmp_path):
    with pytest.raises(ValueError, match=r"folder, but not a \.zarr one"):
        fe.tl.train(tmp_path)


def test_resumed_from_a_file(path, tmp_path):
    whole = fe.tl.train(path, steps=30, solve_every=10, evaluate_every=10)
    half = anndata.read_h5ad(path)
    fe.tl.train(half, steps=10, solve_every=10, evaluate_every=10)
    half.write_h5ad(tmp_path / "half.h5ad")
    found = fe.tl.train(tmp_path / "half.h5ad", resume=True, steps=30)
    assert found.obsm["X_fe"].tobytes() == whole.obsm["X_fe"].tobytes()
