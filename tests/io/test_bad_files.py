"""Files that are not there, cut off, of another kind, or in the way."""

from __future__ import annotations

import pytest

import fe_anndata as fe
from tests.refusals import small


@pytest.fixture(scope="module")
def trained():
    made = small()
    fe.tl.train(made, steps=20, progress=False)
    return made


def test_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"no file .*none\.h5ad"):
        fe.io.read_h5ad(tmp_path / "none.h5ad")


def test_text_named_h5ad(tmp_path):
    (tmp_path / "text.h5ad").write_text("gene\tvalue\n" * 200)
    with pytest.raises(ValueError, match=r"text\.h5ad is not an \.h5ad file"):
        fe.io.read_h5ad(tmp_path / "text.h5ad")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file(trained, tmp_path, share):
    whole = tmp_path / "whole.h5ad"
    trained.write_h5ad(whole)
    cut = tmp_path / "cut.h5ad"
    cut.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(ValueError, match=r"cut\.h5ad") as caught:
        fe.io.read_h5ad(cut)
    assert "\n" not in str(caught.value)


def test_output_exists(trained, tmp_path):
    path = tmp_path / "a.h5ad"
    path.write_bytes(b"precious")
    with pytest.raises(ValueError, match=r"a\.h5ad exists.*overwrite"):
        fe.io.write_h5ad(trained, path)
    assert path.read_bytes() == b"precious"
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5ad"]
