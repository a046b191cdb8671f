"""What latent vectors take of the genes of samples, read by blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import near, require_key
from ..kernels.device import compute
from ..kernels.workers import workers
from ..matrix.rows import Rows
from ..models.trained import Trained
from .gene_ids import align_genes
from .genes import as_list
from .inputs import matrix, require_anndata, rows_of
from .reference import reference_of
from .results import require_trained, trained_model


@dataclass(frozen=True)
class Attended:
    """Samples of an AnnData, ready to be looked at by a model.

    Attributes
    ----------
    model
        Trained.
    known
        Which of its genes are there.
    columns
        Where these stand in the AnnData.
    rows
        The matrix of the samples and these genes.
    """

    model: Trained
    known: np.ndarray
    columns: np.ndarray
    rows: Rows

    def each(self, samples: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield some samples in rising order, each with its genes and their weights.

        A gene is its place among `columns`; weights are float32 (genes, latents).
        """
        place = np.full(len(self.model.genes()), -1)
        place[self.known] = np.arange(len(self.known))
        wanted = np.zeros(self.rows.shape[0], dtype=bool)
        wanted[samples] = True
        with workers(compute("cpu").threads):
            for part, block in self.rows.blocks(self.model.rows_at_a_time):
                here = np.flatnonzero(wanted[part])
                if not len(here):
                    continue
                X = block[here] if isinstance(block, np.ndarray) else block[here].toarray()
                found = self.model.attention(X, self.known)
                for i, (genes, weights) in zip(here, found, strict=True):
                    yield part.start + int(i), place[genes], weights


def attended(
    adata: AnnData, key: str, reference: AnnData | str | Path | None, layer: str | None
) -> Attended:
    """Return the samples of an AnnData that was trained, or of new ones with a reference.

    Raises
    ------
    KeyError, ValueError, TypeError
        If there is no model or no such layer, or no gene is in common.
    """
    require_anndata(adata)
    if reference is None:
        stored = require_trained(adata, key)
        model, trained = trained_model(adata, key)
        known, columns = np.arange(int(trained.sum())), np.flatnonzero(trained)
        layer = stored["params"]["layer"] if layer is None else layer
        normalize = stored["params"]["normalize"]
    else:
        learned = reference_of(reference, key)
        alignment = align_genes(learned.var, adata.var)
        model, known, columns = learned.model, alignment.known, alignment.columns
        normalize = learned.normalize
    return Attended(model, known, columns, rows_of(matrix(adata, layer, normalize), columns))


def positions(asked: str | Sequence[str], names: pd.Index, what: str) -> np.ndarray:
    """Return where some names stand, in their order; messages call each `what`.

    Raises
    ------
    KeyError
        If there is no such name.
    ValueError
        If nothing is asked for, or a name is there several times.
    """
    if not isinstance(asked, Iterable):
        raise TypeError(f"each {what} is asked for by name, one or a list of them, not {asked!r}.")
    wanted = as_list(asked)
    if not wanted:
        raise ValueError(f"no {what} is named: {near('', names)}")
    for name in wanted:
        require_key(name, names, what)
        if (names == name).sum() > 1:
            raise ValueError(f"several are named {name!r}: make the names of each {what} unique.")
    # Others may be there several times, which get_indexer would refuse.
    return np.array([names.get_loc(name) for name in wanted])
