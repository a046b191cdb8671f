"""The .h5ad is the model: every result survives write_h5ad and read_h5ad unchanged."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fe_anndata as fe

TIMES = ["seconds", "entries_per_second"]


def small():
    made = fe.datasets.simulated(40, 30, 4)
    made.var["half"] = np.arange(30) % 2 == 0
    made.X[3, 5] = np.nan
    return made


TINY = {"hidden": (6, 4), "minibatch_size": (16, 10)}
RUNS = {
    "inner": {},
    "inner of networks": {"hidden": (8,), "gene_hidden": (6, 4), "activation": "tanh"},
    "inner without a network": {"hidden": (), "center": False},
    "inner on tiles, bounded": {
        "output": "bounded",
        "minibatch": "tiles",
        "minibatch_size": (16, 10),
    },
    "concat": {"decoder": "concat", **TINY},
    "concat, rmsprop": {"decoder": "concat", "optimizer": "rmsprop", "l2": 1e-5, **TINY},
    "dot": {"decoder": "dot", "minibatch_size": 200},
    "trofimov2020": {"recipe": "trofimov2020", "minibatch_size": 200},
    "trofimov2020, dot": {"recipe": "trofimov2020", "decoder": "dot", "minibatch_size": 200},
    "thesis2024": {"recipe": "thesis2024"},
    "key_added": {"key_added": "other"},
    "mask_var, column": {"mask_var": "half"},
    "mask_var, array": {"mask_var": np.arange(30) < 17},
    "layer": {"layer": "truth"},
    "start, keys": {"sample_start": "factors", "gene_start": "programmes"},
    "start, arrays": {"sample_start": np.eye(40, 3), "gene_start": "random"},
    "start, random": {"sample_start": "random", "gene_start": "random", "sample_dim": 3},
    "validation": {"validation": 0.2, "patience": 2},
    "no validation": {"validation": 0},
    "generator": {"rng": np.random.default_rng(3)},
    "records": {"record_every": 4, "metric": "expression"},
}


def saved(adata, path):
    adata.write_h5ad(path)
    return anndata.read_h5ad(path)


def scalar(value):
    """Return an array without dimensions as the numpy scalar, of the same dtype, that it holds."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def same(a, b, where=""):
    """Assert that two values are equal to the byte; numpy may wrap a scalar, nothing else."""
    a, b = scalar(a), scalar(b)
    if isinstance(b, np.generic) and not isinstance(a, np.generic):
        b = b.item()
    elif isinstance(a, np.generic) and not isinstance(b, np.generic):
        a = a.item()
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            same(a[key], b[key], f"{where}/{key}")
    elif isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b, check_exact=True)
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), where
        np.testing.assert_array_equal(a, b, err_msg=where)
    else:
        assert a == b or a != a, where


def same_result(a, b, key):
    for x, y in ((a.obsm[f"X_{key}"], b.obsm[f"X_{key}"]), (a.varm[key], b.varm[key])):
        same(x, y)
        assert x.dtype == np.float32
    same(a.var[f"{key}_trained"].to_numpy(), b.var[f"{key}_trained"].to_numpy())
    assert a.var[f"{key}_trained"].dtype == bool
    same(a.uns[key], b.uns[key])


def without_times(adata, key):
    adata.uns[key]["history"] = adata.uns[key]["history"].drop(columns=TIMES)
    return adata


@pytest.mark.parametrize("run", RUNS)
def test_training(run, tmp_path):
    keywords = {"steps": 10, "evaluate_every": 4, "progress": False, **RUNS[run]}
    key = keywords.get("key_added", "fe")
    adata = small()
    fe.tl.train(adata, **keywords)
    back = saved(adata, tmp_path / "a.h5ad")
    same_result(adata, back, key)

    for one in (adata, back):
        fe.tl.reconstruct(one, "predicted", key=key)
    assert adata.layers["predicted"].tobytes() == back.layers["predicted"].tobytes()
    assert np.isfinite(back.layers["predicted"][:, back.var[f"{key}_trained"]]).all()

    for one in (adata, back):
        fe.tl.train(one, key_added=key, resume=True, steps=20, progress=False)
        assert fe.get.history(one, key=key)["step"].iloc[-1] == 20
    same_result(without_times(adata, key), without_times(back, key), key)
    # and twice through a file is like once
    same_result(back, saved(back, tmp_path / "b.h5ad"), key)


def test_resumed_from_a_file_equals_unbroken(tmp_path):
    unbroken, broken = small(), small()
    keywords = {"evaluate_every": 4, "progress": False}
    fe.tl.train(unbroken, steps=20, **keywords)
    fe.tl.train(broken, steps=10, **keywords)  # 10 is no multiple of 4
    broken = saved(broken, tmp_path / "a.h5ad")
    fe.tl.train(broken, steps=20, resume=True, progress=False)
    same_result(without_times(unbroken, "fe"), without_times(broken, "fe"), "fe")


def test_converged_run(tmp_path):
    adata = small()
    fe.tl.train(adata, patience=1, learning_rate_drops=0, tolerance=0.5, progress=False)
    assert adata.uns["fe"]["params"]["ended"] == "converged"
    back = saved(adata, tmp_path / "a.h5ad")
    same_result(adata, back, "fe")
    fe.tl.train(back, resume=True, progress=False)  # nothing is left to do
    same_result(adata, back, "fe")


def test_sparse_matrix_and_two_results(tmp_path):
    adata = small()
    adata.X = sparse.csr_matrix(np.nan_to_num(adata.X))
    fe.tl.train(adata, steps=10, progress=False)
    fe.tl.train(adata, steps=10, key_added="dot", decoder="dot", progress=False)
    back = saved(adata, tmp_path / "a.h5ad")
    same_result(adata, back, "fe")
    same_result(adata, back, "dot")


def test_reconstruction(tmp_path):
    adata = small()
    fe.tl.train(adata, steps=10, progress=False, mask_var="half")
    fe.tl.reconstruct(adata)
    back = saved(adata, tmp_path / "a.h5ad")
    same(adata.layers["fe"], back.layers["fe"])
    assert back.layers["fe"].dtype == np.float32


@pytest.mark.parametrize("groupby", [None, "group"])
def test_embedding_density(tmp_path, groupby):
    adata = small()
    fe.tl.train(adata, steps=10, progress=False)
    before = set(adata.uns)
    fe.tl.embedding_density(adata, groupby=groupby)
    back = saved(adata, tmp_path / "a.h5ad")
    written = sorted(set(adata.uns) - before)
    assert len(written) == 1
    same(adata.uns[written[0]], back.uns[written[0]])
    column = written[0].removesuffix("_params")
    same(adata.obs[column].to_numpy(), back.obs[column].to_numpy())


def test_the_stored_parameters_train_it_again():
    adata, again = small(), small()
    fe.tl.train(adata, steps=10, rng=7, recipe="thesis2024", hidden=(6, 4), progress=False)
    params = adata.uns["fe"]["params"]
    names = ("recipe", "decoder", "steps", "rng", "layer", "mask_var", "sample_dim", "gene_dim")
    fe.tl.train(
        again,
        **{name: params[name] for name in names},
        hidden=tuple(int(n) for n in params["hidden"]),
        progress=False,
    )
    same_result(without_times(adata, "fe"), without_times(again, "fe"), "fe")
