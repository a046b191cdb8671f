"""New samples for a trained model: aligned by gene, checked, and read by parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .._core.warn import warn_user
from ..matrix.align import Alignment, align
from ..matrix.audit import looks_like_counts
from ..matrix.rows import Rows
from .files import Source
from .inputs import rows_of
from .reference import Reference

LOOKED_AT = 512
"""Samples that are looked at to tell the unit."""
SPREAD = 0.3
"""Of gene means, in units of the spread around them: less tells nothing."""
ALIKE = 0.5
"""Correlation of gene means, below which nothing can be said of the unit."""
SLOPES = (0.5, 0.8, 1.25, 2.0)
"""Of the mean profile on that of the training: beyond the outer ones an error, else a warning."""


@dataclass(frozen=True)
class NewSamples:
    """A matrix of new samples, in memory or in a file.

    Attributes
    ----------
    rows
        The matrix.
    alignment
        Where the trained genes are.
    """

    rows: Rows
    alignment: Alignment

    def blocks(self, n: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield `n` rows at a time, genes in the order of the training; only zeros become NaN."""
        for part, values in self.rows.blocks(n):
            dense = values.toarray() if sparse.issparse(values) else values
            block = self.alignment.columns_of(dense)
            empty = ~block.any(axis=1)
            if empty.any():
                block = block.copy()
                block[empty] = np.nan
            yield part, block


def new_samples(source: Source, reference: Reference, layer: str | None) -> NewSamples:
    """Return the new samples, checked against the reference; warn if few genes are shared.

    Raises
    ------
    ValueError, KeyError
        If no gene is in common, or the values are counts or on another scale.
    """
    adata, X = source.adata, source.matrix(layer)
    if adata.n_obs == 0:
        raise ValueError("there is no sample to place: adata has no rows.")
    alignment = align(reference.genes, adata.var_names)
    new = NewSamples(rows_of(X), alignment)
    shared, of = len(alignment.known), len(reference.genes)
    if shared < of / 2:
        warn_user(
            f"only {shared} of the {of} genes trained on are there ({shared / of:.0%}); the "
            "others count as missing, which makes places less certain: see their standard errors "
            "in obsm."
        )
    _, block = next(iter(new.blocks(LOOKED_AT)))
    _require_same_unit(block, reference, alignment)
    return new


def _require_same_unit(block: np.ndarray, reference: Reference, alignment: Alignment) -> None:
    """Raise ValueError if the values are in another unit than those trained on."""
    if np.isinf(block).any():
        raise ValueError(
            "the new samples hold infinite values, perhaps log(0); set them to NaN to treat them "
            "as missing."
        )
    if not np.isfinite(block).any():
        return
    if looks_like_counts(block) and not reference.counts:
        raise ValueError(
            "the new samples look like raw counts, but the reference was trained on other values; "
            "transform them as the reference was, for example sc.pp.normalize_total(adata); "
            "sc.pp.log1p(adata)."
        )
    unit = reference.model.unit()
    if unit is None:
        return
    trained, spread = unit[0][alignment.known], unit[1]
    seen = np.isfinite(block).any(axis=0)
    # Where genes have about the same mean, as scaled ones have, their means tell no unit.
    if seen.sum() < 10 or np.std(trained[seen]) < SPREAD * spread:
        return
    mean, known = np.nanmean(block[:, seen], axis=0), trained[seen]
    alike = float(np.corrcoef(mean, known)[0, 1])
    if not alike >= ALIKE:
        warn_user(
            f"gene means of the new samples hardly resemble those of the training (correlation "
            f"{alike:.2g}): are they the same genes, in the same units?"
        )
        return
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
