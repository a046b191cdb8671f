"""Calculator: a is to b as c is to what, and any signed sum of genes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...genespace.topk import METRICS
from ...pl._plane import around
from ...pl.gene_arithmetic import solved
from ..asking import Asked, table_of
from ..site import Site, api
from .genes import space_of, words

MOST, DRAWN = 200, 20


def calculate(site: Site, asked: Asked) -> dict[str, Any]:
    """Return the genes nearest to a sum, and a plane that keeps all distances from the sum."""
    space, key, symbols = space_of(site, asked)
    expression = asked.text("expression").strip()
    n, metric = asked.whole("n", 10, 1, MOST), asked.choice("metric", METRICS)
    drawn = asked.whole("drawn", 3, 1, DRAWN)
    table = space.arithmetic(expression, n, metric)
    found = solved(space, expression, min(drawn, n), metric)
    seen = around(found.vectors, found.total)
    analogy = found.analogy
    weights = [float(weight) for weight in found.weights]
    given = f"adata, {expression!r}"
    return {
        "table": table_of(table), "genes": found.genes, "weights": weights,
        "similarities": found.similarities, "points": seen.points, "kept": seen.kept,
        "arrows": [] if analogy is None else [[analogy[0], analogy[1]], [analogy[2], 3]],
        "says": _said(found.genes, analogy, weights, table["gene"].iloc[0] if len(table) else "?"),
        "length": float(np.linalg.norm(found.total)),
        "python": [
            site.data.opening,
            f"fe.tl.gene_arithmetic({given}, {n}{words(key, symbols, metric)})",
            f"fe.pl.gene_arithmetic({given}, {drawn}{words(key, symbols, metric)})",
        ],
    }  # fmt: skip


def _said(
    genes: list[str], analogy: tuple[int, int, int] | None, weights: list[float], best: str
) -> str:
    """Return in words what was asked and answered."""
    if analogy is not None:
        a, b, c = (genes[i] for i in analogy)
        return f"{a} is to {b} as {c} is to {best}: the gene nearest to {b} - {a} + {c}."
    terms = " ".join(
        f"{'+' if weight > 0 else '-'} {f'{abs(weight):g} * ' * (abs(weight) != 1)}{gene}"
        for gene, weight in zip(genes, weights, strict=False)
    ).removeprefix("+ ")
    return f"The gene nearest to {terms} is {best}."


ROUTES = [api("/calculator", calculate)]
