"""Every benchmark runs, prints its table and writes its file; no cohorts are needed."""

from __future__ import annotations

import inspect
import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from benchmarks import (
    app,
    batches,
    bins,
    calls,
    checks,
    cohorts,
    differential,
    exceiver,
    factors,
    from_disk,
    gene_classifiers,
    gene_lookup,
    gene_metrics,
    gene_vectors,
    gene_views,
    generain,
    growth,
    headline,
    imputation,
    labels,
    memory,
    modalities,
    new_samples,
    orthologs,
    ours,
    placing,
    processes,
    published,
    quality,
    reading,
    regression,
    report,
    several_processes,
    speed,
    stalls,
    survival,
    sweep,
    tables,
    time_to_quality,
    two_checkouts,
)
from benchmarks.browser import chromium
from benchmarks.shown import TABLES

NEW_SAMPLES = ["--folds", "2", "--classifiers", "knn", "--methods", "fe", "pca"]
ONE_DEAL = ["--deals", "1", "--seeds", "1"]

EMBEDDINGS = ["FE", "PCA", "NMF", "autoencoder"]
"""All but those that take seconds."""
IN_A_BROWSER = pytest.mark.skipif(
    chromium() is None or find_spec("playwright") is None, reason="needs Chromium and playwright"
)
ONE_SEED = ["--seeds", "1", "--draws", "1", "--genes-seeds", "1"]


@pytest.fixture
def results(tmp_path, monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    # What UMAP compiles takes longer than all the rest, and so does the start of a process.
    monkeypatch.setattr(calls, "umap", calls.pca)
    monkeypatch.setattr(memory, "TINY", {"csr": (300, 200)})
    # Matrices this small fill no batch; every epoch starts a worker.
    monkeypatch.setattr(published, "TROFIMOV_BATCH", 200)
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("benchmark", "arguments", "rows"),
    [
        (speed, ["--only", "roofline", "inner", "1 forward", "2020 as", "concat, cpu, recipe"], 6),
        (stalls, [], 4),
        (calls, [], 2),
        (checks, ["--rounds", "1"], 2),
        (gene_lookup, [], 6),
        pytest.param(app, [], 18, marks=IN_A_BROWSER),
        (gene_vectors, ["--seeds", "1", "--methods", "inner", "PCA", "skip-gram"], 6),
        (gene_views, ["--seeds", "1"], 9),
        (gene_metrics, ["--seeds", "1"], 5),
        (bins, [], 6),
        (time_to_quality, ["--thesis-epochs", "0.2", "1"], 8),
        (gene_classifiers, [], 3),
        pytest.param(memory, [], 1, marks=pytest.mark.slow),
        pytest.param(from_disk, [], 4, marks=pytest.mark.slow),
        # Two sizes in two directions, three ways; or two sizes, and one that is computed.
        pytest.param(growth, [], 2 * 2 * 3, marks=pytest.mark.slow),
        pytest.param(growth, ["--wide"], 2 + 1, marks=pytest.mark.slow),
        (reading, [], 4),
        (quality, ["--seeds", "1"], 6),
        (differential, ["--seeds", "1"], 3),
        (batches, [], 3 * 7),
        (modalities, [], 3),
        (factors, [], 2 * 4),
        (labels, [], 2),
        (regression, ["--dims", "2", "--folds", "2", "--methods", *EMBEDDINGS], 4),
        # Two outcomes; two embeddings, two columns, both, and each embedding with them.
        (survival, ["--dims", "2", "--methods", "fe", "pca", "--folds", "2"], 2 * (2 + 3 + 4)),
        (sweep, [], 4),
        # Processes of their own, which load torch.
        pytest.param(several_processes, [], 7, marks=pytest.mark.slow),
        pytest.param(several_processes, ["--times"], 8, marks=pytest.mark.slow),
        (placing, ["--decoder", "inner"], 1),
        (imputation, [], 4),
        # Simulated samples have 40 genes, of which 1, 5, 10 and 25 are shown.
        (imputation, ["--curve", "--subsets", "1"], 4),
        (headline, ["--thesis-minutes", "0.005", "--slice-seconds", "0.001"], 9),
        # Few and many dimensions, on all samples and on 60; FE with and without neighbours.
        (new_samples, ["--dims", "2", "16", "--samples", "60", *NEW_SAMPLES, *ONE_DEAL], 12),
        # Five methods and, of one, five variants, one of them without orthologs; the turned copy.
        (generain, ["--only", "next", "expression", "samples", "call", "--folds", "2"], 10),
        # Five rivals and as many gains but one; four scores, two and one, each beside two rivals.
        (exceiver, ["--only", "counts", "labels", "few", "genes", *ONE_SEED], 9 + 8 + 4 + 2),
        (orthologs, ["--folds", "2"], 10 + 9 + 3),
    ],
    ids=lambda value: value.__name__.removeprefix("benchmarks.") if hasattr(value, "main") else "",
)
def test_it_runs(results, benchmark, arguments, rows):
    without = (
        batches,
        factors,
        labels,
        modalities,
        differential,
        gene_metrics,
        gene_vectors,
        gene_views,
        growth,
        headline,
        imputation,
        new_samples,
        orthologs,
        quality,
        regression,
        several_processes,
        survival,
        sweep,
    )
    rounds = [] if benchmark in without else ["--rounds", "1"]
    benchmark.main(["--tiny", *rounds, *arguments])
    name = benchmark.__name__.removeprefix("benchmarks.")
    text = (results / "tiny" / f"{name}.json").read_text()
    written = json.loads(text)
    assert len(written["table"]) == rows
    assert {"processor", "cores", "threads", "torch", "fe_anndata"} <= set(written["machine"])
    assert written["command"].startswith(f"python -m benchmarks.{name} --tiny")
    assert written["decoder"] or all(record["decoder"] for record in written["table"])
    for label, table in TABLES.items():
        curves = ["--curve" in words for words in (arguments, table.arguments.split())]
        if table.arguments.split()[0] == name and curves[0] == curves[1]:
            (results / f"{table.result}.json").write_text(text)
            shown = tables.shown(label)
            assert f"`{written['command']}`" in shown
            assert shown.count("\n| ") > 2


def test_differences_of_new_samples_have_errors(results, capsys):
    several = ["--deals", "2", "--seeds", "2", "--dims", "2"]
    new_samples.main(["--tiny", *NEW_SAMPLES, *several, "--methods", "pca", "fe_linear"])
    written = json.loads((results / "tiny" / "new_samples.json").read_text())
    rounds = json.loads((results / "tiny" / "rounds" / "new_samples.json").read_text())
    assert {(row["deal"], row["seed"]) for row in rounds} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    first, *others = written["table"]
    assert first["ahead"] is None
    for row in others:
        assert row["standard error"] >= 0
        assert row["won"].endswith("of 4")  # folds, not trainings: seeds are averaged
    assert "2-D, knn: use " in capsys.readouterr().out
    moved = {}
    for method in ("pca", "fe_linear"):
        r2 = np.array([row["r2_new"] for row in rounds if row["method"] == method])
        moved[method] = np.abs(r2[:4] - r2[4:]).max()
    assert moved["pca"] < 1e-6  # on the same folds
    assert moved["fe_linear"] > 1e-5  # with other seeds


@pytest.mark.parametrize("module", [calls, cohorts, ours, processes, report, two_checkouts])
def test_what_runs_with_other_checkouts_knows_no_insides(module):
    assert "from fe_anndata" not in inspect.getsource(module)


@pytest.mark.slow
def test_two_checkouts_alternate(capsys):
    calls.main(["--tiny", "--rounds", "1", "--against", str(processes.HERE)])
    printed = capsys.readouterr().out
    assert "here / there" in printed
    assert printed.count("peak, MB") == 2 * 2 * 2 + 2
