"""New samples for a trained model: aligned by gene, checked, and read by parts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from .._core.errors import require_choice
from .._core.warn import warn_user
from ..matrix.align import Alignment, align
from ..matrix.findings import Findings
from ..matrix.rows import Rows
from ..matrix.trainable import (
    infinite_values,
    place,
    too_large,
    too_large_values,
    warn_of_sentinel,
)
from ..matrix.values import Values
from .batches import NewBatches
from .files import Source
from .inputs import rows_of, stored
from .reference import Reference

SPREAD = 0.3
"""Of gene means, in units of the spread around them: less tells nothing."""
ALIKE = 0.5
"""Correlation of gene means, below which nothing can be said of the unit."""
SLOPES = (0.5, 0.8, 1.25, 2.0)
"""Of the mean profile on that of the training: beyond the outer ones an error, else a warning."""


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
    """

    def __init__(
        self,
        rows: Rows,
        alignment: Alignment,
        reference: Reference,
        names: tuple[pd.Index, pd.Index],
        batches: NewBatches | None = None,
    ) -> None:
        self.rows, self.alignment, self.reference = rows, alignment, reference
        self.batches = batches
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
        values = found.sums, found.observed, found.extremes.counts
        require_same_unit(*values, self.reference, self.alignment)
        warn_of_sentinel(found.extremes)
        self._unchecked = False


def _n_empty(block: Values) -> int:
    """Return how many rows of a CSR matrix hold nothing but zeros."""
    stored = np.concatenate([[0], np.cumsum(block.data != 0)])
    return int(np.count_nonzero(stored[block.indptr[1:]] == stored[block.indptr[:-1]]))


def new_samples(
    source: Source, reference: Reference, layer: str | None, new_batches: str = "mean"
) -> NewSamples:
    """Return the new samples, checked against the reference; warn if few genes are shared.

    Batches that were not trained on are taken for the mean of the others, or are to be estimated.

    Raises
    ------
    ValueError, KeyError
        If no gene is in common, or the values are counts or on another scale.
    """
    adata = source.adata
    if adata.n_obs == 0:
        raise ValueError("there is no sample to place: adata has no rows.")
    alignment = align(reference.genes, adata.var_names)
    shared, of = len(alignment.known), len(reference.genes)
    if shared < of / 2:
        warn_user(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.0%}); the "
            "others count as missing, which makes places less certain; obsm has their standard "
            "errors, if the family knows them."
        )
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
    rows = rows_of(stored(source, layer))
    return NewSamples(rows, alignment, reference, (adata.obs_names, adata.var_names), batches)


def require_same_unit(
    sums: np.ndarray,
    observed: np.ndarray,
    counts: bool,
    reference: Reference,
    alignment: Alignment,
) -> None:
    """Raise ValueError if the values are in another unit than those trained on.

    Parameters
    ----------
    sums, observed
        Of the values of each gene that is in both, and how many they are.
    counts
        Whether they look like raw counts.
    reference, alignment
        What was trained, and which genes are in both.
    """
    seen = observed > 0
    if not seen.any():
        return
    if counts and not reference.whole_numbers:
        raise ValueError(
            "the new samples look like raw counts, but the reference was trained on other values; "
            "transform them as the reference was, for example sc.pp.normalize_total(adata); "
            "sc.pp.log1p(adata)."
        )
    unit = reference.model.unit()
    if unit is None:
        return
    trained, spread = unit[0][alignment.known], unit[1]
    # Where genes have about the same mean, as scaled ones have, their means tell no unit.
    if seen.sum() < 10 or np.std(trained[seen]) < SPREAD * spread:
        return
    mean, known = sums[seen] / observed[seen], trained[seen]
    alike = float(np.corrcoef(mean, known)[0, 1])
    if not alike >= ALIKE:
        warn_user(
            f"gene means of the new samples hardly resemble those of the training (correlation "
            f"{alike:.2g}): are they the same genes, in the same units?"
        )
        return
    if reference.model.per_total:
        return  # counts of any depth are in the same unit
    slope = float(np.cov(mean, known)[0, 1] / np.var(known, ddof=1))
    if not SLOPES[0] <= slope <= SLOPES[3]:
        raise ValueError(
            f"gene means of the new samples rise by {slope:.2g} for 1 in those of the training: "
            "another scale (another logarithm?). Bring them to the units of the reference."
        )
    if not SLOPES[1] <= slope <= SLOPES[2]:
        warn_user(
            f"gene means of the new samples rise by {slope:.2g} for 1 in those of the training: "
            "are they on the same scale (the same logarithm)?"
        )
