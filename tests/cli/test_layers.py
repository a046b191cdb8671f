"""The commands reconstruct and impute."""

from __future__ import annotations

import pytest

import fe_anndata as fe

from .shared import bad


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
