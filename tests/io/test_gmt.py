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
        ("A\tna\tX\n\n# x\nB,na,Y\n", "line 4: expected a name"),
        ("A\tna\n\nB\tna\t\t\n", "holds no gene set"),
        ("\tna\tX\n", "line 1: expected a name"),
        (
            "A\tna\tX\nB\tna\tY\nA\tna\tZ\n",
            "line 3: there are two sets named 'A', the first in line 1",
        ),
        ("\n\n", "holds no gene set"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, text, message):
    path = tmp_path / "a.gmt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        fe.io.read_gmt(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n\xff", "line 1: byte 0x89"),
        (b"A\tna\tX\nB\tna\tY\xe9\n", r"line 2: byte 0xe9 \(character 7\).*Latin-1"),
        (b"A\tna\tX\nB\tna\tY\0\n", r"line 2: 'B\\tna\\tY\\x00"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (gzip.compress(TEXT.encode())[:-12], "is a damaged gzip file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, words):
    path = tmp_path / "a.gmt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a\.gmt.*{words}"):
        fe.io.read_gmt(path)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("\r\n", "\n"),
        TEXT.replace("\r\n", "\n").replace("\n", "\r"),
        TEXT.replace("\n", "\r\n"),
        "\ufeff# MSigDB\n" + TEXT,
        "".join(
            "\t".join(f'"{field}"' for field in [name, "a tab", *genes]) + "\n"
            for name, genes in SETS.items()
        ),
        TEXT.replace("http://x", '"the "best" of').replace("\tCD3D", "\t\tCD3D"),
    ],
    ids=["unix", "mac", "windows", "mark and comment", "quotes", "a quote in a description"],
)
def test_text_of_any_system(tmp_path, text):
    (tmp_path / "a.gmt").write_bytes(text.encode())
    assert fe.io.read_gmt(tmp_path / "a.gmt") == SETS


def test_weights_of_enrichr(tmp_path):
    path = tmp_path / "w.gmt"
    path.write_text("S\t\tG1,1.0\tG2,0.5\tG1,3e-2\tN,N-X\t,5\n")
    assert fe.io.read_gmt(path) == {"S": ["G1", "G2", "N,N-X", ",5"]}


def test_an_empty_set_is_left_out_and_named(tmp_path):
    path = tmp_path / "a.gmt"
    path.write_text("A\tna\tX\nB\tna\t\t\nC\tna\n")
    with pytest.warns(
        UserWarning, match="2 sets have no gene and are left out, first 'B' in line 2"
    ):
        assert fe.io.read_gmt(path) == {"A": ["X"]}


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="there is no file"):
        fe.io.read_gmt(tmp_path / "a.gmt")


def test_a_damaged_gzip_file(tmp_path):
    packed = bytearray(gzip.compress("".join(f"S{i}\tna\tG{i}\n" for i in range(3000)).encode()))
    packed[len(packed) // 2] ^= 0xFF
    packed[len(packed) // 2 + 1] ^= 0xFF
    path = tmp_path / "a.gmt.gz"
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"a\.gmt\.gz is a damaged gzip file"):
        fe.io.read_gmt(path)
