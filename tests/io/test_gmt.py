from __future__ import annotations

import gzip

import pytest

import fe_anndata as fe

TEXT = "B\thttp://x\tCD79A\tMS4A1\tCD79A\t\nT CELLS\t\tCD3D\tHLA-A\r\n\nONE\tna\tNKX2-5\n"
SETS = {"B": ["CD79A", "MS4A1"], "T CELLS": ["CD3D", "HLA-A"], "ONE": ["NKX2-5"]}


@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
@pytest.mark.parametrize("name", ["a.gmt", "a.gmt.gz"])
def test_sets_are_read_in_their_order(tmp_path, name, kind):
    path = tmp_path / name
    path.write_bytes(gzip.compress(TEXT.encode()) if name.endswith(".gz") else TEXT.encode())
    found = fe.io.read_gmt(kind(path))
    assert found == SETS
    assert list(found) == list(SETS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tna\tX\nB CD79A MS4A1\n", "line 2: expected a name"),
        ("A\tna\tX\n\nB\tna\n", "line 3: expected a name"),
        ("A\tna\tX\nB\tna\t\t\n", "line 2: expected a name"),
        ("\tna\tX\n", "line 1: expected a name"),
        ("A\tna\tX\nB\tna\tY\nA\tna\tZ\n", "line 3: there are two sets named 'A'"),
        ("\n\n", "holds no gene set"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, text, message):
    path = tmp_path / "a.gmt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        fe.io.read_gmt(path)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\xff", gzip.compress(TEXT.encode())[:-12]])
def test_what_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "a.gmt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"is not a \.gmt file"):
        fe.io.read_gmt(path)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        fe.io.read_gmt(tmp_path / "a.gmt")


def test_a_damaged_gzip_file(tmp_path):
    packed = bytearray(gzip.compress("".join(f"S{i}\tna\tG{i}\n" for i in range(3000)).encode()))
    packed[len(packed) // 2] ^= 0xFF
    packed[len(packed) // 2 + 1] ^= 0xFF
    path = tmp_path / "a.gmt.gz"
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"a\.gmt\.gz is not a \.gmt file"):
        fe.io.read_gmt(path)
