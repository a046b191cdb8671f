"""Lines of text files: how they end, what is no text, and files that are too large."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.genespace import text
from fe_anndata.io._vector_text import read_text


def write(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("block", [1, 2, 3, 1 << 20])
def test_lines_end_in_any_way_and_across_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(text, "BLOCK", block)
    monkeypatch.setattr(text, "RATIO", 1e9)  # of single bytes
    content = b"\xef\xbb\xbfa\r\nb\r\rc\n\n# no\n \n\xc3\xa9\x85\x0b\x1cf\r\nlast"
    expected = [(1, "a"), (2, "b"), (4, "c"), (8, "\xe9\x85\x0b\x1cf"), (9, "last")]
    content = content.replace(b"\x85", b"\xc2\x85")
    for packed in (content, gzip.compress(content), gzip.compress(b"") + gzip.compress(content)):
        assert list(text.lines(write(tmp_path, packed))) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\n\xff", r"a, line 2: byte 0xff \(character 1\)"),
        (b"a\r\rb\0", r"a, line 3: 'b\\x00' holds a NUL"),
        (b"\xfe\xff\0a", "UTF-16"),
        (b"\x1f\x8b\x08", "damaged gzip"),
        (gzip.compress(b"a\n") + b"junk", "damaged gzip"),
    ],
)
def test_what_is_no_text(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        list(text.lines(write(tmp_path, content)))


def test_a_folder_and_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ValueError, match="there is no file"):
            list(text.lines(path))


@pytest.mark.parametrize("line", [b"\n", b"A 1 2\n", b"S\td\tG\n", b"1", b"#\n"])
def test_a_gzip_bomb_is_found_at_once(tmp_path, line):
    path = write(tmp_path, gzip.compress(line * (20_000_000 // len(line))))
    began = time.process_time()
    with pytest.raises(ValueError, match=r"unpacks to more than 200 times its size.*gunzip"):
        next(text.lines(path))  # before a line is given
    for read in (read_text, fe.io.read_gmt):
        with pytest.raises(ValueError, match=str(path)):
            read(path)
    assert time.process_time() - began < 2


def test_caps(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK", 1000)
    monkeypatch.setattr(text, "LONGEST", 5000)
    assert len(list(text.lines(write(tmp_path, b"a\n" + b"b" * 4999 + b"\n")))) == 2
    with pytest.raises(ValueError, match=r"a, line 2 is longer than 5,000 bytes"):
        list(text.lines(write(tmp_path, b"a\n" + b"b" * 7000)))
    monkeypatch.setattr(text, "available", lambda: 2999.0)
    for content in (
        b"ab\n" * 1000,
        gzip.compress(np.random.default_rng(0).bytes(3000).hex().encode()),
    ):
        with pytest.raises(ValueError, match=r"more text than there is memory \(3e-06 GB\)"):
            list(text.lines(write(tmp_path, content)))


@pytest.mark.parametrize("packed", [False, True])
def test_vectors_are_in_memory_once(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(text, "BLOCK", 1 << 16)
    vectors = np.random.default_rng(0).normal(size=(2000, 100)).astype(np.float32)
    rows = (f"g{i} " + " ".join(map("%.9g".__mod__, row)) for i, row in enumerate(vectors.tolist()))
    content = ("\n".join(rows) + "\n").encode()
    path = write(tmp_path, gzip.compress(content, compresslevel=1) if packed else content)
    tracemalloc.start()
    try:
        names, found = read_text(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, vectors)
    # Names, a block in a few forms, and what a buffer that grows has to spare.
    assert peak < 1.2 * vectors.nbytes + 200 * len(names) + 6 * text.BLOCK
    assert peak < 0.7 * len(content)  # 1.5 MB, of which each copy would be seen
