"""The command demo."""

from __future__ import annotations

import matplotlib.pyplot as plt

import fe_anndata as fe

from .shared import PNG, bad


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
    assert next_steps.pop(0) == f"fe-anndata app {folder}/pbmc.h5ad"  # serves until it is stopped
    for line in next_steps:
        assert run(*line.split()[1:])[0] == 0
    assert not plt.get_fignums()
    # again into the same folder
    assert run("demo", "--out", folder)[0] == 0


def test_a_file_of_the_user_is_not_replaced(run, tmp_path):
    fe.datasets.simulated(20, 10, 2).write_h5ad(tmp_path / "pbmc.h5ad")
    before = (tmp_path / "pbmc.h5ad").read_bytes()
    bad(run("demo", "--out", tmp_path), "pbmc.h5ad exists")
    assert (tmp_path / "pbmc.h5ad").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
