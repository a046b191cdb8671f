"""A run is continued on the values, tables and numbers it was begun with, and not on others."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fe_anndata as fe
from tests.refusals import refuses, small

RUN = {"steps": 20, "evaluate_every": 10, "solve_every": 10}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"


def same(a, b):
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()
    assert a.varm["fe"].tobytes() == b.varm["fe"].tobytes()


@pytest.mark.parametrize("axis", [0, 1], ids=["samples", "genes"])
@pytest.mark.parametrize("as_sparse", [False, True], ids=["dense", "csr"])
def test_values_in_another_order_under_the_same_names(folder, axis, as_sparse):
    adata = small()
    adata.X[3, 4] = np.nan
    adata.X[7] = np.where(np.arange(adata.n_vars) % 2, np.nan, adata.X[7])
    if as_sparse:
        adata.X = sparse.csr_matrix(adata.X)
    fe.tl.train(adata, checkpoint=folder, **RUN)
    other = adata.copy()
    backwards = [slice(None), slice(None)]
    backwards[axis] = slice(None, None, -1)
    other.X = adata.X[tuple(backwards)].copy()
    refuses(other, ValueError, "changed since", resume=True, steps=40)
    refuses(other, ValueError, "another matrix", "order", checkpoint=folder, resume=True, steps=40)


def test_a_file_that_does_not_say_where_values_stand():
    adata = small()
    fe.tl.train(adata, **RUN)
    del adata.uns["fe"]["preprocessing"]["mark"], adata.uns["fe"]["checksums"]
    adata.uns["fe"]["format"] = 2
    fe.tl.train(adata, resume=True, steps=40)
    assert adata.uns["fe"]["params"]["steps"] == 40


@pytest.mark.parametrize(
    "table",
    [
        lambda array, adata: array,
        lambda array, adata: pd.DataFrame(array, index=adata.obs_names),
        lambda array, adata: array.tolist(),
        lambda array, adata: sparse.csr_matrix(array),
    ],
    ids=["array", "data frame", "list", "sparse"],
)
def test_the_same_line_with_a_table_to_start_at(folder, table):
    adata = small()
    array = np.random.default_rng(0).normal(size=(adata.n_obs, 2)).astype(np.float32)
    start = {"sample_start": table(array, adata), "checkpoint": folder, "resume": True}
    fe.tl.train(adata, **start, **RUN)
    again = small()
    fe.tl.train(again, **start, **RUN)
    same(again, adata)


def test_a_table_where_the_run_had_none(trained):
    start = np.random.default_rng(0).normal(size=(trained.n_obs, 2))
    refuses(
        trained, ValueError, "leave out sample_start", resume=True, steps=40, sample_start=start
    )


@pytest.mark.parametrize("start", ["sample_start", "gene_start"])
def test_the_name_of_an_array_is_no_start(start):
    refuses(small(), ValueError, f"array as {start}", "again", **{start: "array"})
    with pytest.raises(ValueError, match=f"array as {start}"):
        fe.tl.train(small(), fe.models.FE(**{start: "array"}))


def test_another_array_as_mask():
    adata = small()
    mask = np.arange(adata.n_vars) < 20
    fe.tl.train(adata, mask_var=mask, **RUN)
    refuses(adata, ValueError, "leave out mask_var", resume=True, steps=40, mask_var=~mask)
    fe.tl.train(adata, resume=True, steps=40, mask_var=mask)
    assert adata.uns["fe"]["params"]["steps"] == 40


def test_seeds_of_other_types(folder):
    adata = small()
    fe.tl.train(adata, rng=np.random.default_rng(0), checkpoint=folder, resume=True, **RUN)
    again = small()
    fe.tl.train(again, rng=np.random.default_rng(0), checkpoint=folder, resume=True, **RUN)
    same(again, adata)
    seed = np.int64(adata.uns["fe"]["params"]["rng"])
    fe.tl.train(adata, rng=seed, resume=True, steps=40)
    refuses(adata, ValueError, "leave out rng", resume=True, rng=np.random.default_rng(1), steps=60)
    refuses(adata, TypeError, "rng must be", resume=True, rng="one", steps=60)


@pytest.mark.parametrize("budget", [{"steps": 10}, {"epochs": 0.5}], ids=["steps", "epochs"])
def test_less_than_a_checkpoint_has_done(folder, budget):
    fe.tl.train(small(), checkpoint=folder, **RUN)
    refuses(small(), ValueError, "are done", checkpoint=folder, resume=True,
            **{"steps": None, **budget})  # fmt: skip
    fe.tl.train(small(), checkpoint=folder, resume=True, **RUN)  # as much is no less


def test_a_checkpoint_by_epochs_is_continued_by_the_same_line(folder):
    run = {"epochs": 1.95, "evaluate_every": 10, "solve_every": 10, "steps": None}
    adata, again = small(), small()
    fe.tl.train(adata, checkpoint=folder, resume=True, **run)
    fe.tl.train(again, checkpoint=folder, resume=True, **run)
    same(again, adata)


@pytest.mark.parametrize("lost", ["option", "matrix", "identity"])
def test_a_checkpoint_that_says_something_unknown(folder, lost):
    fe.tl.train(small(), checkpoint=folder, **RUN)
    record = json.loads((folder / "run.json").read_text())
    if lost == "option":
        record["run"]["options"]["of_tomorrow"] = 1
    else:
        record["run"][lost] = {}
    record["format"] = 1  # which has no checksums
    (folder / "run.json").write_text(json.dumps(record))
    refuses(small(), ValueError, "does not know", checkpoint=folder, resume=True, steps=40)


def test_results_of_a_newer_version(trained):
    trained.uns["fe"]["format"] = 99
    for read in (fe.get.history, fe.get.model, fe.tl.reconstruct):
        with pytest.raises(ValueError, match="pip install"):
            read(trained)
    refuses(trained, ValueError, "pip install", resume=True, steps=40)


@pytest.mark.parametrize("verb", ["train", "transform"])
def test_a_view_of_a_file_cannot_be_written_to(tmp_path, verb, trained):
    adata = small()
    adata.write_h5ad(tmp_path / "a.h5ad")
    view = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")[:30]
    call = {
        "train": lambda **more: fe.tl.train(view, steps=10, **more),
        "transform": lambda **more: fe.tl.transform(view, trained, **more),
    }[verb]
    with pytest.raises(ValueError, match="copy=True"):
        call()
    assert call(copy=True).obsm["X_fe"].shape == (30, 2)


@pytest.mark.parametrize("axis", ["obs_names", "var_names"])
def test_samples_or_genes_under_other_names(trained, axis):
    then = list(getattr(trained, axis))
    setattr(trained, axis, then[::-1])
    refuses(trained, ValueError, "bring the names back", resume=True, steps=40)
    setattr(trained, axis, then)
    fe.tl.train(trained, resume=True, steps=40)
