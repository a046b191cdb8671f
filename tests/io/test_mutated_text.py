"""Text files that were changed at random: each is read, or refused by name, and soon."""

from __future__ import annotations

import gzip
import time
import warnings

import numpy as np
import pytest

import fe_anndata as fe

LIMIT = 10.0
"""Seconds for a file."""
SEEDS = {
    "v.vec": b"3 2\nTP53 0.5 -1e-3\nHLA-A 1 2\nENSG00000141510.17 3 4.25\n",
    "v.tsv": b"gene\tdim1\tdim2\nTP53\t0.5\t1\nHLA A\t1\t2\nEGFR\t3\t4\n",
    "r.tsv": b'"V1"\t"V2"\n"TP53"\t0.5\t1\n"EGFR"\t1\t2\n',
    "v.csv": b'"","0","1"\r\n"TP53",0.5,1\r\n"A,B",1,2\r\n',
    "s.gmt": b"# sets\nB\thttp://x\tCD79A\tMS4A1\nT CELLS\t\tCD3D,1.0\tHLA-A,0.5\n",
    "q.gmt": b'\xef\xbb\xbf"A"\t"na"\t"X"\t"Y"\r"B"\t""\t"Z"\r',
}
PIECES = (
    b"\0", b"\n", b"\r", b"\r\n", b"\t", b"\t\t", b" ", b",", b";", b'"', b"'", b"#", b"\\",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"\xe9", b"\x85", b"\xf0\x9f\x92\xa9", b"3 2\n",
    b"nan", b"NA", b"inf", b"1e999", b"-0", b"1_0", b"0x1", b"1+2j", b"99999999999999999999",
    b"A" * 4000, b"\n" * 500, b"1 " * 2000,
)  # fmt: skip


def changed(content, draw):
    """Return the bytes of a file after one to four changes."""
    for _ in range(draw.integers(1, 5)):
        at, to = np.sort(draw.integers(0, len(content) + 1, 2))
        piece = PIECES[draw.integers(len(PIECES))]
        kind = draw.integers(7)
        if kind == 0:  # flipped bits
            content = bytearray(content or b"x")
            content[draw.integers(len(content))] ^= 1 << draw.integers(8)
            content = bytes(content)
        elif kind == 1:
            content = content[:at] + content[to:]
        elif kind == 2:
            content = content[:to] + content[at:to] * int(draw.integers(1, 4)) + content[to:]
        elif kind == 3:
            content = content[:at]
        else:
            content = content[:at] + piece + content[at if kind < 6 else to :]
    return content


def require_right(name, found):
    """Fail unless what was read makes sense: names and finite vectors, or sets of genes."""
    if name.endswith(".gmt"):
        assert all(genes and all(genes) for genes in found.values())
        texts = [*found, *(gene for genes in found.values() for gene in genes)]
    else:
        vectors = found.varm["fe"]
        assert vectors.dtype == np.float32
        assert (np.isfinite(vectors).all(axis=1) | np.isnan(vectors).all(axis=1)).all()
        assert found.var_names.is_unique
        texts = found.var_names
    assert not any(set(text) & set("\0\n\r") or text != text.strip() for text in texts)


def attack(folder, seed, seconds):
    """Read changed files for some seconds; return how many were read and how many refused."""
    draw, counts = np.random.default_rng(seed), [0, 0]
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        name = list(SEEDS)[draw.integers(len(SEEDS))]
        content = changed(SEEDS[name], draw)
        if draw.random() < 0.3:
            content = gzip.compress(content, compresslevel=1, mtime=0)
            if draw.random() < 0.5:
                content = changed(content, draw)
        path = folder / name
        path.write_bytes(content)
        read = fe.io.read_gmt if name.endswith(".gmt") else fe.io.read_gene_vectors
        began = time.monotonic()
        found, refusal = None, ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                found = read(path)
        except ValueError as error:
            refusal = str(error)
        except Exception as error:
            raise AssertionError(f"{name} of {content!r}: {error!r}") from error
        if found is None:
            assert name in refusal, (content, refusal)
            assert not set(refusal) & set("\0\n\r"), (content, refusal)
        else:
            require_right(name, found)
        counts[found is None] += 1
        assert time.monotonic() - began < LIMIT, content
    return counts


def test_changed_files_are_read_or_refused(tmp_path):
    read, refused = attack(tmp_path, 0, 2.0)
    assert min(read, refused) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_many_changed_files_are_read_or_refused(tmp_path, seed):
    assert min(attack(tmp_path, seed, 60.0)) > 500
