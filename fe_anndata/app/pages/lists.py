"""Lists: how coherent lists of genes are, their similarities, and where they lie."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.errors import near
from ...genespace import GeneSpace
from ...genespace.pairwise import by_likeness, pairwise
from ...io import read_gmt
from ...pl._colors import new_colors
from ...pl._plane import METHODS
from ...tl import set_coherence
from ..asking import Asked, table_of, without_folder
from ..data import Data
from ..site import Site, api
from .genes import _flat, known, space_of, words

MOST_LISTS, MOST_GENES, MOST_IN_MATRIX = 200, 5000, 120


def parsed(text: str) -> dict[str, list[str]]:
    """Return the lists of genes in a text, by name.

    It may be a .gmt file (tabs), lists in lines ("globins: HBA1, HBB"), or one gene in each line,
    which is one list.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("paste a list of genes, such as: B cells: CD79A, CD79B, MS4A1")
    if any(line.count("\t") >= 2 for line in lines):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lists.gmt"
            path.write_text("\n".join(lines), encoding="utf-8")
            with without_folder(folder):
                return read_gmt(path)
    found: dict[str, list[str]] = {}
    alone: list[str] = []
    for line in lines:
        name, colon, rest = line.partition(": ") if ": " in line else line.partition(":\t")
        genes = [gene for gene in re.split(r"[\s,;]+", rest if colon else line) if gene]
        if colon:
            found.setdefault(name.strip(), []).extend(genes)
        elif len(genes) == 1:
            alone += genes
        else:
            found[f"list {len(found) + 1}"] = genes
    if alone:
        found[f"list {len(found) + 1}"] = alone
    return {name: list(dict.fromkeys(genes)) for name, genes in found.items() if genes}


def gene_lists(site: Site, asked: Asked) -> dict[str, Any]:
    """Return of each list its known and unknown genes and its coherence; a matrix; and a map."""
    space, key, symbols = space_of(site, asked)
    text = asked.given.get("text")
    if not isinstance(text, str):
        raise ValueError("text is missing.")
    given = parsed(text)
    if len(given) > MOST_LISTS or sum(map(len, given.values())) > MOST_GENES:
        raise ValueError(f"{MOST_LISTS} lists and {MOST_GENES:,} genes are the most.")
    lists = {name: _known(genes, space, site.data) for name, genes in given.items()}
    colors = new_colors("lists", list(lists))
    told = [
        {"name": name, "color": color, "known": list(of), "unknown": unknown}
        for (name, (of, unknown)), color in zip(lists.items(), colors, strict=True)
    ]
    usable = {name: of for name, (of, _) in lists.items() if of}
    if not usable:
        raise KeyError(f"none of these genes is known. {_hints(told)}")
    result: dict[str, Any] = {
        "lists": told,
        "python": [
            site.data.opening,
            f"lists = { {name: list(of) for name, of in usable.items()}!r}",
        ],
    }
    result |= _coherence(site, usable, key, space)
    result |= _picture(asked, space, usable, key, symbols, result["python"])
    return result


def _known(
    genes: list[str], space: GeneSpace, data: Data
) -> tuple[dict[str, int], list[list[str]]]:
    """Return known genes with their positions, and unknown ones with what may be meant."""
    found: dict[str, int] = {}
    unknown: list[list[str]] = []
    for gene in genes:
        at = space.table.find(known(gene, space, data))
        if len(at) == 1 and space.norms[at[0]] > 0:
            found[str(space.names[at[0]])] = at[0]
        else:
            hint = "several genes have this name" if at else space.table.hint(gene)
            unknown.append([gene, hint if len(unknown) < 20 else ""])
    return found, unknown


def _hints(told: list[dict[str, Any]]) -> str:
    unknown = [one for of in told for one in of["unknown"]]
    return "; ".join(f"{gene!r}: {hint}" for gene, hint in unknown[:3])


def _coherence(
    site: Site, lists: dict[str, dict[str, int]], key: str, space: GeneSpace
) -> dict[str, Any]:
    """Return how similar the genes of each list are, compared with random lists of all genes."""
    large = {name: list(of) for name, of in lists.items() if len(of) > 1}
    if not large:
        return {"coherence": None}
    sets = {
        name: [_var_name(space, gene, at) for gene, at in lists[name].items()] for name in large
    }
    universe = list(space.names if space.ids is None else space.ids)
    if len(set(universe)) < len(universe):
        return {"coherence": None}
    table = set_coherence(
        site.data.adata, sets, universe=universe, key=key, min_genes=2, n_random=1000
    )
    given = "" if key == "fe" else f", key={key!r}"
    trained = f"fe.get.gene_embedding(adata{given}).dropna().index"
    python = f"fe.tl.set_coherence(adata, {sets!r}, universe=list({trained}), min_genes=2{given})"
    table = table.drop(columns=["collection", "n_given"]).rename(columns={"property": "list"})
    return {"coherence": table_of(table), "coherence_python": python}


def _var_name(space: GeneSpace, name: str, at: int) -> str:
    return name if space.ids is None else str(space.ids[at])


def _picture(
    asked: Asked, space: GeneSpace, lists: dict[str, dict[str, int]], key: str,
    symbols: str | None, python: list[str],
) -> dict[str, Any]:  # fmt: skip
    """Return the map and the matrix of all genes."""
    method = asked.choice("method", tuple(METHODS))
    given = words(key, symbols)
    genes = list(dict.fromkeys(gene for of in lists.values() for gene in of))
    found: dict[str, Any] = {"genes": genes}
    positions, vectors = space.chosen(genes)
    found["genes"] = [str(space.names[i]) for i in positions]
    if len(genes) > 1:
        points, axes = _flat(vectors, method)
        within = [set(of.values()) for of in lists.values()]
        members = [[j for j, of in enumerate(within) if i in of] for i in positions]
        found |= {"points": points, "axes": list(axes), "members": members, "names": list(lists)}
        python.append(f"fe.pl.gene_lists(adata, lists, method={method!r}{given})")
    if 1 < len(genes) <= MOST_IN_MATRIX:
        values = pairwise(vectors, "cosine")
        order = by_likeness(values)
        found["matrix"] = {"genes": [found["genes"][i] for i in order],
                           "values": np.round(values[np.ix_(order, order)], 4)}  # fmt: skip
        python.append(
            f"fe.pl.gene_similarity_matrix(adata, sum(map(list, lists.values()), []){given})"
        )
    return found


def suggestions(site: Site, asked: Asked) -> dict[str, Any]:
    """Return what an unknown gene may have meant."""
    space, _, _ = space_of(site, asked)
    gene = asked.text("gene")
    return {"hint": near(gene, space.names)}


ROUTES = [api("/lists", gene_lists, "POST"), api("/lists/near", suggestions)]
