"""From what a user types to the genes of a space; case is never changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .._core.errors import near

_ENSEMBL = re.compile(r"(ENS[A-Z]*\d{11})\.\d+(_PAR_Y)?")
"""An Ensembl id with its version, which says nothing about which gene it is."""

SHOWN = 10
"""How many names a message lists at most."""


def without_version(name: str) -> str:
    """Return an Ensembl id without its version, and any other name as it is."""
    found = _ENSEMBL.fullmatch(name)
    return f"{found[1]}{found[2] or ''}" if found else name


def examples(names: pd.Index) -> str:
    """Return the first few names for a message."""
    return ", ".join(map(repr, names[:3])) or "none"


@dataclass(frozen=True)
class NameTable:
    """Where names are; its tables are built when they are first needed.

    A name stands for the genes that bear it as it is. If there is none, it is looked for among
    the `ids`; and an Ensembl id, with version or without, among those without their versions.

    Parameters
    ----------
    names
        Of all genes, in their order. A name may repeat: it is an error only when asked for.
    ids
        Other names of the same genes, all different, or None.
    without
        Names of genes that have no vector, for messages, or None.
    """

    names: pd.Index
    ids: pd.Index | None = None
    without: pd.Index | None = None

    def find(self, name: str) -> list[int]:
        """Return where `name` is: nowhere, at one place, or at several."""
        for tables in self._tables:
            if name in tables.exact:
                return tables.exact[name]
        bare = without_version(name)
        if bare.startswith("ENS"):
            for tables in self._tables:
                if bare in tables.unversioned:
                    return tables.unversioned[bare]
        return []

    def positions(self, genes: Sequence[str]) -> np.ndarray:
        """Return where `genes` are, int64 (len(genes),).

        Raises
        ------
        KeyError
            If some are unknown: they are listed, the first with near names.
        ValueError
            If there is none, one is empty, or one is ambiguous.
        TypeError
            If one is not a string.
        """
        if isinstance(genes, str):
            raise TypeError(f"give a list of gene names, such as [{genes!r}].")
        if len(genes) == 0:
            raise ValueError("no gene was given.")
        for gene in genes:
            require_name(gene)
        found = [self.find(gene) for gene in genes]
        unknown = list(dict.fromkeys(g for g, at in zip(genes, found, strict=True) if not at))
        if unknown:
            raise KeyError(self._unknown(unknown, len(genes)))
        for gene, at in zip(genes, found, strict=True):
            if len(at) > 1:
                raise ValueError(self._ambiguous(gene, at))
        return np.array([at[0] for at in found], dtype=np.int64)

    def hint(self, gene: str) -> str:
        """Return what may have been meant by an unknown name."""
        if self.without is not None and gene in self.without:
            return "it has no vector, as a gene that was not trained on"
        folded = gene.casefold()
        other = next((name for name in self.names if name.casefold() == folded), None)
        if other is not None:
            return f"did you mean {other!r}? (case matters)"
        return near(gene, self.names)

    @cached_property
    def _tables(self) -> list[_Places]:
        return [_Places(names) for names in (self.names, self.ids) if names is not None]

    def _unknown(self, unknown: list[str], asked: int) -> str:
        hints = "; ".join(f"{gene!r}: {self.hint(gene)}" for gene in unknown[:3])
        others = unknown[3:SHOWN]
        more = f" Also unknown: {', '.join(map(repr, others))}" if others else ""
        rest = len(unknown) - 3 - len(others)
        more += f" and {rest} more." if rest > 0 else "." if others else ""
        return f"{len(unknown)} of {asked} genes are not in the space. {hints}{more}"

    def _ambiguous(self, gene: str, at: list[int]) -> str:
        start = f"{gene!r} is ambiguous: {len(at)} genes have this name"
        names = self.names if self.ids is None else self.ids
        shown = list(dict.fromkeys(str(names[i]) for i in at))[:SHOWN]
        if shown == [gene]:
            return f"{start}; give them different names."
        return f"{start}. Give one of {', '.join(map(repr, shown))}."


class _Places:
    """Where each name is, as it stands and without versions."""

    def __init__(self, names: pd.Index) -> None:
        self._names = names

    @cached_property
    def exact(self) -> _Lists:
        return _Lists(self._names.tolist())

    @cached_property
    def unversioned(self) -> _Lists:
        return _Lists([without_version(name) for name in self._names])


class _Lists:
    """The places of every name; a list for each would take many times as long to make."""

    def __init__(self, names: list[str]) -> None:
        self._one = dict(zip(names, range(len(names)), strict=True))
        self._many: dict[str, list[int]] = {}
        if len(self._one) < len(names):
            repeated = {name for i, name in enumerate(names) if self._one[name] != i}
            for i, name in enumerate(names):
                if name in repeated:
                    self._many.setdefault(name, []).append(i)

    def __contains__(self, name: str) -> bool:
        return name in self._one

    def __getitem__(self, name: str) -> list[int]:
        return self._many.get(name) or [self._one[name]]


def require_name(gene: object) -> None:
    """Raise TypeError if a name is no string, ValueError if it is empty."""
    if not isinstance(gene, str):
        raise TypeError(f"a gene name must be a string, not {gene!r}.")
    if not gene.strip():
        raise ValueError("a gene name is empty.")
