"""Genes that set groups of samples apart, by the decoder and the data together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.comparison import REST, Comparison, comparison
from .._access.decoding import VALUES, Decoding, decoding_of
from .._access.genes import values_at
from .._access.inputs import matrix, require_anndata, require_same_values, rows_of
from .._access.results import has_same_samples, require_trained
from .._core.errors import require_positive
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from ..evaluation.markers import Sums, auc, compared, sums
from ..matrix.audit import audit
from ..matrix.totals import factors


def markers(
    adata: AnnData,
    groupby: str,
    *,
    groups: Sequence[str] | None = None,
    reference: str = REST,
    n_genes: int | None = None,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
) -> pd.DataFrame:
    """Find the genes that set groups of samples apart, by the decoder and the data together.

    The data say how often a sample of the group has a higher value than another one: the AUC, as
    in the test of Mann, Whitney and Wilcoxon. The model says how far the mean predictions of the
    group and of the others are apart, in units of what it leaves of the gene. A gene has to have
    both: the score is the signed root of ``|2 AUC - 1|`` times ``|difference_predicted / noise|``,
    and 0 where the two, or the difference observed, do not point to the same side.

    It describes the samples that were trained on and is no test: groups that were found in the
    same values differ by construction, and samples of one donor are alike. For counts,
    :func:`fe_anndata.tl.differential` tests.

    Parameters
    ----------
    adata
        A trained AnnData, with the values that were trained on, NaN as missing; some of the
        samples may have been left out since.
    groupby
        A column of ``adata.obs`` that names groups. Samples without a group are left out.
    groups
        Groups to be compared; by default all.
    reference
        ``"rest"`` compares each group with all other samples that have a group; the name of a
        group compares with that.
    n_genes
        So many genes of each group, those of the highest scores; by default all.
    layer
        Observed values, in the units of those that were trained on, which are the default.
    key
        The `key_added` of the training.

    Returns
    -------
    DataFrame
        A row for each group and each gene that was trained on, genes of the highest scores first;
        those that are lower in the group come last. Nothing is written to `adata`.

        ``group``, ``names``
            The group and the gene.
        ``scores``
            The score, without a unit.
        ``difference_predicted``, ``difference_observed``
            Mean of the group less that of the reference, of predictions and of the values that are
            not missing, in the units of the training matrix. Counts are taken per total: as if
            every sample had the median total of the training.
        ``auc``
            From 0 to 1; ties count half. NaN if one of the sides has no value.
        ``noise``
            Root mean square of what the model leaves of the gene, but no less than a tenth of its
            standard deviation; over all samples that have a group.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such column, group or layer.
    ValueError
        If the family predicts no expression, the values were changed since (of a part of the
        samples it cannot be told whether they were) or are infinite, there are fewer than two
        groups, or `n_genes` is less than 1.
    TypeError
        If the column holds numbers, `groups` is no list, or `n_genes` is no whole number.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, steps=50, progress=False)
    >>> table = fe.tl.markers(adata, "bulk_labels", groups=["CD19+ B"], n_genes=20)
    >>> bool(table["names"].isin(["CD79A", "CD79B"]).any())
    True
    """
    require_anndata(adata)
    stored = require_trained(adata, key)
    decoding = decoding_of(adata, key)
    compare = comparison(adata.obs, groupby, groups, reference)
    if n_genes is not None:
        require_positive(n_genes, "n_genes")
    if layer is None:
        layer = decoding.layer
        if has_same_samples(adata, key):
            rows = rows_of(matrix(adata, layer, decoding.normalize), decoding.columns)
            require_same_values(audit(rows), stored["preprocessing"])
    observed = Observed(adata, layer, decoding, compare)
    of_groups, scale = observed.summed()
    areas = observed.auc(scale)
    noise = of_groups.of(np.arange(len(compare.names))).noise
    genes = adata.var_names[decoding.columns].to_numpy(dtype=object)
    tables = []
    for group in compare.asked:
        this, others = compare.sides(group)
        table = compared(of_groups.of(this), of_groups.of(others), areas[this][0], noise)
        table.insert(0, "names", genes)
        table.insert(0, "group", group)
        table = table.sort_values("scores", ascending=False, kind="stable")
        tables.append(table if n_genes is None else table[:n_genes])
    logger.info("ranked %d genes for %d groups of %r", len(genes), len(tables), groupby)
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class Observed:
    """Values of the samples that have a group, beside what is predicted."""

    adata: AnnData
    layer: str | None
    decoding: Decoding
    compare: Comparison

    def summed(self) -> tuple[Sums, np.ndarray]:
        """Return sums over the samples of each group, and what each sample is multiplied by."""
        values = matrix(self.adata, self.layer, self.decoding.normalize)
        rows = rows_of(values, self.decoding.columns)
        codes, k = self.compare.codes, len(self.compare.names)
        scale = np.ones(len(codes))
        total: Sums | None = None
        for part, block in rows.blocks(max(1, VALUES // self.adata.n_vars)):
            kept = np.flatnonzero(codes[part] >= 0)
            if not len(kept):
                continue
            X = block[kept] if isinstance(block, np.ndarray) else block[kept].toarray()
            if np.isinf(X).any():
                raise ValueError(f"{values.name} holds infinite values; make them NaN, or finite.")
            model, at = self.decoding.model, kept + part.start
            predicted = model.decode(self.decoding.u[at], self.decoding.genes)
            if model.per_total:
                scale[at] = factors(X, predicted)
            more = sums(X * scale[at, None], predicted, codes[at], k)
            total = more if total is None else total + more
        assert total is not None  # there are groups
        return total, scale

    def auc(self, scale: np.ndarray) -> np.ndarray:
        """Return that of each group and gene, (k, m), of samples multiplied by `scale`."""
        kept, columns = self.compare.compared, self.decoding.columns
        found = np.empty((len(self.compare.names), len(columns)))
        step = max(1, VALUES // len(kept))
        for first in range(0, len(columns), step):
            part = slice(first, first + step)
            values = values_at(self.adata, columns[part], self.layer, self.decoding.normalize)
            X = values[kept] * scale[kept, None]
            codes = self.compare.codes[kept]
            found[:, part] = auc(X, codes, len(found), self.compare.against)
        return found
