"""Gene names: which genes a typed name stands for. Case is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .._core.errors import near
from .._core.gene_names import is_id, without_version, without_versions

SHOWN = 10
"""The most names that a message lists."""


def examples(names: pd.Index) -> str:
    """Return the first few names for a message."""
    return ", ".join(map(repr, names[:3])) or "none"


@dataclass(frozen=True)
class NameTable:
    """The positions of names; its look-up tables are built when they are first needed.

    A name stands for the genes with exactly this name or, if there is none, for the gene with this
    id. If that fails too, an Ensembl or RefSeq id is compared without versions, as
    :func:`fe_anndata._core.gene_names.match` compares two lists.

    Parameters
    ----------
    names
        Names of all genes, in their order. A name may repeat; looking it up is then an error.
    ids
        Second names of the same genes, all different, or None.
    without
        Names of genes that have no vector, for error messages, or None.
    """

    names: pd.Index
    ids: pd.Index | None = None
    without: pd.Index | None = None

    def find(self, name: str) -> list[int]:
        """Return the positions of `name`: none, one or several."""
        for tables in self._tables:
            if name in tables.exact:
                return tables.exact[name]
        bare = without_version(name)
        if is_id(bare):
            for tables in self._tables:
                if bare in tables.unversioned:
                    return tables.unversioned[bare]
        return []

    def positions(self, genes: Sequence[str]) -> np.ndarray:
        """Return the positions of `genes`, int64 (len(genes),).

        Raises
        ------
        KeyError
            If names are unknown; all are listed, and for the first ones similar names are offered.
        ValueError
            If no gene is given, or a name is empty or ambiguous.
        TypeError
            If a name is not a string.
        """
        if isinstance(genes, str):
            raise TypeError(f"give a list of gene names, such as [{genes!r}].")
        if len(genes) == 0:
            raise ValueError("no gene was given.")
        for gene in genes:
            require_name(gene)
        found = [self.find(gene) for gene in genes]
        unknown = list(dict.fromkeys(gene for gene, p in zip(genes, found, strict=True) if not p))
        if unknown:
            raise KeyError(self._unknown(unknown, len(genes)))
        for gene, positions in zip(genes, found, strict=True):
            if len(positions) > 1:
                raise ValueError(self._ambiguous(gene, positions))
        return np.array([positions[0] for positions in found], dtype=np.int64)

    def hint(self, gene: str) -> str:
        """Return the end of a message that says what an unknown name may have meant."""
        if self.without is not None and NameTable(self.without).find(gene):
            return (
                "it has no vector, because it was not trained on; genes in adata.raw alone never "
                "are"
            )
        folded = without_version(gene.upper()).casefold()
        meant = self._folded.get(gene.casefold()) or self._folded.get(folded)
        if meant is not None:
            return f"did you mean {meant!r}? (case matters)"
        bare = without_version(gene)
        if not is_id(bare):
            return near(gene, self.names)
        # Ids that differ in a digit are not alike; those of a pair on X and Y are.
        stem = bare.removesuffix("_PAR_Y")
        partner = next((name for name in self.names if name.startswith(stem)), None)
        return near("", self.names) if partner is None else f"did you mean {partner!r}?"

    @cached_property
    def _folded(self) -> dict[str, str]:
        names = [*self.names, *without_versions(self.names)]
        pairs = zip(reversed(names), reversed([*self.names] * 2), strict=True)
        return {name.casefold(): meant for name, meant in pairs}

    @cached_property
    def _tables(self) -> list[_Places]:
        return [_Places(names) for names in (self.names, self.ids) if names is not None]

    def _unknown(self, unknown: list[str], asked: int) -> str:
        hints = "; ".join(f"{gene!r}: {self.hint(gene)}" for gene in unknown[:3])
        listed = unknown[3:SHOWN]
        more = f" Also unknown: {', '.join(map(repr, listed))}" if listed else ""
        n_unlisted = len(unknown) - 3 - len(listed)
        more += f" and {n_unlisted} more." if n_unlisted > 0 else "." if listed else ""
        return f"{len(unknown)} of {asked} genes are not in the space. {hints}{more}"

    def _ambiguous(self, gene: str, positions: list[int]) -> str:
        start = f"{gene!r} is ambiguous: {len(positions)} genes have this name"
        names = self.names if self.ids is None else self.ids
        shown = list(dict.fromkeys(str(names[i]) for i in positions))[:SHOWN]
        if shown == [gene]:
            return f"{start}; give them different names."
        return f"{start}. Give one of {', '.join(map(repr, shown))}."


class _Places:
    """The positions of each name, as it is written and without versions."""

    def __init__(self, names: pd.Index) -> None:
        self._names = names

    @cached_property
    def exact(self) -> _Lists:
        return _Lists(self._names.tolist())

    @cached_property
    def unversioned(self) -> _Lists:
        return _Lists(without_versions(self._names))


class _Lists:
    """The positions of every name. A list per name would take many times as long to make."""

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
    """Raise TypeError if a name is not a string, ValueError if it is empty."""
    if not isinstance(gene, str):
        raise TypeError(f"a gene name must be a string, not {gene!r}.")
    if not gene.strip():
        raise ValueError("a gene name is empty.")
