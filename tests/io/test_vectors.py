"""Files of gene vectors: every layout of the field, round trips, and bad lines."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe
from benchmarks.cohorts import DEFAULT

ENDINGS = ["txt", "txt.gz", "vec", "vec.gz", "tsv", "tsv.gz", "npz", "h5ad"]
NAMES = ["HLA-A", "MT-CO1", "NKX2-5", "7SK", "nan", "Ünî"]


def space(vectors, names=None, **more):
    vectors = np.asarray(vectors, dtype=np.float32)
    names = [f"g{i}" for i in range(len(vectors))] if names is None else names
    X = np.empty((0, len(names)), np.float32)
    return AnnData(X, var=pd.DataFrame(index=names), varm={"fe": vectors}, **more)


def read(tmp_path, content, name="v.txt", **more):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return fe.io.read_gene_vectors(path, **more)


def holds(adata, names, vectors):
    assert adata.n_obs == 0
    assert adata.var_names.tolist() == names
    assert adata.varm["fe"].dtype == np.float32
    np.testing.assert_array_equal(adata.varm["fe"], np.asarray(vectors, np.float32))


@pytest.mark.parametrize("ending", ENDINGS)
def test_round_trip_is_exact(tmp_path, ending):
    draw = np.random.default_rng(0)
    # Every size of float32, the smallest ones, and both zeros.
    vectors = draw.normal(size=(6, 40)) * 10.0 ** draw.integers(-44, 15, size=(6, 40))
    vectors[0, :4] = [0, -0.0, 1e-45, np.finfo(np.float32).tiny]
    path = tmp_path / f"v.{ending}"
    adata = space(vectors, NAMES)
    assert fe.io.write_gene_vectors(adata, path) is None
    back = fe.io.read_gene_vectors(path)
    assert back.varm["fe"].tobytes() == adata.varm["fe"].tobytes()
    holds(back, NAMES, adata.varm["fe"])
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert fe.tl.similar_genes(back, "HLA-A", n=2).shape == (2, 3)


@pytest.mark.parametrize("ending", ["vec.gz", "tsv", "npz"])
def test_the_same_vectors_give_the_same_bytes(tmp_path, ending):
    for name in ("a", "b"):
        fe.io.write_gene_vectors(space([[1, 2], [3, 4]]), tmp_path / f"{name}.{ending}")
    first, second = (path.read_bytes() for path in tmp_path.iterdir())
    assert first == second


def test_gzip_is_told_by_its_content(tmp_path):
    holds(read(tmp_path, gzip.compress(b"A 1 2\nB 3 4\n"), "v.txt"), ["A", "B"], [[1, 2], [3, 4]])
    holds(read(tmp_path, b"A 1 2\nB 3 4\n", "v.txt.gz"), ["A", "B"], [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    "text",
    [
        "A 1 2.5\nB -3 4e-1\n",
        "2 2\nA 1 2.5\nB -3 4e-1\n",  # word2vec
        "A\t1 2.5 \nB\t-3 4e-1 \n",  # gene2vec
        "A\t1\t2.5\nB\t-3\t4e-1",
        "2\t2\nA\t1\t2.5\nB\t-3\t4e-1\n",
        "gene\tdim1\tdim2\nA\t1\t2.5\nB\t-3\t0.4\n",
        "gene\t1\t2\nA\t1\t2.5\nB\t-3\t0.4\n",
        "gene\t0\t1\nA\t1\t2.5\nB\t-3\t0.4\n",
        "\t0\t1\nA\t1\t2.5\nB\t-3\t0.4\n",  # as pandas writes it
        "gene_name vector\nA 1 2.5\nB -3 0.4\n",
        "A 1 2.5\r\nB -3 0.4\r\n\r\n",
        "\ufeffA 1 2.5\nB -3 0.4\n",
        "A 1 2.5\rB -3 0.4\r",
        "# of 2026\n#gene\td1\nA\t1\t2.5\n\nB\t-3\t0.4\n",
        "A\t1\t2.5\t\t\nB\t-3\t0.4\t\n",
        '"V1"\t"V2"\n"A"\t1\t2.5\n"B"\t-3\t0.4\n',  # as R writes it
        '"V1" "V2"\n"A" 1 2.5\n"B" -3 0.4\n',
        '"","V1","V2"\n"A",1,2.5\n"B",-3,0.4\n',
        ",0,1\nA,1,2.5\nB,-3,0.4\n",
        "Unnamed: 0,0,1\nA,1,2.5\nB,-3,0.4\n",
        "A,1,2.5\nB,-3,0.4\n",
        'gene, d1, d2\n"A", "1", "2.5"\n"B", "-3", "0.4",\n',
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_layouts(tmp_path, text, zipped):
    content = gzip.compress(text.encode()) if zipped else text.encode()
    holds(read(tmp_path, content), ["A", "B"], [[1, 2.5], [-3, 0.4]])


def test_a_header_of_two_numbers_is_no_vector_of_length_one(tmp_path):
    holds(read(tmp_path, "7 5\n8 2\n"), ["7", "8"], [[5], [2]])
    holds(read(tmp_path, "A 5\nB 6\n"), ["A", "B"], [[5], [6]])


def test_names_with_spaces_need_tabs(tmp_path):
    holds(read(tmp_path, "gene 1\t1\t2\ngene 2\t3\t4\n"), ["gene 1", "gene 2"], [[1, 2], [3, 4]])
    adata = space([[1, 2]], ["gene 1"])
    with pytest.raises(ValueError, match=r"'gene 1'.*npz"):
        fe.io.write_gene_vectors(adata, tmp_path / "a.vec")
    fe.io.write_gene_vectors(adata, tmp_path / "a.tsv")
    assert fe.io.read_gene_vectors(tmp_path / "a.tsv").var_names.tolist() == ["gene 1"]


@pytest.mark.parametrize("ending", ["vec", "tsv"])
@pytest.mark.parametrize(
    "names",
    [
        ["gene", "dim1"], ["2", "1"], ["1 1", "7"], ["\ufeffA", "B"], [",", "A,5"], ["'A'", 'B"C'],
        ["nan", "NA"], ["A\x85B", "A\u2028B"], ["AC012345.1", "NM_000546.6"],
    ],
    ids=repr,
)  # fmt: skip
def test_strange_names_come_back(tmp_path, names, ending):
    if ending == "vec":
        names = [name.replace(" ", "") for name in names]
    for dim in (1, 2):
        adata = space(np.arange(2 * dim).reshape(2, dim), names)
        fe.io.write_gene_vectors(adata, tmp_path / f"v.{ending}", overwrite=True)
        holds(fe.io.read_gene_vectors(tmp_path / f"v.{ending}"), names, adata.varm["fe"])


@pytest.mark.parametrize("name", ["#gene", '"A"', '"A', " A", "A\u2003", "A\tB"])
def test_names_that_text_cannot_hold(tmp_path, name):
    adata = space([[1, 2], [3, 4]], ["B", name])
    for ending in ("vec", "tsv.gz"):
        with pytest.raises(ValueError, match=r"1 names, first .* begin with # or a quote; write"):
            fe.io.write_gene_vectors(adata, tmp_path / f"v.{ending}")
    fe.io.write_gene_vectors(adata, tmp_path / "v.npz")
    assert fe.io.read_gene_vectors(tmp_path / "v.npz").var_names.tolist() == ["B", name]


@pytest.mark.parametrize("name", ["A\0", "A\nB", "A\rB", "\ud800"])
def test_names_that_no_file_can_hold(tmp_path, name):
    for ending in ENDINGS:
        with pytest.raises(ValueError, match=r"1 names of genes, first 'A?\\"):
            fe.io.write_gene_vectors(space([[1, 2], [3, 4]], ["B", name]), tmp_path / f"v.{ending}")
    assert not list(tmp_path.iterdir())
    np.savez(tmp_path / "v.npz", names=[f"{name}A", "B"], vectors=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"v\.npz, first 'A?\\"):
        fe.io.read_gene_vectors(tmp_path / "v.npz")


def test_names_in_quotes_hold_what_separates(tmp_path):
    for text in ('"A,B",1,2\n"say ""C""",3,4\n', '"A,B"\t1\t2\n"say ""C"""\t3\t4\n'):
        holds(read(tmp_path, text), ["A,B", 'say "C"'], [[1, 2], [3, 4]])
    holds(read(tmp_path, '"A B" 1 2\n"C" 3 4\n'), ["A B", "C"], [[1, 2], [3, 4]])


def test_a_table_of_pandas_with_commas(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    names = ["TP53", "A,B", 'the "C"', "D E", "NA"]
    pd.DataFrame(vectors, index=names).to_csv(tmp_path / "v.csv")
    holds(fe.io.read_gene_vectors(tmp_path / "v.csv"), names, vectors)


def test_genes_without_a_vector(tmp_path):
    holds(read(tmp_path, "A NA NA\nB 1 2\n"), ["A", "B"], [[np.nan, np.nan], [1, 2]])  # of R
    adata = read(tmp_path, "A 1 2\nB nan nan\nC 3 4\n")
    assert np.isnan(adata.varm["fe"][1]).all()
    assert fe.tl.similar_genes(adata, "A")["gene"].tolist() == ["C"]
    fe.io.write_gene_vectors(adata, tmp_path / "b.vec")
    assert fe.io.read_gene_vectors(tmp_path / "b.vec").var_names.tolist() == ["A", "C"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("3 2\n", "no vector"),
        ("A 1 2\nB 3\n", r"line 2: 'B 3' has 1 values, not 2"),
        ("A 1 2\n\nB 3 4 5\n", r"line 3: 'B 3 4 5' has 3 values, not 2"),
        ("A 1 2\nB 3 x\n", r"line 2.*'x', which is not a number"),
        ("A 1 2\nB\n", r"line 2.*not a name and a vector"),
        ("A 1 2\n\t3\t4\n", r"line 2.*not a name and a vector"),
        ("2 3\nA 1 2\nB 3 4\n", r"line 2.*2 values, not 3"),
        ("3 2\nA 1 2\nB 3 4\n", r"announces 3 vectors.*holds 2.*cut off"),
        ("A 1 2\nB 3 inf\n", r"line 2.*not finite in value 2"),
        ("A 1 2\nB nan 3\n", r"line 2.*not finite in value 1"),
        ("A 1 2\nB 3 4\nA 5 6\n", "names repeat, first 'A'"),
        ("A nan nan\n", "all vectors are NaN"),
        ("A 1 2\nB 3 1e99\n", r"line 2.*not finite in value 2: '1e99' is too large for float32"),
        ("A 1 2\nB 3 Inf\n", r"line 2.*not finite in value 2: 'Inf'"),
        ("A 1 2\nB 1_0 2\n", r"line 2.*'1_0', which is not a number \(value 1\)"),
        ("A 1 2\nB 1 2j\n", r"line 2.*'2j', which is not a number \(value 2\)"),
        ("A 1 2\nB 1 0x2\n", r"line 2.*'0x2', which is not a number"),
        ("A 1 2\nB 1 \uff12\n", r"line 2.*'\uff12', which is not a number"),
        ("A 1 2\nB\0 1 2\n", r"line 2: 'B\\x00 1 2\\n' holds a NUL"),
        ('A 1 2\n"B\nC" 1 2\n', r"line 2.*a quote that is not closed"),
        ('A\t1\n"B\t1\n', r"line 2.*a quote that is not closed"),
        ("A;1;2\nB;3;4\n", r"line 1.*separated by tabs, commas or spaces"),
        ("A 1,5\nB 2,5\n", r"line 1.*'1,5', which is not a number"),
        ("A,1,,2\nB,1,1,2\n", r"line 1.*'', which is not a number \(value 2\)"),
        ("A,1,2\nB,1 2\n", r"line 2.*1 values, not 2"),
        ("A\t\t1\nB\t1\t2\n", r"line 1.*'', which is not a number \(value 1\)"),
        ("PK\n", "no vector"),
        (f"{'9' * 5000} 2\nA 1 2\n", r"line 2.*2 values, not 1"),
        ("2 99999999999\nA 1 2\n", r"line 2.*2 values, not 99999999999"),
    ],
)
def test_malformed_text(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        read(tmp_path, text)


def test_damaged_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        fe.io.read_gene_vectors(tmp_path / "none.vec")
    with pytest.raises(ValueError, match="damaged gzip"):
        read(tmp_path, gzip.compress(b"A 1 2\n" * 999)[:30])
    with pytest.raises(ValueError, match="not text in UTF-8, but in UTF-16"):
        read(tmp_path, b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match=r"v\.txt, line 2: byte 0xe9 \(character 2\)"):
        read(tmp_path, b"A 1 2\nB\xe9 1 2\n")
    with pytest.raises(ValueError, match="npz"):
        read(tmp_path, b"nothing", "v.npz")
    with pytest.raises(ValueError, match=r"\.h5ad"):
        read(tmp_path, b"nothing", "v.h5ad")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"names": ["A", "B"]}, "lacks the array 'vectors'"),
        ({"names": ["A", "B"], "vectors": np.ones((3, 2))}, "2 names and vectors of shape"),
        ({"names": ["A", "A"], "vectors": np.ones((2, 2))}, "names repeat"),
        ({"names": ["A", "B"], "vectors": [[1, np.nan], [1, 2]]}, "'A' is not finite"),
        ({"names": np.array(["A"], dtype=object), "vectors": np.ones((1, 2))}, "objects"),
        ({"names": ["A"], "vectors": [["x"]]}, "store real numbers"),
    ],
)
def test_bad_arrays(tmp_path, arrays, words):
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        fe.io.read_gene_vectors(tmp_path / "v.npz")


def test_h5ad_of_a_training_and_of_genes(tmp_path):
    adata = fe.datasets.simulated(20, 12, 2)
    adata.var["kind"] = "coding"
    fe.tl.train(adata, steps=5, progress=False, key_added="k")
    adata.write_h5ad(tmp_path / "trained.h5ad")
    back = fe.io.read_gene_vectors(tmp_path / "trained.h5ad", key="k")
    np.testing.assert_array_equal(back.varm["k"], adata.varm["k"])
    assert back.var["kind"].tolist() == ["coding"] * 12
    assert back.n_obs == 0
    fe.get.genes(adata, key="k").write_h5ad(tmp_path / "genes.h5ad")
    genes = fe.io.read_gene_vectors(tmp_path / "genes.h5ad", key="k")
    np.testing.assert_array_equal(genes.varm["k"], adata.varm["k"])
    assert genes.var_names.equals(adata.var_names)
    with pytest.raises(ValueError, match="'k'"):
        fe.io.read_gene_vectors(tmp_path / "trained.h5ad")


def test_writing_refuses(tmp_path):
    adata = space([[1, 2], [3, 4]])
    path = tmp_path / "v.vec"
    for name in ("v.csv", "v", "v.npz.gz", "v.gz"):
        with pytest.raises(ValueError, match="the ending must be one of"):
            fe.io.write_gene_vectors(adata, tmp_path / name)
    with pytest.raises(ValueError, match="all rows are NaN"):
        fe.io.write_gene_vectors(space([[np.nan, 1]]), path)
    with pytest.raises(KeyError, match="other"):
        fe.io.write_gene_vectors(adata, path, key="other")
    assert not list(tmp_path.iterdir())
    path.write_text("old")
    with pytest.raises(ValueError, match="exists"):
        fe.io.write_gene_vectors(adata, path)
    assert path.read_text() == "old"
    fe.io.write_gene_vectors(adata, path, overwrite=True)
    assert path.read_text().startswith("2 2\n")


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "v.vec"
    path.write_text("old")

    def fails(file, *args, **keywords):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr("fe_anndata.io.vectors.write_text", fails)
    with pytest.raises(OSError, match="no space"):
        fe.io.write_gene_vectors(space([[1, 2]]), path, overwrite=True)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


@pytest.mark.data
@pytest.mark.parametrize("name", ["tica", "spectrum_cancer"])
def test_published_vectors(name):
    folder = Path(os.environ.get("FE_ANNDATA_DATA", DEFAULT)) / "embeddings"
    path = folder / f"genevector_{name}_100d.tsv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is absent; name the folder of the cohorts in FE_ANNDATA_DATA")
    expected = pd.read_csv(path, sep="\t", index_col=0)
    holds(fe.io.read_gene_vectors(path), expected.index.tolist(), expected.to_numpy())


def flipped(content):
    content, middle = bytearray(content), len(content) // 2
    content[middle : middle + 8] = bytes(byte ^ 0xFF for byte in content[middle : middle + 8])
    return bytes(content)


def test_files_damaged_in_the_middle(tmp_path):
    lines = "".join(f"g{i} {i / 7} {i / 3}\n" for i in range(3000)).encode()
    with pytest.raises(ValueError, match=r"is a damaged gzip file"):
        read(tmp_path, flipped(gzip.compress(lines)), "v.txt.gz")
    path = tmp_path / "v.npz"
    fe.io.write_gene_vectors(space(np.random.default_rng(0).normal(size=(500, 9))), path)
    whole = path.read_bytes()
    for damaged in (flipped(whole), whole[:-30]):
        with pytest.raises(ValueError, match=r"it is damaged"):
            read(tmp_path, damaged, "v.npz")
    with path.open("wb") as file:
        np.save(file, np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"it is damaged"):
        fe.io.read_gene_vectors(path)


def test_names_of_bytes(tmp_path):
    np.savez(tmp_path / "v.npz", names=np.array([b"HLA-A", b"B"]), vectors=np.ones((2, 2)))
    assert fe.io.read_gene_vectors(tmp_path / "v.npz").var_names.tolist() == ["HLA-A", "B"]


def test_a_missing_value_does_not_shift_the_others(tmp_path):
    with pytest.raises(ValueError, match=r"line 2: .* holds '', which is not a number"):
        read(tmp_path, "gene\td1\td2\nA\t\t2\nB\t\t4\n", "v.tsv")
    with pytest.raises(ValueError, match=r"line 3: .* has 1 values, not 2"):
        read(tmp_path, "gene\td1\td2\nA\t1\t2\nB\t3\t\n", "v.tsv")


@pytest.mark.parametrize("first", ["A x 2", "A 0x1 2", "A 1,5 2"])
def test_a_damaged_first_vector_is_no_header(tmp_path, first):
    with pytest.raises(ValueError, match=r"line 1: .* which is not a number"):
        read(tmp_path, f"{first}\nB 3 4\n")
