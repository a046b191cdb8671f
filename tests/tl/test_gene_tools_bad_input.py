"""What the gene tools refuse."""

from __future__ import annotations

import pytest

import fe_anndata as fe


@pytest.mark.parametrize("function", [fe.tl.similar_genes, fe.pl.similar_genes])
def test_unknown_gene_names_near_ones(trained, function):
    with pytest.raises(KeyError, match=r"'Gene1'.*did you mean 'gene1'"):
        function(trained, "Gene1")
    with pytest.raises(KeyError, match=r"1 of 2 genes.*'nothing'.*there is 'gene1'"):
        function(trained, ["gene1", "nothing"])


def test_unknown_gene_of_a_pair(trained):
    with pytest.raises(KeyError, match="did you mean 'gene2'"):
        fe.tl.gene_similarity(trained, "gene1", "GENE2")
    with pytest.raises(ValueError, match="different"):
        fe.tl.gene_similarity(trained, "gene1", "gene1")


@pytest.mark.parametrize("genes", [[], ()])
def test_no_gene(trained, genes):
    with pytest.raises(ValueError, match="no gene"):
        fe.tl.similar_genes(trained, genes)


def test_number_of_answers(trained):
    with pytest.raises(ValueError, match="at least 1"):
        fe.tl.similar_genes(trained, "gene1", 0)
    with pytest.raises(ValueError, match=r"'cosine'.*'manhattan'"):
        fe.tl.similar_genes(trained, "gene1", metric="manhattan")
