"""The command embedding-density."""

from __future__ import annotations

import json

import fe_anndata as fe

from .shared import bad


def test_it_adds_a_column(run, trained, tmp_path):
    out = tmp_path / "out.h5ad"
    words = ("embedding-density", trained, "-o", out, "--groupby", "group")
    code, text, err = run(*words, "--dimensions", 1, 0)
    assert code == 0, err
    assert f"wrote {out}: obs fe_density_group" in text
    expected = fe.io.read_h5ad(trained)
    fe.tl.embedding_density(expected, "fe", "group", dimensions=(1, 0))
    found = fe.io.read_h5ad(out).obs["fe_density_group"]
    assert found.tolist() == expected.obs["fe_density_group"].tolist()
    code, text, _ = run(*words, "--overwrite", "--json")
    assert json.loads(text) == {"wrote": [str(out)], "obs": "fe_density_group", "n_samples": 40}
    bad(run(*words, "--overwrite", "--dimensions", 0, 2), "dimensions")
    bad(run(*words, "--overwrite", "--basis", "ef"), "'fe'")
