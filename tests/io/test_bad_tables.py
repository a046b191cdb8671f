"""Tables that cannot be read: the message names the place and what to do."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

import fe_anndata as fe

GENES = ["TP53", "EGFR", "MYC", "CD4", "CD8A", "ACTB"]


def table(*, separator="\t", **changed):
    """Return a table as text; `changed` fields by gene and column number."""
    lines = [separator.join(["gene", *(f"SRR10000{k}" for k in range(5))])]
    for i, gene in enumerate(GENES):
        fields = [f"{(i + 1) * (k + 2) % 7}.5" for k in range(5)]
        for column, value in changed.get(gene, {}).items():
            fields[column] = value
        lines.append(separator.join([gene, *fields]))
    return "\n".join(lines) + "\n"


BAD = {
    "a word": (table(MYC={2: "1e5x"}), r"line 4, row 'MYC', column 'SRR100002': '1e5x' is no numb"),
    "thousands": (table(CD4={1: "1,234"}), r"row 'CD4', column 'SRR100001'.*thousands without"),
    "decimals": (table(CD4={1: "1,5"}), r"row 'CD4', column 'SRR100001'.*decimals with a point"),
    "underscore": (table(CD4={1: "1_000"}), r"'1_000' is no number"),
    "ragged": (table().replace("4.5\n", "4.5\t9\n", 1), r"line \d has 7 fields, and others have 6"),
    "short": (table().replace("\t4.5\n", "\n", 1), r"line \d has 5 fields, and others have 6"),
    "duplicated samples": (table().replace("SRR100003", "SRR100001"), r"1 names of samples occur"),
    "header alone": ("gene\tS1\tS2\n", "holds no table: it has 1 lines"),
    "one column": ("gene\nTP53\nMYC\n", "has one column"),
    "numbers alone": ("1\t2\t3\n4\t5\t6\n7\t8\t9\n", "without names of genes"),
    "words": ("id\ttype\tsite\ta\tb\n" + "".join(f"S{i}\tx\ty\tz\tw\n" for i in range(9)),
              r"no column of numbers.*--obs"),
    "annotation": ("id\tage\t" + "\t".join(f"c{k}" for k in range(40)) + "\n"
                   + "".join(f"S{i}\t{i}" + "\tword" * 40 + "\n" for i in range(9)),
                   "40 columns of text and 1 of numbers"),
    "page": ("<!DOCTYPE html>\n<html>\n", "a page of the web"),
    "mtx": ("%%MatrixMarket matrix coordinate real general\n3 3 1\n1 1 1\n", "give the folder"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_the_place_is_named(tmp_path, name):
    content, said = BAD[name]
    (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(ValueError, match=said) as refused:
        fe.io.read(tmp_path / "a.tsv")
    assert "a.tsv" in str(refused.value)
    with pytest.raises(ValueError, match=said):
        fe.tl.train(tmp_path / "a.tsv")


def test_a_wrong_value_far_from_the_start(tmp_path):
    body = "".join(f"ENSG{i:011d},{i},{i % 5}\n" for i in range(3000))
    (tmp_path / "a.csv").write_text("id,S1,S2\n" + body + "ENSG99999999999,1,x\n")
    with pytest.raises(ValueError, match=r"line 3002, row 'ENSG99999999999', column 'S2': 'x'"):
        fe.io.read(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("id,S1,S2\n" + body + "ENSG99999999999,1\n")
    with pytest.raises(ValueError, match=r"line 3002 has 2 fields, and others have 3"):
        fe.io.read(tmp_path / "b.csv")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_another_encoding(tmp_path, encoding):
    (tmp_path / "a.tsv").write_bytes(table().encode(encoding))
    with pytest.raises(ValueError, match=r"UTF-16|UTF-8"):
        fe.io.read(tmp_path / "a.tsv")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark(tmp_path, ends, mark):
    (tmp_path / "a.tsv").write_bytes(mark + table().replace("\n", ends).encode())
    adata = fe.io.read(tmp_path / "a.tsv")
    assert list(adata.var_names) == GENES
    assert adata.X[1, 1] == np.float32(6.5)


def test_what_is_no_gzip(tmp_path):
    (tmp_path / "a.tsv.gz").write_text(table())  # its name says otherwise, and it is sound
    assert fe.io.read(tmp_path / "a.tsv.gz").n_vars == len(GENES)
    packed = gzip.compress(table().encode())
    (tmp_path / "b.tsv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match=r"damaged gzip|b\.tsv\.gz is "):
        fe.io.read(tmp_path / "b.tsv.gz")
    (tmp_path / "empty.tsv").touch()
    with pytest.raises(ValueError, match="is empty"):
        fe.io.read(tmp_path / "empty.tsv")
    with pytest.raises(ValueError, match="there is no file"):
        fe.io.read(tmp_path / "nowhere.tsv")


def test_words_of_the_arguments(tmp_path):
    (tmp_path / "a.tsv").write_text(table())
    with pytest.raises(ValueError, match="orientation must be one of 'auto', 'as-is', 'transp"):
        fe.io.read(tmp_path / "a.tsv", orientation="genes")
    with pytest.raises(ValueError, match="duplicates must be one of 'refuse', 'sum'"):
        fe.io.read(tmp_path / "a.tsv", duplicates="drop")


@pytest.mark.parametrize("lost", ["barcodes.tsv", "features.tsv"])
def test_a_folder_of_10x_with_a_missing_file(tmp_path, lost):
    for name in {"matrix.mtx", "barcodes.tsv", "features.tsv"} - {lost}:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"x\n"))
    with pytest.raises(ValueError, match=rf"holds matrix\.mtx\.gz, but no {lost}"):
        fe.io.read(tmp_path)


def test_a_damaged_npz(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.ones((3, 4)), obs_names=np.array(["a", "b", "c"]))
    with pytest.raises(ValueError, match="lacks the names of genes"):
        fe.io.read(tmp_path / "a.npz")
    names = np.array(["a", "b", "c"], dtype=object)
    np.savez(tmp_path / "b.npz", X=np.ones((3, 3)), obs_names=names, var_names=names)
    with pytest.raises(ValueError, match=r"astype\(str\)"):
        fe.io.read(tmp_path / "b.npz")
