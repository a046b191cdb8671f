"""The command align-gene-spaces."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import fe_anndata as fe

from .shared import bad


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halves")
    adata = fe.datasets.simulated(80, 40, 4)
    for i in (0, 1):
        half = adata[i::2].copy()
        fe.tl.train(half, steps=20, progress=False)
        half.write_h5ad(folder / f"{i}.h5ad")
    pairs = pd.DataFrame({"human": adata.var_names, "mouse": adata.var_names})
    pairs.to_csv(folder / "pairs.tsv", sep="\t", index=False)
    return folder


def test_it_writes_tables_and_the_common_space(run, halves, tmp_path):
    words = ["align-gene-spaces", halves / "0.h5ad", halves / "1.h5ad", halves / "pairs.tsv"]
    words += [
        "-o",
        tmp_path / "t.tsv",
        "--pairs",
        tmp_path / "p.csv",
        "--both",
        tmp_path / "b.h5ad",
    ]
    code, out, err = run(*words, "--folds", 3, "--json")
    assert code == 0, err
    human, mouse = (fe.io.read_h5ad(halves / f"{i}.h5ad") for i in (0, 1))
    expected = fe.tl.align_gene_spaces(human, mouse, halves / "pairs.tsv", folds=3)
    found = json.loads(out)
    assert found["table"] == json.loads(
        expected.summary.to_json(orient="records", double_precision=15)
    )
    assert [name.rsplit("/", 1)[1] for name in found["wrote"]] == ["p.csv", "b.h5ad", "t.tsv"]
    assert len(pd.read_csv(tmp_path / "p.csv")) == len(expected.pairs)
    both = fe.io.read_h5ad(tmp_path / "b.h5ad")
    assert both.var_names.tolist() == expected.both.var_names.tolist()
    bad(run(*words), "exists")
    bad(run(*words, "--overwrite", "--columns", "human", "rat"), "'rat'")
    bad(run(*words, "--overwrite", "--method", "pca"), "procrustes")
