"""Ten genes, worked by hand, and the ways to name them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import fe_anndata as fe

GENES = {
    "HLA-A": (1, 0),
    "HLA-B": (0, 1),
    "MT-CO1": (3, 4),  # length 5, direction (0.6, 0.8)
    "NKX2-5": (4, 3),
    "TP53": (-1, 0),
    "MDM2": (0, -2),
    "APOE": (5, 12),  # length 13
    "APP": (-3, 4),
    "BRCA1": (2, 0),
    "ZERO": (0, 0),
}
DIAGONAL = 0.5**0.5


@pytest.fixture(params=["dense", "csr"])
def genes(request):
    """Return 0 samples x 12 genes, one without a vector and one with half of one: no training."""
    names = [*GENES, "UNTRAINED", "HALF"]
    vectors = np.array([*GENES.values(), (np.nan, np.nan), (1, np.nan)], dtype=np.float32)
    X = np.zeros((0, 12), dtype=np.float32)
    symbols = ["A", "B", None, "N", "", "TWIN", "TWIN", "A-B", "BRCA1", "Z", "U", "H"]
    return AnnData(
        sparse.csr_matrix(X) if request.param == "csr" else X,
        var=pd.DataFrame({"symbol": symbols}, index=names),
        varm={"fe": vectors, "other": vectors[:, ::-1].copy()},
    )


def test_similar_to_one(genes):
    table = fe.tl.similar_genes(genes, "HLA-A")
    assert table.columns.tolist() == ["gene", "similarity", "rank"]
    expected = {
        "BRCA1": 1.0,  # the same direction
        "NKX2-5": 0.8,
        "MT-CO1": 0.6,
        "APOE": 5 / 13,
        "HLA-B": 0.0,  # at right angles, as MDM2, which comes later
        "MDM2": 0.0,
        "APP": -0.6,
        "TP53": -1.0,  # opposite; ZERO has no direction, UNTRAINED and HALF no vector
    }
    assert dict(zip(table["gene"], table["similarity"], strict=True)) == pytest.approx(expected)
    assert table["gene"].tolist() == list(expected)
    assert table["rank"].tolist() == list(range(1, 9))  # 10 were asked for, there are 8


def test_similar_to_several(genes):
    # The mean of (1, 0) and (0, 1) points along the diagonal: cosines are (x + y) / length / 2^0.5.
    table = fe.tl.similar_genes(genes, ["HLA-A", "HLA-B"])
    assert table["gene"].tolist() == [
        "MT-CO1", "NKX2-5", "APOE", "BRCA1", "APP", "TP53", "MDM2"
    ]  # fmt: skip
    expected = DIAGONAL * np.array([7 / 5, 7 / 5, 17 / 13, 1, 1 / 5, -1, -1])
    np.testing.assert_allclose(table["similarity"], expected)
    # Three of one and one of the other: (0.75, 0.25), or (3, 1) / 10^0.5.
    table = fe.tl.similar_genes(genes, ["HLA-A", "HLA-B"], 2, weights=[3, 1])
    assert table["gene"].tolist() == ["NKX2-5", "BRCA1"]
    np.testing.assert_allclose(table["similarity"], np.array([3.0, 3.0]) / 10**0.5)


def test_similar_to_each(genes):
    table = fe.tl.similar_genes(genes, ["HLA-B", "HLA-A"], 2, pool=False)
    assert table.columns.tolist() == ["query", "gene", "similarity", "rank"]
    assert table["query"].tolist() == ["HLA-B", "HLA-B", "HLA-A", "HLA-A"]
    assert table["gene"].tolist() == ["APOE", "MT-CO1", "BRCA1", "NKX2-5"]  # 12/13 is above 4/5
    assert table["rank"].tolist() == [1, 2, 1, 2]
    assert table.index.tolist() == [0, 1, 2, 3]
    one = fe.tl.similar_genes(genes, "HLA-B", 2, pool=False)
    pd.testing.assert_frame_equal(one, table[:2])


def test_nearest_by_distance(genes):
    table = fe.tl.similar_genes(genes, "HLA-A", 5, metric="euclidean")
    assert table["gene"].tolist() == ["BRCA1", "ZERO", "HLA-B", "TP53", "MDM2"]
    np.testing.assert_allclose(table["similarity"], [-1, -1, -(2**0.5), -2, -(5**0.5)])


def test_similarity_ranks_and_percentiles(genes):
    found = fe.tl.gene_similarity(genes, "HLA-A", "HLA-B")
    # From HLA-A: BRCA1, NKX2-5, MT-CO1, APOE are closer, MDM2 is tied, APP and TP53 are farther.
    # From HLA-B: APOE, MT-CO1, APP, NKX2-5 are closer, TP53 and BRCA1 are tied, MDM2 is farther.
    assert found.similarity == 0
    assert (found.rank_of_b, found.rank_of_a, found.n_genes) == (5, 5, 8)
    assert found.percentile_of_b == pytest.approx(100 * (2 + 1 / 2) / 7)
    assert found.percentile_of_a == pytest.approx(100 * (1 + 2 / 2) / 7)
    best = fe.tl.gene_similarity(genes, "BRCA1", "HLA-A")
    assert best == (1.0, 1, 1, 8, 100.0, 100.0)


# (0.8, 0.6) - (1, 0) + (0, 1) is (-0.2, 1.6), of length 2.6^0.5.
ARITHMETIC = {"APOE": 1.4, "APP": 1.4, "MT-CO1": 1.16, "TP53": 0.2, "BRCA1": -0.2, "MDM2": -1.6}


@pytest.mark.parametrize(
    "expression",
    [
        "NKX2-5 - HLA-A + HLA-B",
        "NKX2-5-HLA-A+HLA-B",
        "-0.5*HLA-A + .5*NKX2-5 + 5e-1 * HLA-B",
        "HLA-A:NKX2-5::HLA-B:?",
    ],
)
def test_arithmetic_and_analogy(genes, expression):
    table = fe.tl.gene_arithmetic(genes, expression)
    assert table["gene"].tolist() == list(ARITHMETIC)
    np.testing.assert_allclose(table["similarity"], np.array(list(ARITHMETIC.values())) / 2.6**0.5)
    assert table["rank"].tolist() == [1, 2, 3, 4, 5, 6]


def test_arithmetic_by_distance_uses_vectors_as_they_are(genes):
    # (0, 2) - (0, -2) + (1, 0) is (1, 4).
    table = fe.tl.gene_arithmetic(genes, "2*HLA-B - MDM2 + HLA-A", 6, metric="euclidean")
    assert table["gene"].tolist() == ["MT-CO1", "NKX2-5", "APP", "BRCA1", "ZERO", "TP53"]
    squares = np.array([4, 10, 16, 17, 17, 20])
    np.testing.assert_allclose(table["similarity"], -(squares**0.5))


def test_another_key(genes):
    # x and y are exchanged.
    assert fe.tl.similar_genes(genes, "HLA-B", 1, key="other")["gene"].tolist() == ["APOE"]
    assert fe.tl.gene_similarity(genes, "HLA-A", "APOE", key="other").similarity == pytest.approx(
        5 / 13
    )
    genes.varm["tilted"] = np.nan_to_num(genes.varm["fe"]) + 1
    assert fe.tl.gene_arithmetic(genes, "HLA-A", 20, key="tilted").shape == (11, 3)


def test_symbols(genes):
    table = fe.tl.similar_genes(genes, "A", 4, gene_symbols="symbol")
    assert table["gene"].tolist() == ["BRCA1", "N", "MT-CO1", "TWIN"]  # MT-CO1 has no symbol
    assert table["id"].tolist() == ["BRCA1", "NKX2-5", "MT-CO1", "APOE"]
    by_id = fe.tl.similar_genes(genes, "HLA-A", 4, gene_symbols="symbol")
    pd.testing.assert_frame_equal(by_id, table)
    assert fe.tl.gene_similarity(genes, "A", "TP53", gene_symbols="symbol").similarity == -1
    assert len(fe.tl.gene_arithmetic(genes, "N - A + B", 3, gene_symbols="symbol")) == 3
    with pytest.raises(ValueError, match=r"'TWIN' is ambiguous.*'MDM2', 'APOE'"):
        fe.tl.similar_genes(genes, "TWIN", gene_symbols="symbol")
    with pytest.raises(ValueError, match=r'"A" - "B" or as "A-B"'):
        fe.tl.gene_arithmetic(genes, "A-B", gene_symbols="symbol")
    with pytest.raises(KeyError, match="did you mean 'symbol'"):
        fe.tl.similar_genes(genes, "A", gene_symbols="symbols")


def test_ensembl_ids_with_and_without_versions():
    names = ["ENSG00000141510.18", "ENSG00000135679", "ENSG00000012048.25"]
    adata = AnnData(np.zeros((0, 3)), var=pd.DataFrame(index=names), varm={"fe": np.eye(3)})
    table = fe.tl.similar_genes(adata, ["ENSG00000141510", "ENSG00000135679.9"])
    assert table["gene"].tolist() == ["ENSG00000012048.25"]
    assert len(fe.tl.gene_arithmetic(adata, "ENSG00000141510-ENSG00000135679.4")) == 1


@pytest.mark.parametrize("gene", ["UNTRAINED", "HALF"])
def test_genes_without_vectors_are_unknown(genes, gene):
    for ask in (
        lambda: fe.tl.similar_genes(genes, gene),
        lambda: fe.tl.gene_similarity(genes, "HLA-A", gene),
        lambda: fe.tl.gene_arithmetic(genes, f"HLA-A + {gene}"),
    ):
        with pytest.raises(KeyError, match=gene):
            ask()


def test_bad_input(genes):
    with pytest.raises(ValueError, match="are zero: 'ZERO'"):
        fe.tl.similar_genes(genes, "ZERO")
    with pytest.raises(KeyError, match=r"2 of 3.*'hla-a'.*\(case matters\).*'NO'"):
        fe.tl.similar_genes(genes, ["hla-a", "NO", "APP"], pool=False)
    with pytest.raises(ValueError, match="add up to zero"):
        fe.tl.similar_genes(genes, ["HLA-A", "TP53"])
    with pytest.raises(ValueError, match="add up to zero"):
        fe.tl.gene_arithmetic(genes, "HLA-A + TP53")
    with pytest.raises(ValueError, match=r"character 9.*\n.*\n {10}\^$"):
        fe.tl.gene_arithmetic(genes, "HLA-A + ")
    with pytest.raises(ValueError, match="pool=False"):
        fe.tl.similar_genes(genes, ["HLA-A", "APP"], weights=[1, 2], pool=False)
    for empty in ("", []):
        with pytest.raises(ValueError, match=r"empty|no gene"):
            fe.tl.similar_genes(genes, empty, pool=False)
    genes.varm["fe"] = genes.varm["fe"].copy()
    genes.varm["fe"][3] = np.inf
    with pytest.raises(ValueError, match=r"1 gene vectors hold NaN, infinite.*'NKX2-5'"):
        fe.tl.similar_genes(genes, "APP")
    genes.var_names = ["HLA-A", *genes.var_names[:-1]]
    with pytest.raises(ValueError, match="not unique"):
        fe.tl.similar_genes(genes, "APP")


def test_messages_name_the_cause(genes):
    with pytest.raises(KeyError, match=r"'UNTRAINED': it has no vector.*not trained"):
        fe.tl.similar_genes(genes, ["HLA-A", "UNTRAINED"])
    with pytest.raises(KeyError, match=r"'U': it has no vector"):
        fe.tl.similar_genes(genes, "U", gene_symbols="symbol")
    for wrong in (None, 5):
        with pytest.raises(TypeError, match=r"a gene name or a list of them"):
            fe.tl.similar_genes(genes, wrong)
    with pytest.raises(TypeError, match=r"n must be a whole number, not True"):
        fe.tl.similar_genes(genes, "HLA-A", True)
    with pytest.raises(TypeError, match=r"n_neighbors must be a whole number, not 2\.5"):
        fe.tl.gene_neighbors(genes, 2.5)
    with pytest.raises(TypeError, match=r"k must be a whole number, not 2\.5"):
        fe.tl.compare_gene_spaces(genes, genes, k=2.5)
    pairs = pd.DataFrame({"human": list(GENES), "mouse": list(GENES)})
    for name in ("folds", "csls", "refine"):
        with pytest.raises(TypeError, match=f"{name} must be a whole number"):
            fe.tl.align_gene_spaces(genes, genes, pairs, **{name: 2.5})
    with pytest.raises(ValueError, match=r"character 9: this number is too large"):
        fe.tl.gene_arithmetic(genes, "HLA-A + 1e400*TP53")
    genes.varm["other"] = sparse.csr_matrix(np.ones((12, 2)))
    with pytest.raises(TypeError, match=r"must be a dense array of numbers.*csr_matrix"):
        fe.tl.similar_genes(genes, "HLA-A", key="other")
