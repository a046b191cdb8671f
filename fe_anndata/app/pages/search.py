"""The search box: genes, their ids, samples, columns and labels, with near matches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from ..._access.samples import as_categories, is_categorical
from ..._core.gene_names import without_version
from ..asking import Asked
from ..data import Data
from ..site import Site, api

MOST = 12
MANY_LABELS = 500
NEAR_AMONG = 5000
"""Names of about the same length that are looked at for a near match."""


def search(site: Site, asked: Asked) -> dict[str, Any]:
    """Return what a text may mean, the best first."""
    text = asked.text("q", "").strip()
    if not text:
        return {"found": []}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for rank, kind, name, of in _matches(site.data, text):
        known = found.get((kind, name))
        if known is None or rank < known["rank"]:
            found[kind, name] = {"kind": kind, "name": name, "of": of, "rank": rank}
    listed = sorted(found.values(), key=lambda one: (one["rank"], len(one["name"]), one["name"]))
    return {"found": listed[:MOST]}


def _matches(data: Data, text: str) -> Iterator[tuple[int, str, str, str]]:
    """Yield how well something matches (0 best), what it is, its name, and what it is of."""
    any_exact = False
    for kind, name, of, named in _names(data):
        rank = _rank(text, named)
        if rank is not None:
            any_exact |= rank < 3
            yield rank, kind, name, of
    if any_exact:
        return
    short = [
        (named, kind, name, of) for kind, name, of, named in _names(data)
        if abs(len(named) - len(text)) <= 2 and named[:1].casefold() == text[:1].casefold()
    ][:NEAR_AMONG]  # fmt: skip
    folded = {named.casefold(): rest for named, *rest in short}
    for close in get_close_matches(text.casefold(), folded, n=5, cutoff=0.6):
        kind, name, of = folded[close]
        yield 5, kind, name, f"{of}, near {text!r}".lstrip(", ")


def _names(data: Data) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, name, what it is of, and the text by which it is found."""
    adata = data.adata
    shown = adata.var_names if data.own_symbols is None else adata.var[data.own_symbols].astype(str)
    ids: Iterable[Any] = adata.var_names if data.ids is None else data.ids
    for name, var_name, id_ in zip(shown, adata.var_names, ids, strict=True):
        of = "" if id_ == name else str(id_)
        yield "gene", str(name), of, str(name)
        if var_name != name:
            yield "gene", str(name), of, str(var_name)
        if of:
            yield "gene", str(name), of, without_version(of)
    for i, column in enumerate(adata.obs.columns):
        yield "column", str(column), "", str(column)
        values = adata.obs.iloc[:, i]
        if is_categorical(values) and values.nunique() <= MANY_LABELS:
            for label in as_categories(values).categories:
                yield "label", str(label), str(column), str(label)
    for name in adata.obs_names:
        yield "sample", str(name), "", str(name)


def _rank(text: str, name: str) -> int | None:
    if text == name:
        return 0
    folded, given = name.casefold(), without_version(text).casefold()
    if given == folded:
        return 1
    if folded.startswith(given):
        return 2
    return 3 if len(given) > 1 and given in folded else None


ROUTES = [api("/search", search)]
