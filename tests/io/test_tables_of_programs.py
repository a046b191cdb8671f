"""Tables as programs of the field write them, and what they hold beside a matrix."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

GENES = ["TP53", "EGFR", "MYC", "CD4", "CD8A", "ACTB"]


def rows(names, values, separator="\t", end=""):
    lines = [separator.join([n, *map(str, v)]) + end for n, v in zip(names, values, strict=True)]
    return "\n".join(lines) + "\n"


@pytest.fixture
def read(tmp_path):
    def of(text, **given):
        (tmp_path / "a.txt").write_text(text)
        return fe.io.read(tmp_path / "a.txt", **given)

    return of


VALUES = [[10.5 * i + j for j in range(3)] for i in range(6)]
X = np.array(VALUES, dtype=np.float32).T


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("above", ["", "end"])
def test_a_separator_at_the_end_of_each_line(read, separator, above):
    header = separator.join(["gene", "S1", "S2", "S3"]) + (separator if above else "") + "\n"
    adata = read(header + rows(GENES, VALUES, separator, separator))
    assert (list(adata.obs_names), list(adata.var_names)) == (["S1", "S2", "S3"], GENES)
    np.testing.assert_array_equal(adata.X, X)


@pytest.mark.parametrize("corner", ["ID_REF", "X", "rowname"])
def test_ids_that_are_numbers_name_the_rows(read, corner):
    header = f"{corner}\tGSM1001\tGSM1002\tGSM1003\n"
    ids = [str(7892501 + 37 * k * k) for k in range(6)]
    adata = read(header + rows(ids, VALUES), orientation="transposed")
    assert list(adata.var_names) == ids
    np.testing.assert_array_equal(adata.X, X)


@pytest.mark.parametrize("corner", ["rowname", "X"])
def test_samples_that_are_numbers_stand_above_genes(read, corner):
    adata = read(f"{corner}\t101\t102\t103\n" + rows(GENES, VALUES))
    assert (list(adata.obs_names), list(adata.var_names)) == (["101", "102", "103"], GENES)


def test_ids_in_the_last_column(read):
    lines = "\n".join("\t".join([*map(str, v), g]) for g, v in zip(GENES, VALUES, strict=True))
    adata = read("SRR387777\tSRR387778\tSRR387779\tgene_id\n" + lines + "\n")
    assert list(adata.var_names) == GENES
    np.testing.assert_array_equal(adata.X, X)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_feature_counts(read, n):
    header = "# Program:featureCounts v2\nGeneid\tChr\tStart\tEnd\tStrand\tLength\t"
    header += "\t".join(f"s{k}.bam" for k in range(n)) + "\n"
    body = [["1;1;1", "5;9;20", "7;11;30", "+;+;+", "900", *range(i, i + n)] for i in range(6)]
    adata = read(header + rows([f"ENSG{k:011d}" for k in range(6)], body))
    assert adata.shape == (n, 6)
    assert list(adata.var.columns) == ["Chr", "Start", "End", "Strand", "Length"]
    assert adata.var["Length"].tolist() == [900] * 6


def test_what_counters_add_is_left_out(read):
    more = rows(["__no_feature", "N_unmapped"], [[5, 6, 7], [1, 2, 3]])
    text = "gene\tS1\tS2\tS3\n" + rows(GENES, VALUES) + more
    with pytest.warns(UserWarning, match="left out __no_feature, N_unmapped"):
        adata = read(text)
    assert list(adata.var_names) == GENES


@pytest.mark.parametrize(
    "columns",
    [["expected_count", "TPM", "FPKM"], ["TPM", "NumReads"], ["eff_length", "est_counts", "tpm"],
     ["baseMean", "log2FoldChange", "padj"], ["TPM"]],
)  # fmt: skip
def test_tables_of_one_sample(read, columns):
    values = [row[: len(columns)] for row in VALUES]
    with pytest.raises(ValueError, match=r"of one sample, or of a test.*TPM, to a table"):
        read("gene_id\t" + "\t".join(columns) + "\n" + rows(GENES, values))


def test_decimal_commas(read):
    body = "".join(f'"{g}";1,5;0,3;2,25\n' for g in GENES)
    with pytest.raises(ValueError, match=r"column 'S1': '1,5' has a comma"):
        read('"";"S1";"S2";"S3"\n' + body)


def test_a_column_of_numbers_and_words(read):
    body = [["ND" if i < 4 else 3.5, 1, 2] for i in range(6)]
    with pytest.raises(ValueError, match=r"column 'S1' holds numbers, such as '3\.5', and .*'ND'"):
        read("gene\tS1\tS2\tS3\n" + rows(GENES, body))


@pytest.mark.parametrize(
    "genes",
    [[f"P0{k}A12" for k in range(4, 9)], [f"20{k}001_s_at" for k in range(5)],
     ["YAL001C", "YAL002W", "YBR003C-A", "YCL004W", "YDR005C"],
     [f"hsa-miR-{k}-5p" for k in range(20, 25)]],
)  # fmt: skip
@pytest.mark.parametrize("samples", [["C1", "C2", "C3", "T1", "T2", "T3"], ["WT1", "WT2", "WT3"]])
def test_short_names_of_samples_are_no_genes(read, genes, samples):
    values = np.arange(len(genes) * len(samples)).reshape(len(genes), -1) + 0.5
    adata = read("\t".join(["id", *samples]) + "\n" + rows(genes, values.tolist()))
    assert list(adata.obs_names) == samples


def test_a_short_panel_of_genes_is_one(read):
    genes = ["CD3E", "CD4", "CD8A", "CD19"]
    adata = read("x\tP1\tP2\tP3\n" + rows(genes, VALUES[:4]))
    assert list(adata.var_names) == genes


def test_lines_of_a_series_matrix(read):
    text = '!Series_title\t"x"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\t"GSM3"\n'
    adata = read(text + rows([f'"{g}"' for g in GENES], VALUES) + "!series_matrix_table_end\n")
    assert list(adata.var_names) == GENES


def test_another_encoding_is_named(tmp_path):
    text = "gene\tS1\tS2\tS3\n" + rows(GENES, VALUES)
    (tmp_path / "a.tsv").write_bytes(text.replace("S3", "größe").encode("latin-1"))
    with pytest.raises(ValueError, match=r"not UTF-8.*Latin-1"):
        fe.io.read(tmp_path / "a.tsv")


@pytest.mark.parametrize("names", [["matrix.mtx.gz", "barcodes.tsv.gz", "genes.tsv.gz"],
                                   ["matrix.mtx", "barcodes.tsv.gz", "features.tsv"]])  # fmt: skip
def test_mixed_files_of_10x(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(b"x\n"))
    with pytest.raises(ValueError, match=r"but no .*Cell Ranger writes .* or .*genes\.tsv"):
        fe.io.read(tmp_path)


def test_a_filtered_frame_of_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(X, columns=GENES).assign(sample_id=["a", "b", "c"], length=[1.0, 2, 3])
    frame.iloc[[2, 0]].to_parquet(tmp_path / "a.parquet")
    adata = fe.io.read(tmp_path / "a.parquet")
    assert list(adata.obs_names) == ["c", "a"]
    assert list(adata.var_names) == GENES
    np.testing.assert_array_equal(adata.X, X[[2, 0]])


def test_sums_of_logarithms_are_warned_of(read):
    names = ["TP53", *GENES[:-1]]
    text = "gene\tS1\tS2\tS3\n" + rows(names, (np.array(VALUES) / 10).round(2).tolist())
    with pytest.warns(UserWarning, match="look like logarithms"):
        read(text, duplicates="sum")
