"""The contact sheet draws every picture there is, and says what it could not draw."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import fe_anndata as fe
from benchmarks import cohorts, contact_material, contact_sheet
from benchmarks.contact_calls import CALLS, SIZES, function_of


def test_every_picture_is_on_it():
    assert sorted({function_of(call) for call in CALLS}) == sorted(fe.pl.__all__)
    assert len(set(CALLS)) == len(CALLS)
    with pytest.raises(ValueError, match="no call"):
        function_of("fe.tl.train(t)")


def test_groups_are_as_many_as_their_names_say():
    adata = fe.datasets.pbmc68k_reduced()
    adata.obsm["X_fe"] = adata.obsm["X_umap"]
    contact_material.add_groups(adata, "bulk_labels")
    numbers = [adata.obs[column].nunique() for column in SIZES]
    assert numbers == [1, 2, 10, 30, 100]  # these cells are of 10 types, and TCGA of 11
    assert adata.obs["thirty-three"].str.len().max() > 30
    assert adata.obs["gaps"].isna().any()


@pytest.fixture
def few(monkeypatch):
    """Let a sheet have three calls, one of which fails, and no training."""
    values = {"t": fe.datasets.pbmc68k_reduced()}
    calls = (
        'fe.pl.embedding(t, "phase", basis="umap")',
        'fe.pl.density(t, basis="umap")',
        "fe.pl.history(t)",
        "fe.pl.survival(survived)",
    )
    monkeypatch.setattr(contact_sheet, "CALLS", calls)
    without = {"survival": "no sample was followed"}
    monkeypatch.setattr(contact_sheet, "material", lambda **_: (values, without))


def test_sheets_tiles_and_index(few, tmp_path, capsys):
    with pytest.raises(SystemExit, match="1"):
        contact_sheet.main(["--out", str(tmp_path)])
    tiles = sorted(path.name for path in (tmp_path / "tiles").iterdir())
    kinds = [f"{style}_0{i}_{name}.png" for style in ("dark", "light", "scanpy")
             for i, name in ((1, "embedding"), (2, "density"))]  # fmt: skip
    assert tiles == kinds
    assert not plt.get_fignums()
    for style, page in (("light", 255), ("dark", 0), ("scanpy", 255)):
        corner = np.asarray(Image.open(tmp_path / "tiles" / f"{style}_01_embedding.png"))[0, 0, :3]
        assert set(corner) == {page}
    sheets = list(tmp_path.glob("sheet_*.png"))
    assert len(sheets) == 3
    text = (tmp_path / "index.html").read_text()
    assert set(re.findall(r"src='tiles/([^']+)'", text)) == set(tiles)
    assert all(path.name in text for path in sheets)
    said = capsys.readouterr().out
    for words in ("survival: no sample was followed", "call fe.tl.train(adata) first"):
        assert words in said
        assert words in text
    assert "6 pictures on 3 sheets" in said


def test_functions_and_styles_are_chosen(few, tmp_path):
    contact_sheet.main(["--out", str(tmp_path), "--only", "density", "--styles", "dark"])
    assert [path.name for path in (tmp_path / "tiles").iterdir()] == ["dark_01_density.png"]


@pytest.mark.slow
def test_it_runs_without_cohorts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cohorts, "present", lambda name: False)
    contact_sheet.main(["--out", str(tmp_path), "--styles", "light"])
    said = capsys.readouterr().out
    assert re.findall("not drawn: (.*)", said) == [
        f"survival: needs samples that were followed ({cohorts.path_of('tcga')} is not there)"
    ]
    drawn = {path.stem.split("_", 2)[2] for path in (tmp_path / "tiles").glob("*.png")}
    assert drawn == set(fe.pl.__all__) - {"survival"}
