"""The command plot."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import fe_anndata as fe

from .shared import PNG, bad


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
        ["expression-map", "--genes", "gene3"],
        ["similarity-map", "--profile", "group=group 2"],
        ["similarity-map", "--profile", "sample3"],
        ["path", "--stops", "group=group 1", "sample3", "0.5,-1"],
        ["path", "--stops", "group=group 1", "--stops", "sample3", "--genes", "gene3", "gene5"],
        ["trajectories"],
        ["trajectories", "--color", "group"],
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


def test_an_animation(run, trained, tmp_path):
    out = tmp_path / "training.gif"
    code, printed, err = run(
        "plot", trained, "animation", "--color", "group", "-o", out, "--dpi", 40
    )
    assert code == 0, err
    assert f"wrote {out}" in printed
    with Image.open(out) as image:
        assert image.n_frames > 1
    assert [path.name for path in tmp_path.iterdir()] == ["training.gif"]


def test_an_animation_that_cannot_be(run, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.animation.writers.is_available", lambda name: False)
    words = ["plot", trained, "animation", "-o"]
    bad(run(*words, tmp_path / "x.mp4"), "ffmpeg", ".gif")
    bad(run(*words, tmp_path / "x.png"), ".gif or .mp4")
    bad(run(*words, tmp_path / "x.gif", "--dpi", 0), "--dpi", "600")
    bad(run(*words, tmp_path / "x.gif", "--color", "group", "gene3"), "one --color")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("few", "many"),
    [
        (["density"], ["--kind", "smooth", "--groupby", "group", "--groups", "group 1", "group 2"]),
        (["embedding", "--color", "group"], ["--legend", "none"]),
        (["embedding", "--color", "group"], ["--palette", "red", "blue", "green", "black"]),
        (["embedding", "--color", "gene3"], ["--vmin", "0", "--size", "40", "--cmap", "magma"]),
        (["embedding"], ["--basis", "factors", "--dimensions", "2", "1"]),
        (["history"], ["--log"]),
        (["reconstruction"], ["--entries", "all", "--max-entries", "100"]),
        (["similar-genes", "--genes", "gene3"], ["-n", "4", "--metric", "euclidean"]),
        (["gene-similarity-matrix", "--genes", "gene3", "gene5", "gene7"], ["--no-order"]),
        (["gene-arithmetic", "--expression", "gene3 - gene5 + gene7"], ["--n", "3"]),
        (["expression-map", "--genes", "gene3"], ["--points", "20"]),
        (["similarity-map", "--profile", "sample3"], ["--metric", "mse", "--contours", "3"]),
        (["path", "--stops", "sample1", "sample3", "--genes", "gene3"], ["--kind", "lines"]),
        (["distance-preservation"], ["--basis", "fe", "factors", "--ncols", "1"]),
        (["gene-lists", "--gene-sets", "SETS"], ["--labels", "none"]),
    ],
    ids=lambda words: " ".join(words),
)
def test_options_change_what_is_drawn(run, trained, tmp_path, few, many):
    sets, pictures = tmp_path / "sets.gmt", []
    sets.write_text("A\tx\tgene1\tgene2\nB\tx\tgene2\tgene3\n")
    for words, name in ((few, "few.png"), ([*few, *many], "many.png")):
        typed = [sets if word == "SETS" else word for word in words]
        code, _, err = run("plot", trained, *typed, "-o", tmp_path / name, "--dpi", 40)
        assert code == 0, err
        pictures.append((tmp_path / name).read_bytes())
    assert pictures[0] != pictures[1]


@pytest.fixture(scope="module")
def tables(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    adata = fe.io.read_h5ad(trained)
    adata.obs["days"] = np.arange(40.0) + 1
    adata.obs["died"] = np.arange(40) % 2
    few = {"dims": [2], "folds": 2, "progress": False}
    judged = fe.tl.evaluate(adata, "group", methods=["pca"], classifiers=["knn"], **few)
    found = fe.tl.survival(adata, "days", "died", bases=["pca"], resamples=20, **few)
    classes = fe.tl.classify_genes(adata, ["half"], universe="fe_trained", progress=False)
    made = {
        "evaluate": judged,
        "survival": found.risks,
        "markers": fe.tl.markers(adata, "group"),
        "imputation-curve": fe.tl.imputation_curve(
            adata, n_genes=[5, 9], methods=["pca", "means"], folds=2, progress=False
        ),
        "classify-genes": classes.table,
    }
    for name, table in made.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("evaluate", ["--metric", "accuracy_fitted"]),
        ("survival", ["--n-groups", "2"]),
        ("markers", ["--n-genes", "2"]),
        ("classify-genes", ["--metric", "auprc"]),
    ],
)
def test_plot_of_a_table(run, tables, tmp_path, kind, more):
    pictures = []
    for words in ([], more):
        out = tmp_path / f"{len(words)}.png"
        code, _, err = run("plot", tables / f"{kind}.csv", kind, "-o", out, "--dpi", 40, *words)
        assert code == 0, err
        pictures.append(out.read_bytes())
    assert pictures[0].startswith(PNG)
    assert pictures[0] != pictures[1]


def test_plot_of_what_is_no_table_of_this_kind(run, trained, tables, tmp_path):
    out = tmp_path / "x.png"
    bad(run("plot", trained, "evaluate", "-o", out), "trained.h5ad is no table")
    bad(run("plot", tables / "evaluate.csv", "markers", "-o", out), "group")
    bad(run("plot", tables / "evaluate.csv", "history", "-o", out), "evaluate.csv")
    bad(run("plot", tables / "evaluate.csv", "evaluate", "-o", out, "--key", "x"), "--key")
    bad(run("plot", tables / "none.csv", "markers", "-o", out), "none.csv")
    assert not out.exists()


def test_plot_of_lists(run, trained, tmp_path):
    sets, out = tmp_path / "sets.gmt", tmp_path / "lists.png"
    sets.write_text("A\tx\tgene1\tgene2\nB\tx\tgene2\tgene3\n")
    code, _, err = run("plot", trained, "gene-lists", "--gene-sets", sets, "-o", out)
    assert code == 0, err
    assert out.read_bytes().startswith(PNG)


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


@pytest.mark.parametrize(
    "words",
    [
        ["embedding", "--color", "SYM3"],
        ["similar-genes", "--genes", "SYM3"],
        ["gene-similarity-matrix", "--genes", "SYM3", "--genes", "SYM5"],
        ["gene-arithmetic", "--expression", "SYM3 - SYM5 + SYM7"],
        ["gene-lists", "--gene-sets", "SETS"],
    ],
    ids=lambda words: words[0],
)
def test_plot_by_symbols(run, trained, tmp_path, words):
    sets, by_id, out = tmp_path / "sets.gmt", tmp_path / "ids.h5ad", tmp_path / "picture.png"
    sets.write_text("A\tx\tSYM1\tSYM2\nB\tx\tSYM2\tSYM3\n")
    adata = fe.io.read_h5ad(trained)
    adata.var["symbol"] = [f"SYM{i}" for i in range(1, adata.n_vars + 1)]
    fe.io.write_h5ad(adata, by_id)
    words = ["plot", by_id, *(sets if word == "SETS" else word for word in words), "-o", out]
    bad(run(*words), "SYM")
    code, _, err = run(*words, "--gene-symbols", "symbol", "--dpi", 40)
    assert code == 0, err
    assert out.read_bytes().startswith(PNG)
    out.unlink()
    bad(run(*words, "--gene-symbols", "symbols"), "did you mean 'symbol'")


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
        (["expression-map"], ["--genes"]),
        (["similarity-map"], ["--profile"]),
        (["similarity-map", "--profile", "group=grup 1"], ["'group 1'"]),
        (["path"], ["--stops"]),
        (["path", "--stops", "group=group 1"], ["two stops"]),
        (["path", "--stops", "1,2,3", "0,0"], ["2 coordinates"]),
        (["density", "--stops", "a", "b"], ["--stops", "density"]),
        (["history", "--profile", "a"], ["--profile", "history"]),
        (["density", "--gene-symbols", "x"], ["--gene-symbols", "density"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_plot_refuses(run, trained, tmp_path, words, named):
    bad(run("plot", trained, *words, "-o", tmp_path / "x.png"), *named)
    assert not list(tmp_path.iterdir())


def test_plot_of_an_unknown_kind_of_file(run, trained, tmp_path):
    bad(run("plot", trained, "history", "-o", tmp_path / "x.picture"), "picture")
    assert not list(tmp_path.iterdir())


def test_a_picture_takes_the_place_of_an_earlier_one(run, trained, tmp_path):
    out = tmp_path / "x.png"
    for kind in ("history", "density"):
        before = out.read_bytes() if out.exists() else None
        assert run("plot", trained, kind, "-o", out)[0] == 0
        assert out.read_bytes().startswith(PNG)
        assert out.read_bytes() != before


@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_picture_by_its_name_stays_unless_told_otherwise(run, trained, tmp_path, linked):
    kept, out = tmp_path / "data", tmp_path / ("link.png" if linked else "data")
    kept.write_bytes(b"precious")
    if linked:
        out.symlink_to(kept)
    bad(run("plot", trained, "history", "-o", out), "exists", "overwrite")
    assert kept.read_bytes() == b"precious"
    assert run("plot", trained, "history", "-o", out, "--overwrite")[0] == 0
    assert kept.read_bytes().startswith(PNG)


def test_a_picture_too_large_for_memory(run, trained, tmp_path):
    words = ["plot", trained, "embedding", "-o", tmp_path / "a.png", "--dpi", 1_000_000]
    bad(run(*words), "--dpi", "pixels")
    assert not list(tmp_path.iterdir())
