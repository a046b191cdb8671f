"""The command line, mostly in this process: the imports take longer than the work."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from fe_anndata.training import whole_matrix

# main() reads sys.argv, as it should; cyclopts cannot know that a test has set it.
pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked")
PNG = b"\x89PNG"


def small():
    adata = fe.datasets.simulated(40, 30, 4)
    adata.var["half"] = np.arange(30) % 2 == 0
    return adata


@pytest.fixture
def source(tmp_path):
    small().write_h5ad(tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    adata = small()
    fe.tl.train(adata, steps=20, progress=False)
    path = tmp_path_factory.mktemp("trained") / "trained.h5ad"
    adata.write_h5ad(path)
    return path


def bad(result, *words):
    """Expect exit code 2 and one line on stderr that holds all `words`."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err
    assert err.startswith("fe-anndata: ")
    assert "Traceback" not in err
    for word in words:
        assert word in err


# demo


def test_demo(run, tmp_path):
    folder = tmp_path / "new" / "folder"
    code, out, _ = run("demo", "--out", folder)
    assert code == 0
    pictures = ["cell_types.png", "density.png", "history.png", "similar_genes.png"]
    assert sorted(p.name for p in folder.iterdir()) == [*pictures[:3], "pbmc.h5ad", pictures[3]]
    for name in pictures:
        assert (folder / name).read_bytes().startswith(PNG)
        assert f"{name}" in out
    adata = fe.io.read_h5ad(folder / "pbmc.h5ad")
    assert adata.obsm["X_fe"].shape == (700, 2)
    assert len(fe.get.genes(adata)) == 765
    for gene, partner in (("CD79A", "CD79B"), ("LYZ", "CST3")):
        after = out.split(f"most similar to {gene}")[1].split("\n\n")[0]
        assert partner in after
    # and what to type next, which has to work
    next_steps = [
        line.strip() for line in out.split("next")[1].splitlines() if "fe-anndata" in line
    ]
    assert len(next_steps) >= 2
    for line in next_steps:
        assert run(*line.split()[1:])[0] == 0
    assert not plt.get_fignums()
    # again into the same folder
    assert run("demo", "--out", folder)[0] == 0


# train


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
        (["--batch", "cells", "--batch-size", "100"], {"batch": "cells", "batch_size": 100}),
        (
            ["--batch", "tiles", "--batch-size", "20", "--batch-size", "10"],
            {"batch": "tiles", "batch_size": [20, 10]},
        ),
        (["--recipe", "thesis2024", "--hidden", "4"], {"recipe": "thesis2024", "gene_dim": 100}),
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
    "words", [["--hidden", "8", "4"], ["--batch", "tiles", "--batch-size", "9", "7"]]
)
def test_several_sizes_after_one_option(run, source, tmp_path, words):
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad", "--steps", 5, *words)
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
    words = ["--epochs", "2.5", "--decoder", "dot", "--batch-size", "400", "--key-added", "k"]
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


def test_every_option_of_train_is_explained(run):
    code, out, _ = run("train", "--help")
    assert code == 0
    text = " ".join(out.split())
    assert "--sample-dim" in text
    assert "--hidden" in text
    assert "Length of a sample vector" in text
    assert "--copy" not in text


def test_settings_of_train(run, source, tmp_path, monkeypatch):
    for name in ("threads", "precision", "kernel"):  # so that they are put back
        monkeypatch.setattr(fe.settings, name, getattr(fe.settings, name))
    words = ["--threads", 1, "--precision", "float32", "--kernel", "reference"]
    code, _, err = run("train", source, "-o", tmp_path / "out.h5ad", "--steps", 5, *words)
    assert code == 0, err
    assert (fe.settings.threads, fe.settings.precision) == (1, "float32")
    assert fe.settings.kernel == "reference"
    assert "How many threads" in " ".join(run("train", "--help")[1].split())


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


def missing(source, tmp_path):
    return tmp_path / "none.h5ad"


def truncated(source, tmp_path):
    path = tmp_path / "cut.h5ad"
    path.write_bytes(source.read_bytes()[:3000])
    return path


def text(source, tmp_path):
    path = tmp_path / "text.h5ad"
    path.write_text("gene\n" * 300)
    return path


@pytest.mark.parametrize("which", [missing, truncated, text])
@pytest.mark.parametrize("command", ["train", "similar", "plot"])
def test_file_that_cannot_be_read(run, source, tmp_path, command, which):
    path, out = which(source, tmp_path), tmp_path / "out"
    more = {"train": ["-o", out], "similar": ["gene1"], "plot": ["history", "-o", out]}[command]
    bad(run(command, path, *more), path.name)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--decoder", "iner"], ["'inner'", "'iner'"]),
        (["--recipe", "thesis"], ["'thesis2024'"]),
        (["--layer", "truht"], ["'truth'"]),
        (["--steps", "many"], ["many"]),
        (["--sample-dim", "2.5"], ["2.5"]),
        (["--sample-dim", "40"], ["sample_start"]),
        (["--hidden", "x"], ["x"]),
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


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["train", "in.h5ad"], "out"),
        (["similar"], "input"),
        (["embed", "in.h5ad"], "embed"),
        (["plot", "in.h5ad", "umap", "-o", "x.png"], "umap"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_wrong_commands(run, words, named):
    code, out, err = run(*words)
    bad((code, out, err.lower()), named)


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
    assert "Traceback" not in err
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


# transform, reconstruct, impute


@pytest.fixture
def new(tmp_path):
    """Return the file of new samples, whose genes stand in another order, with gaps."""
    adata = fe.datasets.simulated(12, 30, 4)[:, ::-1].copy()
    adata.X[2, 3] = np.nan
    adata.layers["log"] = adata.X
    adata.obsm["X_other"] = np.ones((12, 3))
    adata.uns["kept"] = "text"
    adata.obs["text"] = ["a", "b"] * 6
    adata.write_h5ad(tmp_path / "new.h5ad")
    return tmp_path / "new.h5ad"


def test_transform_adds_to_the_file(run, new, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    before = new.read_bytes()
    code, printed, err = run("transform", new, trained, "-o", out, "--no-progress")
    assert code == 0, err
    assert f"wrote {out}: 12 samples placed" in printed
    assert new.read_bytes() == before
    found, expected = fe.io.read_h5ad(out), fe.io.read_h5ad(new)
    fe.tl.transform(expected, trained, progress=False)
    for name in ("X_fe", "X_fe_se", "X_other"):
        assert found.obsm[name].tobytes() == expected.obsm[name].tobytes()
    pd.testing.assert_frame_equal(found.obs, expected.obs)
    pd.testing.assert_frame_equal(found.var, expected.var)
    assert found.X.tobytes() == expected.X.tobytes()
    assert set(found.layers) == {"truth", "log"}
    assert found.uns["kept"] == "text"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.h5ad", "out.h5ad"]
    fe.tl.impute(found, reference=trained)  # and it goes on from there


def test_transform_does_not_load_the_matrix(run, new, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(fe.io.h5ad, "load", lambda path: pytest.fail("loaded"))
    assert run("transform", new, trained, "-o", tmp_path / "out.h5ad")[0] == 0


def test_transform_replaces_its_input_if_told_to(run, new, trained):
    before = new.read_bytes()
    bad(run("transform", new, trained, "-o", new), "exists", "overwrite")
    assert new.read_bytes() == before
    assert run("transform", new, trained, "-o", new, "--overwrite", "--key-added", "k")[0] == 0
    assert {"X_k", "X_k_se", "X_other"} <= set(fe.io.read_h5ad(new).obsm)
    # once more, over earlier results
    assert run("transform", new, trained, "-o", new, "--overwrite", "--key-added", "k")[0] == 0


def test_transform_options(run, new, trained, tmp_path):
    words = ["--layer", "log", "--threads", 1, "--no-progress"]
    assert run("transform", new, trained, "-o", tmp_path / "out.h5ad", *words)[0] == 0
    bad(run("transform", new, trained, "-o", tmp_path / "b.h5ad", "--layer", "lgo"), "'log'")
    text = " ".join(run("transform", "--help")[1].split())
    assert "Names the places of the result" in text
    assert "--copy" not in text


def test_the_reference_is_never_replaced(run, new, trained):
    before = trained.read_bytes()
    bad(run("transform", new, trained, "-o", trained, "--overwrite"), "is the reference")
    for verb in ("impute", "reconstruct"):
        words = ["-o", trained, "--overwrite", "--reference", trained]
        bad(run(verb, new, *words), "is the reference")
    assert trained.read_bytes() == before


def test_transform_refuses(run, new, source, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    bad(run("transform", new, source, "-o", out), "no trained model", "train")
    bad(run("transform", new, tmp_path / "none.h5ad", "-o", out), "none.h5ad")
    bad(run("transform", trained, trained, "-o", out), "itself trained")
    bad(run("transform", new, trained, "-o", tmp_path / "none" / "o.h5ad"), "no folder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.h5ad", "new.h5ad"]


def test_a_failed_write_leaves_nothing(run, new, trained, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(fe.io.h5ad, "write_elem", full)
    code, out, err = run("transform", new, trained, "-o", tmp_path / "out.h5ad", "--no-progress")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == "fe-anndata: no space left on device"
    assert [p.name for p in tmp_path.iterdir()] == ["new.h5ad"]


@pytest.mark.parametrize(
    ("verb", "layer"), [("reconstruct", "fe"), ("impute", "fe_imputed"), ("impute", "mine")]
)
def test_layers_of_new_samples(run, new, trained, tmp_path, verb, layer):
    placed, out = tmp_path / "placed.h5ad", tmp_path / "out.h5ad"
    run("transform", new, trained, "-o", placed, "--no-progress")
    words = ["--reference", trained, "-o", out, "--layer-added", layer]
    code, printed, err = run(verb, placed, *words)
    assert code == 0, err
    assert f"wrote {out}: layer {layer}" in printed
    expected = fe.io.read_h5ad(placed)
    getattr(fe.tl, verb)(expected, layer, reference=trained)
    found = fe.io.read_h5ad(out).layers[layer]
    assert found.tobytes() == expected.layers[layer].tobytes()
    bad(run(verb, new, "--reference", trained, "-o", tmp_path / "b.h5ad"), "fe.tl.transform")


def test_reconstruct_of_trained_samples(run, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    assert run("reconstruct", trained, "-o", out)[0] == 0
    assert fe.io.read_h5ad(out).layers["fe"].shape == (40, 30)


def test_plot_with_new_samples(run, new, trained, tmp_path):
    out = tmp_path / "picture.png"
    bad(run("plot", trained, "embedding", "--query", new, "-o", out), "fe.tl.transform")
    run("transform", new, trained, "-o", new, "--overwrite", "--no-progress")
    words = ["--query", new, "--color", "group", "-o", out, "--dpi", 40]
    code, _, err = run("plot", trained, "embedding", *words)
    assert code == 0, err
    assert out.read_bytes().startswith(PNG)
    out.unlink()
    bad(run("plot", trained, "history", "--query", new, "-o", out), "--query", "history")


# similar


def test_similar_prints_a_table(run, trained):
    code, out, _ = run("similar", trained, "gene1", "gene2", "-n", 4)
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["gene", "similarity", "rank"]
    expected = fe.tl.similar_genes(fe.io.read_h5ad(trained), ["gene1", "gene2"], 4)
    found = pd.DataFrame(rows[1:], columns=rows[0])
    assert found["gene"].tolist() == expected["gene"].tolist()
    np.testing.assert_allclose(found["similarity"].astype(float), expected["similarity"], atol=1e-4)
    assert found["rank"].tolist() == ["1", "2", "3", "4"]


def test_similar_to_each_and_by_symbols(run, trained, tmp_path):
    adata = fe.io.read_h5ad(trained)
    adata.var["symbol"] = [f"S{i}" for i in range(adata.n_vars)]
    fe.io.write_h5ad(adata, tmp_path / "symbols.h5ad")
    words = ("similar", tmp_path / "symbols.h5ad", "S0", "S1", "-n", 2, "--gene-symbols", "symbol")
    code, out, _ = run(*words, "--no-pool")
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["query", "gene", "similarity", "rank", "id"]
    assert [row[0] for row in rows[1:]] == ["S0", "S0", "S1", "S1"]


# arithmetic


@pytest.mark.parametrize("expression", ["gene1 - gene2 + gene3", "-gene2+gene1 + gene3"])
def test_arithmetic_prints_a_table(run, trained, expression):
    code, out, _ = run("arithmetic", trained, expression, "-n", 3, "--metric", "euclidean")
    assert code == 0
    rows = [line.split("\t") for line in out.splitlines()]
    assert rows[0] == ["gene", "similarity", "rank"]
    adata = fe.io.read_h5ad(trained)
    expected = fe.tl.gene_arithmetic(adata, "gene1 - gene2 + gene3", 3, metric="euclidean")
    assert [row[0] for row in rows[1:]] == expected["gene"].tolist()


@pytest.mark.parametrize(
    ("expression", "named"),
    [("gene1 + ", "character 9"), ("gene1 - Gene2", "'gene2'"), ("", "empty")],
)
def test_expression_that_cannot_be_read(run, trained, expression, named):
    bad(run("arithmetic", trained, expression), named)


def test_similar_options(run, trained):
    code, out, _ = run("similar", trained, "gene1", "--n", 1, "--metric", "euclidean")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert float(out.splitlines()[1].split("\t")[1]) <= 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["Gene1"], ["'gene1'", "did you mean"]),
        (["gene1", "--metric", "cosinus"], ["'cosine'"]),
        (["gene1", "--key", "k"], ["'k'"]),
        (["gene1", "-n", "0"], ["at least 1"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_similar_refuses(run, trained, words, named):
    bad(run("similar", trained, *words), *named)


def test_similar_before_training(run, source):
    bad(run("similar", source, "gene1"), "fe")


# plot


@pytest.mark.parametrize(
    "words",
    [
        ["embedding"],
        ["embedding", "--color", "group"],
        ["embedding", "--color", "group", "--color", "gene3"],
        ["density"],
        ["density", "--groupby", "group"],
        ["history"],
        ["reconstruction"],
        ["similar-genes", "--genes", "gene3"],
        ["gene-similarity-matrix", "--genes", "gene3", "--genes", "gene5"],
        ["gene-arithmetic", "--expression", "gene3 - gene5 + gene7"],
    ],
    ids=" ".join,
)
def test_plot(run, trained, tmp_path, words):
    out = tmp_path / "picture.png"
    code, printed, err = run("plot", trained, *words, "-o", out, "--dpi", 40)
    assert code == 0, err
    assert f"wrote {out}" in printed
    assert out.read_bytes().startswith(PNG)
    assert not plt.get_fignums()


def test_plot_of_lists(run, trained, tmp_path):
    sets, out = tmp_path / "sets.gmt", tmp_path / "lists.png"
    sets.write_text("A\tx\tgene1\tgene2\nB\tx\tgene2\tgene3\n")
    code, _, err = run("plot", trained, "gene-lists", "--gene-sets", sets, "-o", out)
    assert code == 0, err
    assert out.read_bytes().startswith(PNG)


def test_plot_follows_the_ending_and_the_dpi(run, trained, tmp_path):
    run("plot", trained, "history", "-o", tmp_path / "a.svg")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    for dpi in (40, 80):
        run("plot", trained, "history", "-o", tmp_path / f"{dpi}.png", "--dpi", dpi)
    low, high = (plt.imread(tmp_path / f"{dpi}.png").shape[1] for dpi in (40, 80))
    assert high == pytest.approx(2 * low, abs=2)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["similar-genes"], ["--genes"]),
        (["gene-similarity-matrix"], ["--genes"]),
        (["gene-arithmetic"], ["--expression"]),
        (["gene-lists"], ["--gene-sets"]),
        (["history", "--gene-sets", "x.gmt"], ["--gene-sets", "history"]),
        (["history", "--color", "group"], ["--color", "history"]),
        (["embedding", "--genes", "gene1"], ["--genes", "embedding"]),
        (["embedding", "--color", "gruop"], ["'group'"]),
        (["similar-genes", "--genes", "Gene1"], ["'gene1'"]),
        (["density", "--groupby", "x"], ["'group'"]),
        (["history", "--key", "k"], ["'k'"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_plot_refuses(run, trained, tmp_path, words, named):
    bad(run("plot", trained, *words, "-o", tmp_path / "x.png"), *named)
    assert not list(tmp_path.iterdir())


def test_plot_of_an_unknown_kind_of_file(run, trained, tmp_path):
    bad(run("plot", trained, "history", "-o", tmp_path / "x.picture"), "picture")
    assert not list(tmp_path.iterdir())


def test_plot_never_overwrites_unless_told_to(run, trained, tmp_path):
    out = tmp_path / "x.png"
    out.write_bytes(b"precious")
    bad(run("plot", trained, "history", "-o", out), "exists", "overwrite")
    assert out.read_bytes() == b"precious"
    assert run("plot", trained, "history", "-o", out, "--overwrite")[0] == 0
    assert out.read_bytes().startswith(PNG)


# info, and the installed command


def test_info(run):
    code, out, _ = run("info")
    assert code == 0
    for package in ("fe-anndata", "anndata", "scanpy", "torch", "numpy"):
        assert f"{package} {version(package)}\n" in out
    assert "device c" in out  # cpu or cuda


def test_info_says_what_is_chosen_and_why(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("fe_anndata.cli.info.has_bf16", lambda device: False)
    monkeypatch.setattr(fe.settings, "device", "auto")
    monkeypatch.setattr(fe.settings, "threads", 1)
    code, out, _ = run("info")
    assert code == 0
    assert f"numba {version('numba')}\n" in out
    assert "\ntriton " in out
    lines = dict(line.split(" ", 1) for line in out.splitlines())
    assert lines["device"] == "cpu (no CUDA device was found)"
    assert lines["threads"].startswith("1 on ")
    assert "fe.settings.threads" in lines["threads"]
    assert lines["precision"].startswith("float32 (")
    assert "bf16 is not in hardware" in lines["precision"]
    assert "concat" in lines["kernel"]
    assert re.search(r"cpu \(.*(8|16) numbers at a time\)", lines["kernel"])


def test_info_without_a_package(run, monkeypatch):
    def found(package):
        if package == "triton":
            raise PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr("fe_anndata.cli.info.version", found)
    assert "triton not installed\n" in run("info")[1]


def test_info_of_settings_that_do_not_go_together(run, monkeypatch):
    monkeypatch.setattr("fe_anndata._access.device.has_bf16", lambda device: False)
    monkeypatch.setattr(fe.settings, "precision", "bf16")
    bad(run("info"), "'bf16'", "'float32'")


def test_version(run):
    assert run("--version")[:2] == (0, fe.__version__ + "\n")


def test_help_names_every_command(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("demo", "train", "similar", "plot", "info"):
        assert command in out


def test_installed_command(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).parent / "fe-anndata", "similar", tmp_path / "none.h5ad", "LYZ"],
        capture_output=True,
        text=True,
        check=False,
    )
    bad((done.returncode, done.stdout, done.stderr), "none.h5ad")


FEW = ["--methods", "pca", "--classifiers", "knn", "--folds", 2, "--no-progress"]


def test_evaluate_writes_a_table(run, source, tmp_path):
    out, picture = tmp_path / "table.tsv", tmp_path / "accuracy.png"
    words = ["--label", "group", "--dims", 2, 4, "-o", out, "--plot", picture]
    code, printed, err = run("evaluate", source, *words, *FEW)
    assert code == 0, err
    table = pd.read_csv(out, sep="\t")
    found = fe.tl.evaluate(
        small(), "group", dims=[2, 4], methods=["pca"], classifiers=["knn"], folds=2
    )
    timed = ["seconds_fit", "seconds_new"]
    pd.testing.assert_frame_equal(table.drop(columns=timed), found.drop(columns=timed))
    assert printed.startswith("method\tdecoder\tdim\tclassifier\taccuracy_new")
    assert f"wrote {out}" in printed
    assert picture.read_bytes().startswith(PNG)
    assert not plt.get_fignums()
    bad(run("evaluate", source, *words, *FEW), "exists", "overwrite")
    assert run("evaluate", source, *words, *FEW, "--overwrite")[0] == 0


def test_evaluate_with_groups_and_numbers(run, tmp_path):
    adata = small()
    adata.obs["donor"] = [f"d{i % 8}" for i in range(40)]
    adata.obs["age"] = adata.obsm["factors"][:, 0]
    adata.write_h5ad(tmp_path / "in.h5ad")
    out, picture = tmp_path / "table.csv", tmp_path / "r2.png"
    words = ["--label", "age", "--groups", "donor", "--dims", 2, "--n-top-genes", 20]
    words += ["-o", out, "--plot", picture]
    code, _, err = run("evaluate", tmp_path / "in.h5ad", *words, *FEW)
    assert code == 0, err
    assert pd.read_csv(out)["label_r2_new"].notna().all()
    assert picture.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--label", "gruop"], ["'group'"]),
        (["--label", "group", "--groups", "x"], ["'x'", "'group'"]),
        (["--label", "group", "--dims", "2.5"], ["2.5"]),
        (["--label", "group", "--dims", "30"], ["30", "too many"]),
        (["--label", "group", "--methods", "tsne"], ["'umap'", "'tsne'"]),
        (["--label", "group", "--folds", "20"], ["20", "folds=10"]),
        ([], ["--label"]),
    ],
    ids=" ".join,
)
def test_evaluate_refuses(run, source, tmp_path, words, named):
    bad(run("evaluate", source, "-o", tmp_path / "table.tsv", *words), *named)
    assert [p.name for p in tmp_path.iterdir()] == ["in.h5ad"]


@pytest.fixture
def gene_sets(tmp_path):
    lines = [f"SET{i}\tna\t" + "\t".join(f"gene{j + i}" for j in range(1, 16)) for i in range(3)]
    (tmp_path / "sets.gmt").write_text("\n".join(lines) + "\n")
    return tmp_path / "sets.gmt"


def test_classify(run, trained, gene_sets, tmp_path):
    out, more, picture = tmp_path / "t.csv", tmp_path / "p.h5ad", tmp_path / "p.png"
    universe = ["--universe", "fe_trained", "--folds", 3, "--rng", 1, "--no-progress"]
    files = ["--probabilities", more, "--plot", picture]
    code, text, err = run("classify", trained, gene_sets, "-o", out, *universe, *files)
    assert (code, err) == (0, "")
    assert text.endswith(f"wrote {out}: 3 properties\n")
    adata = fe.io.read_h5ad(trained)
    keywords = {"universe": "fe_trained", "folds": 3, "rng": 1, "progress": False}
    expected = fe.tl.classify_genes(adata, gene_sets, **keywords)
    pd.testing.assert_frame_equal(pd.read_csv(out), expected.table)
    assert fe.io.read_h5ad(more).X.tobytes() == expected.probabilities.to_numpy().tobytes()
    assert picture.read_bytes().startswith(PNG)
    bad(run("classify", trained, gene_sets, "-o", out), "exists", "--overwrite")
    bad(run("classify", trained, "half", "hlaf", "-o", tmp_path / "u.csv"), "did you mean 'half'")
    broken = tmp_path / "broken.gmt"
    broken.write_text("A na\n")
    bad(run("classify", trained, broken, "-o", tmp_path / "u.csv"), "line 1")
    bad(run("classify", trained, "half", "-o", trained, "--overwrite"), "name another output")
    assert not (tmp_path / "u.csv").exists()
