"""New samples for a trained model: aligned by gene, checked, and read by parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .._core.errors import require_choice
from ..matrix.align import Alignment
from ..matrix.findings import Findings
from ..matrix.normalize import STEPS, Normalize
from ..matrix.rows import Rows
from ..matrix.trainable import (
    infinite_values,
    place,
    require_one_unit,
    too_large,
    too_large_values,
    warn_of_sentinel,
)
from ..matrix.values import Values
from .batches import NewBatches
from .files import Source
from .gene_ids import align_genes, require_overlap
from .inputs import rows_of, stored
from .reference import Reference
from .same_unit import SOME, FirstRows, covered_share, require_same_unit


class NewSamples:
    """A matrix of new samples, in memory or in a file.

    Its values are checked as a whole: of a matrix in memory at once, of another while it is read.

    Parameters
    ----------
    rows
        The matrix.
    alignment
        Where the trained genes are.
    reference
        The model that they are for.
    names
        Of the samples and of all genes, for messages.
    batches
        Of the samples, if the model was trained with batches.
    first
        Some of the samples as they are stored.
    normalize
        The name of the step that all of them go through.
    """

    def __init__(
        self,
        rows: Rows,
        alignment: Alignment,
        reference: Reference,
        names: tuple[pd.Index, pd.Index],
        batches: NewBatches | None,
        first: FirstRows,
        normalize: str | None,
    ) -> None:
        self.rows, self.alignment, self.reference = rows, alignment, reference
        self.batches, self.first, self.normalize = batches, first, normalize
        self._samples, self._genes = names
        self._unchecked = True
        if rows.whole is not None:
            found = Findings(len(alignment.columns))
            for part, block in rows.blocks():
                self._add(found, part.start, self._aligned(block))
            self._check(found)

    def names(self, row: int, column: int) -> tuple[str, str]:
        """Return the names of a sample, and of a gene by its number among those shared."""
        return self._samples[row], self._genes[self.alignment.columns[column]]

    def blocks(self, n: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield `n` rows at a time, genes in the order of the training; only zeros become NaN.

        Raises
        ------
        ValueError
            At the end, if the values as a whole are in another unit than those trained on.
        """
        found = Findings(len(self.alignment.columns)) if self._unchecked else None
        for part, values in self.rows.blocks(n):
            dense = values.toarray() if sparse.issparse(values) else values
            block = self._aligned(dense)
            if found is not None:
                self._add(found, part.start, block)
            empty = ~block.any(axis=1)
            if empty.any():
                block = block.copy()
                block[empty] = np.nan
            yield part, block
        if found is not None:
            self._check(found)

    def _aligned(self, block: Values) -> Values:
        return self.alignment.columns_of(block)

    def _add(self, found: Findings, first: int, block: Values) -> None:
        """Take note of some rows; one of zeros alone has no value, and counts for nothing."""
        found.add(first, block)
        n_empty = (
            len(block) - np.count_nonzero(block.any(axis=1))
            if isinstance(block, np.ndarray)
            else _n_empty(block)
        )
        found.observed -= n_empty
        if found.extremes.infinite or found.extremes.too_large:
            self._refuse(found)

    def _refuse(self, found: Findings) -> None:
        """Raise ValueError for a value that is infinite or too large."""
        rows = self.rows.columns_at(self.alignment.columns)
        genes = self._genes[self.alignment.columns]
        if found.extremes.infinite:
            where = place(rows, np.isinf, genes, self._samples)
            raise infinite_values("the new samples hold", where)
        where = place(rows, too_large, genes, self._samples)
        raise too_large_values(found.extremes, where)

    def _check(self, found: Findings) -> None:
        require_one_unit(found.mixed, self._samples)
        values = found.sums, found.observed, found.extremes.counts
        require_same_unit(*values, self.reference, self.alignment, self.first.cure)
        warn_of_sentinel(found.extremes)
        self._unchecked = False


def _n_empty(block: Values) -> int:
    """Return how many rows of a CSR matrix hold nothing but zeros."""
    stored = np.concatenate([[0], np.cumsum(block.data != 0)])
    return int(np.count_nonzero(stored[block.indptr[1:]] == stored[block.indptr[:-1]]))


def new_samples(
    source: Source,
    reference: Reference,
    layer: str | None,
    normalize: Normalize = "auto",
    new_batches: str = "mean",
    min_overlap: float | None = None,
) -> NewSamples:
    """Return the new samples, checked against the reference; warn if few genes are shared.

    Batches that were not trained on are taken for the mean of the others, or are to be estimated.

    Raises
    ------
    ValueError, KeyError
        If too few genes are in common, or the values are counts or on another scale.
    """
    adata = source.adata
    if adata.n_obs == 0:
        raise ValueError("there is no sample to place: adata has no rows.")
    require_choice(normalize, ["auto", *STEPS, None], "normalize")
    _require_samples_are_rows(adata, reference)
    alignment = align_genes(reference.var, adata.var)
    require_overlap(len(alignment.known), reference.genes, adata.var_names, min_overlap)
    require_choice(new_batches, ("mean", "estimate"), "new_batches")
    if new_batches == "estimate" and not (reference.batches and reference.model.batches_add):
        raise ValueError(
            "new_batches='estimate' needs a model of factorized embeddings that was trained with "
            "batch_key; leave it out."
        )
    batches = None
    if reference.batches is not None:
        batches = NewBatches.of(
            adata.obs,
            reference.batches,
            estimated=new_batches == "estimate",
            estimable=reference.model.batches_add,
        )
    values = stored(source, layer)
    rows = rows_of(values)
    first = FirstRows(rows.read(slice(0, min(SOME, adata.n_obs))), reference, alignment)
    chosen = first.chosen(normalize)
    if normalize == "auto":
        first.require_no_counts()
    if chosen is not None:
        step = replace(STEPS[chosen], refuses_logs=normalize == "auto")
        if step.of_totals and reference.normalize == chosen:
            step = replace(step, covered=covered_share(reference, alignment))
        rows = rows_of(replace(values, step=step))
    names = adata.obs_names, adata.var_names
    return NewSamples(rows, alignment, reference, names, batches, first, chosen)


def _require_samples_are_rows(adata: AnnData, reference: Reference) -> None:
    """Raise ValueError if the trained genes are the rows, and not the columns."""
    known = adata.obs_names.isin(reference.genes)
    if known.any() and not adata.var_names.isin(reference.genes).any():
        raise ValueError(
            f"no gene in common: {known.sum()} of the genes trained on are rows of adata, so it is "
            "transposed: give adata.T.copy()."
        )
