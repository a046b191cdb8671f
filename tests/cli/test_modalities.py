"""Modalities joined on the command line, and one predicted from the other."""

from __future__ import annotations

import numpy as np

import fe_anndata as fe
from tests.pp.test_join_modalities import paired

from .shared import bad


def test_one_modality_is_predicted_from_the_other(run, tmp_path):
    names = ("both", "joint", "trained", "new", "alone", "placed", "told")
    both, joint, trained, new, alone, placed, told = (tmp_path / f"{n}.h5ad" for n in names)
    paired().write_h5ad(both)
    rna = paired(1)
    truth = rna.obsm.pop("protein")
    rna.write_h5ad(new)
    where = ("--modalities", "rna=X", "protein=protein")
    for words in (
        ("join-modalities", both, "-o", joint, *where, "--weights", "protein=2"),
        ("train", joint, "-o", trained, "--sample-dim", 6),
        ("join-modalities", new, "-o", alone, "--modalities", "rna=X", "--reference", joint),
        ("transform", alone, trained, "-o", placed),
        ("reconstruct", placed, "--reference", trained, "--modality", "protein", "-o", told),
    ):
        code, printed, err = run(*words)
        assert code == 0, err
    assert "modality protein" in printed
    found = fe.io.read_h5ad(told).obsm["fe_protein"]
    assert np.corrcoef(found.to_numpy().ravel(), truth.to_numpy().ravel())[0, 1] > 0.8
    bad(run("join-modalities", both, "-o", joint), "exists", "overwrite")
    bad(run("join-modalities", both, "-o", tmp_path / "x.h5ad"), "say where the modalities")


def test_batches_factors_and_labels(run, tmp_path):
    adata = fe.datasets.simulated(120, 40, 3)
    adata.obs["donor"] = np.resize(["a", "b", "c"], 120)
    source, trained, out = (tmp_path / f"{n}.h5ad" for n in ("source", "trained", "out"))
    adata.write_h5ad(source)
    few = ("--steps", 10, "--batch-key", "donor", "--factors", "group", "sample")
    code, _, err = run("train", source, "-o", trained, *few, "--labels-key", "group")
    assert code == 0, err
    stored = fe.io.read_h5ad(trained).uns["fe"]
    assert {"batches", "factors", "labels"} <= set(stored)
    code, _, err = run("generate", trained, "--factors", "group=group 1,group 2", "-o", out)
    assert code == 0, err
    assert fe.io.read_h5ad(out).obs["group"].tolist() == ["group 1", "group 2"]
    new = tmp_path / "new.h5ad"
    adata[:9].write_h5ad(new)
    code, _, err = run(
        "transform", new, trained, "--new-batches", "estimate", "-o", tmp_path / "placed.h5ad"
    )
    assert code == 0, err
