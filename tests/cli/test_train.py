"""The command train."""

from __future__ import annotations

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata._access.layers import layers_of
from fe_anndata.models.fe import whole_matrix

from .shared import bad, small


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sample-dim", "3"], {"sample_dim": 3}),
        (["--learning-rate", "0.002"], {"learning_rate": 0.002}),
        (["--decoder", "dot"], {"decoder": "dot"}),
        (["--hidden", "8", "--hidden", "4"], {"hidden": [8, 4]}),
        (["--hidden", "8"], {"hidden": [8]}),
        (["--gene-hidden", "5"], {"gene_hidden": [5]}),
        (["--no-center"], {"center": False}),
        (["--center"], {"center": True}),
        (["--validation", "auto"], {"validation": "auto"}),
        (["--validation", "0.1"], {"validation": 0.1}),
        (["--validation", "0"], {"validation": 0.0}),
        (["--rng", "3"], {"rng": 3}),
        (["--layer", "truth"], {"layer": "truth"}),
        (["--mask-var", "half"], {"mask_var": "half"}),
        (["--sample-start", "random"], {"sample_start": "random"}),
        (
            ["--minibatch", "entries", "--minibatch-size", "100"],
            {"minibatch": "entries", "minibatch_size": 100},
        ),
        (
            ["--minibatch", "tiles", "--minibatch-size", "20", "--minibatch-size", "10"],
            {"minibatch": "tiles", "minibatch_size": [20, 10]},
        ),
        (["--recipe", "thesis2024", "--hidden", "4"], {"recipe": "thesis2024", "gene_dim": 100}),
        (["--gene-views", "bins"], {"gene_views": "bins"}),
        (["--gene-views", "none"], {"gene_views": ""}),
        (["--device", "cpu"], {"decoder": "inner"}),
        (["--no-progress"], {"decoder": "inner"}),
    ],
    ids=" ".join,
)
def test_train_options(run, source, tmp_path, words, expected):
    out = tmp_path / "out.h5ad"
    code, printed, err = run("train", source, "-o", out, "--steps", 10, *words)
    assert code == 0, err
    assert f"wrote {out}: 10 steps" in printed
    params = fe.io.read_h5ad(out).uns["fe"]["params"]
    for name, value in expected.items():
        found = params[name]
        found = found.tolist() if isinstance(found, np.ndarray) else found
        assert (found, params["steps"]) == (value, 10)


@pytest.mark.parametrize(
    "words", [["--hidden", "8", "4"], ["--minibatch", "tiles", "--minibatch-size", "9", "7"]]
)
def test_several_sizes_after_one_option(run, source, tmp_path, words):
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad", "--steps", 5, *words)
    assert code == 0, err


def test_words_beside_numbers_are_taken_where_pydantic_is_loaded(run, source, tmp_path):
    pytest.importorskip("pydantic")  # as anndata 0.13 does
    words = ["--hidden", "auto", "--steps", 2, "--gene-dim", "auto"]
    code, _, err = run("train", source, "-o", tmp_path / "o.h5ad", *words)
    assert code == 0, err


def test_train_equals_the_function(run, source, tmp_path):
    adata = small()
    fe.tl.train(adata, steps=10, rng=4, progress=False)
    run("train", source, "--out", tmp_path / "out.h5ad", "--steps", 10, "--rng", 4)
    found = fe.io.read_h5ad(tmp_path / "out.h5ad")
    assert found.obsm["X_fe"].tobytes() == adata.obsm["X_fe"].tobytes()
    assert found.varm["fe"].tobytes() == adata.varm["fe"].tobytes()


def test_train_epochs_and_key(run, source, tmp_path):
    out = tmp_path / "out.h5ad"
    words = ["--epochs", "2.5", "--decoder", "dot", "--minibatch-size", "400", "--key-added", "k"]
    assert run("train", source, "-o", out, *words)[0] == 0
    adata = fe.io.read_h5ad(out)
    assert adata.uns["k"]["params"]["epochs"] == 2.5
    assert fe.get.history(adata, key="k")["step"].iloc[-1] == 8  # 2.5 times 3, rounded up
    assert "fe" not in adata.uns


def test_train_resumes(run, source, tmp_path):
    whole, half, rest = (tmp_path / f"{n}.h5ad" for n in ("whole", "half", "rest"))
    run("train", source, "-o", whole, "--steps", 20)
    run("train", source, "-o", half, "--steps", 10)
    assert run("train", half, "-o", rest, "--steps", 20, "--resume")[0] == 0
    a, b = fe.io.read_h5ad(whole), fe.io.read_h5ad(rest)
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()


def test_settings_of_train(run, source, tmp_path, monkeypatch):
    for name in ("threads", "precision", "kernel"):  # so that they are put back
        monkeypatch.setattr(fe.settings, name, getattr(fe.settings, name))
    words = ["--threads", 1, "--precision", "float32", "--kernel", "reference"]
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad", "--steps", 5, *words)
    assert code == 0, err
    assert (fe.settings.threads, fe.settings.precision) == (1, "float32")
    assert fe.settings.kernel == "reference"
    assert "How many threads" in " ".join(run("train", "--help")[1].split())


def test_train_survives_in_a_checkpoint(run, source, tmp_path):
    whole, half, rest, folder = (tmp_path / n for n in ("w.h5ad", "h.h5ad", "r.h5ad", "folder"))
    run("train", source, "-o", whole, "--steps", 20)
    kept = ["--checkpoint", folder, "--resume"]
    assert run("train", source, "-o", half, "--steps", 10, *kept)[0] == 0  # begins it
    bad(run("train", source, "-o", rest, *kept[:2], "--no-progress"), "resume", "another folder")
    assert run("train", source, "-o", rest, "--steps", 20, *kept)[0] == 0
    a, b = fe.io.read_h5ad(whole), fe.io.read_h5ad(rest)
    assert a.obsm["X_fe"].tobytes() == b.obsm["X_fe"].tobytes()


def test_train_adds_to_the_file(run, source, tmp_path):
    adata = fe.io.read_h5ad(source)
    adata.raw = adata
    adata.obs["text"] = ["a", "b"] * 20
    adata.obsm["X_other"] = np.ones((40, 3))
    adata.obsp["distances"] = np.eye(40)
    adata.uns["kept"] = {"text": "word", "numbers": np.arange(3)}
    adata.write_h5ad(source)
    out = tmp_path / "out.h5ad"
    assert run("train", source, "-o", out, "--steps", 5, "--no-progress")[0] == 0
    found, expected = fe.io.read_h5ad(out), fe.io.read_h5ad(source)
    fe.tl.train(expected, steps=5, progress=False)
    assert found.X.tobytes() == expected.X.tobytes()
    assert found.raw.X.tobytes() == expected.raw.X.tobytes()
    assert set(layers_of(found)) == {"truth"}
    pd.testing.assert_frame_equal(found.obs, expected.obs)
    pd.testing.assert_frame_equal(found.var, expected.var)
    assert found.obsm["X_fe"].tobytes() == expected.obsm["X_fe"].tobytes()
    assert set(found.obsm) == {"X_fe", "X_other", "factors"}
    assert set(found.obsp) == {"distances"}
    assert found.uns["kept"]["numbers"].tolist() == [0, 1, 2]
    assert set(found.uns["fe"]) == set(expected.uns["fe"])


def test_train_does_not_load_the_file(run, source, tmp_path, monkeypatch):
    monkeypatch.setattr("fe_anndata._access.files.load", lambda path: pytest.fail("loaded"))
    monkeypatch.setattr(fe.io.h5ad, "load", lambda path: pytest.fail("loaded"))
    assert run("train", source, "-o", tmp_path / "out.h5ad", "--steps", 5)[0] == 0


def test_train_on_a_file_of_an_old_version(run, source, tmp_path):
    with h5py.File(source, "r+") as file:
        del file.attrs["encoding-type"], file.attrs["encoding-version"]
    half, rest = tmp_path / "half.h5ad", tmp_path / "rest.h5ad"
    assert run("train", source, "-o", half, "--steps", 5, "--no-progress")[0] == 0
    with h5py.File(half, "r+") as file:
        assert file.attrs["encoding-type"] == "anndata"
        del file.attrs["encoding-type"], file.attrs["encoding-version"]
    assert run("train", half, "-o", rest, "--steps", 8, "--resume")[0] == 0
    found = fe.io.read_h5ad(rest)
    assert found.X.tobytes() == small().X.tobytes()
    assert set(layers_of(found)) == {"truth"}


@pytest.mark.parametrize("name", ["out.h5ad", "out.zarr", "in.zarr"])
def test_train_on_a_zarr_folder(run, tmp_path, name):
    small().write_zarr(tmp_path / "in.zarr")
    out = tmp_path / name
    words = ["--steps", 5, "--no-progress", "--overwrite"]
    code, _, err = run("train", tmp_path / "in.zarr", "-o", out, *words)
    assert code == 0, err
    found = anndata.read_h5ad(out) if out.suffix == ".h5ad" else anndata.read_zarr(out)
    assert found.X.tobytes() == small().X.tobytes()
    assert found.obsm["X_fe"].shape == (40, 2)
    assert found.uns["fe"]["params"]["steps"] == 5
    assert {p.name for p in tmp_path.iterdir()} == {"in.zarr", name}


def test_zarr_folder_as_output(run, source, tmp_path):
    small().write_zarr(tmp_path / "in.zarr")
    bad(run("train", source, "-o", tmp_path / "out.zarr"), "out.zarr", "name an .h5ad")
    bad(run("train", tmp_path / "in.zarr", "-o", tmp_path / "in.zarr"), "exists", "overwrite")


@pytest.mark.parametrize("to", ["in.h5ad", "other.h5ad"])
def test_train_never_overwrites_unless_told_to(run, source, tmp_path, to):
    (tmp_path / "other.h5ad").write_bytes(b"precious")
    out = tmp_path / to
    before = out.read_bytes()
    bad(run("train", source, "-o", out, "--steps", 5), to, "exists", "overwrite")
    assert out.read_bytes() == before
    assert run("train", source, "-o", out, "--steps", 5, "--overwrite")[0] == 0
    assert "X_fe" in fe.io.read_h5ad(out).obsm
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5ad", "other.h5ad"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--decoder", "iner"], ["'inner'", "'iner'"]),
        (["--recipe", "thesis"], ["'thesis2024'"]),
        (["--layer", "truht"], ["'truth'"]),
        (["--steps", "many"], ["many"]),
        (["--sample-dim", "2.5"], ["2.5"]),
        (["--sample-dim", "40"], ["--sample-start"]),
        (["--hidden", "x"], ["x"]),
        (["--gene-views", "rank"], ["--gene-views", "'bins'"]),
        (["--gene-views", "bins", "--decoder", "dot"], ["--gene-views", "dot"]),
        (["--validation", "0.9"], ["0.5"]),
        (["--learning-rate", "1e30", "--no-progress"], ["loss"]),
        (["--device", "gpu"], ["gpu"]),
        (["--sampel-dim", "3"], ["--sampel-dim"]),
        (["--threads", "0"], ["threads", "at least 1"]),
        (["--precision", "fp16"], ["precision", "'bf16'"]),
        (["--kernel", "gpu"], ["kernel", "'triton'"]),
        (["--steps", "5", "--epochs", "2"], ["not both"]),
    ],
    ids=" ".join,
)
def test_train_refuses(run, source, tmp_path, words, named):
    before = source.read_bytes()
    bad(run("train", source, "-o", tmp_path / "out.h5ad", *words), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]
    assert source.read_bytes() == before


def test_folder_of_the_output_is_missing(run, source, tmp_path):
    bad(run("train", source, "-o", tmp_path / "none" / "out.h5ad"), "no folder", "make it")


def test_interrupted_training_is_kept(run, source, tmp_path, monkeypatch):
    backward = whole_matrix.Alternating.backward

    def pressed(self, step):
        if step == 25:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(whole_matrix.Alternating, "backward", pressed)
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad")
    assert code == 130
    assert "interrupted" in err
    assert fe.get.history(fe.io.read_h5ad(tmp_path / "out.h5ad"))["step"].iloc[-1] == 15


def test_interrupted_before_there_is_a_result(run, source, tmp_path, monkeypatch):
    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(whole_matrix.Alternating, "validation_loss", pressed)
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad", "--no-progress")
    assert code == 130
    assert err.splitlines()[-1] == "fe-anndata: interrupted; no output was written"
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


def test_a_warning_is_one_line_without_a_place_in_the_code(run, tmp_path):
    adata = small()
    adata.X = np.random.default_rng(0).poisson(40, adata.shape).astype(np.float32)
    adata.write_h5ad(tmp_path / "counts.h5ad")
    code, _, err = run("train", tmp_path / "counts.h5ad", "-o", tmp_path / "o.h5ad", "--steps", 5)
    assert code == 0
    (line,) = [line for line in err.splitlines() if "raw counts" in line]
    assert line.startswith("fe-anndata: warning: the matrix looks like raw counts")
    assert "UserWarning" not in err
