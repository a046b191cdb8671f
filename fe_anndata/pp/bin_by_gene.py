"""Binning-By-Gene: each value as its rank among the values of the same gene."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from .. import __version__
from .._access.files import Source, opened
from .._access.inputs import rows_of
from .._access.inputs import stored as stored_matrix
from .._access.panels import panel_of
from .._core.errors import require_at_least_two, require_choice, require_whole
from .._core.keys import Keys
from .._core.log import logger
from .._core.warn import warn_user
from ..kernels.bins import Panel, Survey, apply, fit_panel, survey
from ..kernels.z_scores import Scale, apply_z, fit_scale
from ..matrix.align import align
from ..matrix.rows import Rows
from ..store.panels import is_panel, pack_panel, unpack_panel

N_BINS, PANEL = 2000, 512
MOST_BINS = 65534
"""One number of 16 bits is for what is unknown."""


def bin_by_gene(
    adata: AnnData | str | Path,
    *,
    reference: AnnData | str | Path | None = None,
    layer: str | None = None,
    zero: float = 0.0,
    n_bins: int = N_BINS,
    panel: int = PANEL,
    key_added: str = "bins",
    values: Literal["bins", "z"] = "bins",
    copy: bool = False,
) -> AnnData | None:
    """Write each value as its rank among the values of the same gene: Binning-By-Gene.

    Ranks are taken among the samples of `adata` or, of new samples, among those of a `reference`.
    The bin of a value depends on these and on no other sample of the call. Equal values of a gene
    have equal bins, by the mean of the ranks that they share. Ranks need no scale, so raw counts
    do as well as logarithms; but where the depth of samples differs much, normalise it first.

    Parameters
    ----------
    adata
        Samples, in memory or as the path of an .h5ad or .zarr file, whose matrix is then read by
        parts. NaN marks a missing value.
    reference
        For new samples: an AnnData that was binned, or its path. Its panel is used, with its
        `zero` and `n_bins`. Genes are found by name, in any order.
    layer
        Bin the values of this layer, not those of ``adata.X``.
    zero
        The value that means "not expressed". It is the least one where logarithms have a floor,
        as those of TCGA and GTEx do. With ``float("-inf")`` every value counts as expressed.
    n_bins
        Number of bins, from 2 to 65534. Bin 0 is for what is not expressed.
    panel
        The most values of a gene that are kept to compare with, at least 2: of a gene with more
        expressed values, as many evenly spaced quantiles.
    key_added
        Names the places of the result.
    values
        ``"bins"``; or ``"z"``, deviations from the mean of the gene in units of its standard
        deviation, zeros included. `zero`, `n_bins` and `panel` are of bins alone.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy with the results if ``copy=True``, for a path an AnnData with the results,
        otherwise None; that of a path or of a backed AnnData is without the matrix. Written are

        ``layers["bins"]``
            Bins, uint16 (n_obs, n_vars): 0 where a gene is not expressed, 1 to ``n_bins - 1``
            where it is, 65535 where the value is missing or the reference does not know the gene.
            A sparse matrix gives a CSR matrix, unless `zero` is not 0, when no entry is empty. Of
            z-scores float32, NaN where unknown.
        ``uns["bins"]``
            The panel, which makes `adata` a reference: names of genes, for each its ``points``
            (number of values kept) and their values in ``panel``, and the options; of z-scores
            means and standard deviations.

    Raises
    ------
    ValueError
        If a value is infinite or below `zero`, or no value is `zero`; if all values of a sample
        are equal; if there are fewer than two samples and no reference; if no gene is in common
        with the reference, or its panel is of other options; if an option is out of range, or what
        stands under `key_added` is not of this verb. Nothing is written then.
    KeyError, TypeError
        If there is no such layer, no panel in the reference, or `adata` is no AnnData.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(60, 40, 4)
    >>> reference, new = adata[:50].copy(), adata[50:].copy()
    >>> fe.pp.bin_by_gene(reference)
    >>> fe.pp.bin_by_gene(new, reference=reference)
    >>> new.layers["bins"].shape, str(new.layers["bins"].dtype)
    ((10, 40), 'uint16')
    """
    _require_options(zero, n_bins, panel, values)
    key = Keys(key_added).uns
    with opened(adata) as source, source.unchanged():
        in_place = source.adata is adata
        if in_place and not copy:
            source.require_room()
        _require_free(source, key, layer)
        known = None if reference is None else panel_of(reference, key)
        if known is not None:
            _require_same_options(known, zero, n_bins, panel, values)
        rows = rows_of(stored_matrix(source, layer))
        names = source.adata.var_names
        start = zero if known is None else float(known.get("zero", 0.0))
        found = survey(rows.blocks, rows.shape[1], start)
        _require_values(found, source.adata, values, fitted=known is None)
        if known is None:
            fit = _fit(rows, found, n_bins, panel, values)
            known = pack_panel(fit, names) | _facts(rows, panel, values)
        binned = _binned(rows, _in_order(known, names))
    result = source.copied() if copy and in_place else source.adata
    result.layers[key] = binned
    result.uns[key] = deepcopy(dict(known)) | {"layer": "" if layer is None else layer}
    logger.info("wrote layers[%r] %s and uns[%r]", key, binned.shape, key)
    return None if in_place and not copy else result


def _fit(rows: Rows, found: Survey, n_bins: int, panel: int, values: str) -> Panel | Scale:
    if values == "z":
        return fit_scale(rows.blocks, rows.shape[1])
    return fit_panel(rows.blocks, found, n_bins, panel)


def _facts(rows: Rows, panel: int, values: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"n_reference": rows.shape[0], "version": __version__}
    return facts | ({"most_points": panel} if values == "bins" else {})


def _in_order(known: Mapping[str, Any], names: pd.Index) -> Panel | Scale:
    """Return the panel of the genes of these names; report how many are known."""
    panel, genes = unpack_panel(known)
    if genes.equals(names):
        return panel
    alignment = align(genes, names)
    places = np.full(len(names), -1)
    places[alignment.columns] = alignment.known
    shared = len(alignment.known)
    if shared < len(names) / 2 or shared < len(genes) / 2:
        warn_user(
            f"only {shared} genes are in common: the reference has {len(genes)}, the new samples "
            f"have {len(names)}. Those that the reference lacks are unknown in all samples."
        )
    logger.info("%d of %d genes are among the %d known", shared, len(names), len(genes))
    return panel.at(places)


def _binned(rows: Rows, known: Panel | Scale) -> Any:
    """Return the bins or z-scores of all rows."""
    found: np.ndarray | None = None
    sparse_blocks = []
    for part, block in rows.blocks():
        binned = apply_z(known, block) if isinstance(known, Scale) else apply(known, block)
        if sparse.issparse(binned):
            sparse_blocks.append(binned)
            continue
        if found is None:
            found = np.empty(rows.shape, binned.dtype)
        found[part] = binned
    return sparse.vstack(sparse_blocks, "csr") if found is None else found


def _require_options(zero: float, n_bins: int, panel: int, values: str) -> None:
    """Raise an error for an option that means nothing."""
    require_choice(values, ("bins", "z"), "values")
    require_whole(n_bins, "n_bins")
    require_at_least_two(panel, "panel")
    if not 2 <= n_bins <= MOST_BINS:
        raise ValueError(f"n_bins must be from 2 to {MOST_BINS}, not {n_bins}.")
    if isinstance(zero, bool) or not isinstance(zero, (int, float, np.number)):
        raise TypeError(f"zero must be a number, not {zero!r}.")
    if np.isnan(zero) or zero == np.inf:
        raise ValueError(
            f"zero must be the value that means 'not expressed', not {zero}; missing values, NaN, "
            "are left out anyway."
        )
    if values == "z" and (zero, n_bins, panel) != (0, N_BINS, PANEL):
        raise ValueError("zero, n_bins and panel are of values='bins'; z-scores have none.")


def _require_free(source: Source, key: str, layer: str | None) -> None:
    """Raise ValueError if what stands where results are to be written is not of this verb."""
    if layer == key:
        raise ValueError(f"layers[{key!r}] is to be read and written; choose another key_added.")
    stored = source.adata.uns.get(key)
    if is_panel(stored):
        return
    if stored is not None:
        raise ValueError(f"adata.uns[{key!r}] holds something else; choose another key_added.")
    try:
        source.matrix(key)
    except KeyError:
        return
    raise ValueError(
        f"layers[{key!r}] is there, but not of fe.pp.bin_by_gene; choose another key_added, or "
        f"delete it: del adata.layers[{key!r}]."
    )


def _require_same_options(
    known: Mapping[str, Any], zero: float, n_bins: int, panel: int, values: str
) -> None:
    """Raise ValueError if an option was given that the panel of the reference does not have."""
    if known["values"] != values:
        raise ValueError(
            f"the reference holds values={str(known['values'])!r}; give that, or bin the reference "
            f"again with values={values!r} under another key_added."
        )
    if values == "z":
        return
    for name, value, default, there in (
        ("zero", np.float32(zero), 0, np.float32(known["zero"])),
        ("n_bins", n_bins, N_BINS, int(known["n_bins"])),
        ("panel", panel, PANEL, int(known["most_points"])),
    ):
        if value not in (default, there):
            raise ValueError(
                f"{name} is that of the reference, {there}, not {value}: leave it out, or bin the "
                "reference again."
            )


def _require_values(found: Survey, adata: AnnData, values: str, *, fitted: bool) -> None:
    """Raise ValueError if the values cannot be ranked."""
    n_obs, n_vars = adata.shape
    least_rows = 2 if fitted else 1
    if n_obs < least_rows or n_vars == 0:
        raise ValueError(
            f"{n_obs} samples x {n_vars} genes are too few: there must be a gene and "
            + (
                "two samples; a single one can be binned by a reference=."
                if fitted
                else "a sample."
            )
        )
    if fitted and not adata.var_names.is_unique:
        raise ValueError(
            "gene names occur more than once; call adata.var_names_make_unique() first."
        )
    if found.infinite:
        raise ValueError(
            "the matrix holds infinite values, perhaps log(0); set them to NaN to treat them as "
            "missing."
        )
    if values == "bins":
        _require_zero(found, fitted=fitted)
    if len(found.uniform):
        raise ValueError(
            f"all values are equal, or missing, in {len(found.uniform)} samples, such as "
            f"{adata.obs_names[found.uniform[0]]!r}; leave them out."
        )


def _require_zero(found: Survey, *, fitted: bool) -> None:
    """Raise ValueError if `zero` cannot be what means "not expressed"."""
    least = str(np.float32(found.least))  # as it is typed
    if found.least < np.float32(found.zero):
        if not fitted:
            raise ValueError(
                f"the smallest value is {least}, below what means 'not expressed' in the "
                f"reference, {found.zero}: bring the values to the units of the reference."
            )
        raise ValueError(
            f"the matrix holds values below zero={found.zero:g}; the smallest is {least}. If that "
            f"means 'not expressed', as the floor of logarithms of TCGA and GTEx does, give "
            f"zero={least}; if every value is of an expressed gene, give zero=float('-inf')."
        )
    if fitted and np.isfinite(found.zero) and found.zero != 0 and not found.zeros:
        raise ValueError(
            f"no value is zero={found.zero}; the smallest is {least}. If that means 'not "
            f"expressed', give zero={least}."
        )
    if fitted and not found.expressed.any():
        raise ValueError("no gene is expressed in any sample.")
