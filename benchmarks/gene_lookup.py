"""Look-ups in a space of gene vectors: one query, all pairs, and a loop of cosines in Python.

The first query of a space also makes its tables of names and unit vectors; the later ones, of
which the median is given, use them. The loop calls `scipy.spatial.distance.cosine` once per gene
and sorts what it returns, as a web application for such vectors does at each click. What the time
depends on is the size alone: the vectors are drawn at random.

    python -m benchmarks.gene_lookup [--rounds N]
    python -m benchmarks.gene_lookup --tiny    # only to see that it runs
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial.distance import cosine

from benchmarks import report
from benchmarks.report import seconds
from fe_anndata.genespace import GeneSpace

LARGE, APP = (60_000, 200), (31_000, 200)
TINY = (300, 10)
N = 20
QUERIES = 101
LIMITS = {"query": 0.010, "all pairs": 120.0}


def space(n_genes: int, dim: int) -> GeneSpace:
    """Return random vectors with names."""
    vectors = np.random.default_rng(0).normal(size=(n_genes, dim)).astype(np.float32)
    return GeneSpace(pd.Index([f"gene{i}" for i in range(n_genes)]), vectors)


def loop(genes: GeneSpace, query: int) -> list[str]:
    """Return the genes nearest to one, as a loop over all of them finds them."""
    found = []
    for i, name in enumerate(genes.names):
        if i != query:
            found.append((name, 1 - cosine(genes.vectors[query], genes.vectors[i])))
    found.sort(key=lambda pair: pair[1], reverse=True)
    return [name for name, _ in found[:N]]


def query(genes: GeneSpace, i: int) -> list[str]:
    return genes.similar([f"gene{i}"], N)["gene"].tolist()


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gene_lookup", __doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of the loop and of all pairs")
    options = parser.parse_args(arguments)
    large, small = (space(*(TINY if options.tiny else size)) for size in (LARGE, APP))
    first = seconds(lambda: query(large, 0))
    later = [seconds(lambda i=i: query(large, i)) for i in range(QUERIES)]
    pair = [seconds(lambda i=i: large.similarity("gene0", f"gene{i + 1}")) for i in range(QUERIES)]
    pairs = [seconds(lambda: large.neighbours(N)) for _ in range(options.rounds)]
    query(small, 0)
    if query(small, 1) != loop(small, 1):
        raise AssertionError("the loop finds other genes")
    looped = float(np.median([seconds(lambda: loop(small, 2)) for _ in range(options.rounds)]))
    ours = float(np.median([seconds(lambda i=i: query(small, i)) for i in range(QUERIES)]))

    def row(genes: GeneSpace, what: str, took: float, limit: float = np.nan) -> dict[str, object]:
        size = "{} x {}".format(*genes.vectors.shape)
        return {"genes": size, "what": what, "milliseconds": 1000 * took, "limit": 1000 * limit}

    table = pd.DataFrame(
        [
            row(large, f"first query, top {N}", first),
            row(large, f"query, top {N}, median", float(np.median(later)), LIMITS["query"]),
            row(large, "similarity of a pair, with ranks, median", float(np.median(pair))),
            row(large, f"all pairs, top {N}, median", float(np.median(pairs)), LIMITS["all pairs"]),
            row(small, f"query, top {N}, median", ours, looped / 100),
            row(small, "loop of scipy cosines, median", looped),
        ]
    ).assign(ratio=[np.nan] * 4 + [looped / ours, 1.0])
    report.publish(
        options,
        table,
        f"look-ups of genes; ratio: the time of the loop divided by this ({options.rounds} rounds "
        f"of the loop and of all pairs, {QUERIES} queries)",
        decoder=report.NO_MODEL,
    )


if __name__ == "__main__":
    main()
