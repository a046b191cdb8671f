"""The endpoints of the pages, each page in a file of its own."""

from __future__ import annotations

from . import (
    calculator,
    generate,
    genes,
    home,
    lists,
    model,
    new_samples,
    properties,
    samples,
    search,
    sets,
)

ROUTES = [
    route
    for page in (home, search, samples, sets, new_samples, genes, calculator, lists, properties,
                 generate, model)
    for route in page.ROUTES
]  # fmt: skip
