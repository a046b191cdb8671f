"""Genes whose modelled rate differs between groups of samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from anndata import AnnData

from .._access.comparison import REST, Comparison, comparison
from .._access.files import written_to
from .._access.inputs import matrix, require_anndata, require_same_values, rows_of
from .._access.ranked import as_scanpy
from .._access.results import families_in, has_same_samples, require_trained, trained_model
from .._core.errors import near
from .._core.keys import DEFAULT_KEY, Keys, require_writable_name
from .._core.log import logger
from ..evaluation.differential import Sums, are_counts, compared, sums
from ..matrix.audit import audit
from ..models.trained import Trained


def differential(
    adata: AnnData,
    groupby: str,
    *,
    groups: Sequence[str] | None = None,
    reference: str = REST,
    key: str = DEFAULT_KEY,
    key_added: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Find the genes whose modelled rate differs between groups of samples.

    How much a gene differs is what the model says: the ratio of its mean share of the expected
    counts in the group and in the others. Whether it does is told by the counts that were trained
    on: the counts of the gene in the group and in the others are compared with how all counts are
    shared out between the two. The score is a signed root of the deviance, divided by the root of
    how many times the variance of the counts around the share of either group is that of Poisson,
    as in quasi-likelihood. This is no less than what the dispersion of the other group, or that
    which the model leaves, would make of it; so differences among the samples of a group count as
    noise, also those that the model explains. p-values are of Student's t, with Welch's degrees of
    freedom. Where counts say the opposite of the model, the score is 0 and p is 1. All this is
    conservative: in simulations (``python -m benchmarks.differential``) the part of wrong genes
    among those with ``pvals_adj`` below 0.05 is less than 0.05, and groups of a few samples have
    little power. Single p-values of genes whose counts come in bursts, in a few samples alone, may
    be somewhat too small: up to 0.08 of them were below 0.05.

    Every sample counts as independent of the others. Cells of one donor are not, and groups that
    were found in the same counts differ by construction: p-values are then too small, as those of
    every such test.

    Parameters
    ----------
    adata
        Trained by ``tl.train(counts, "exceiver")``, with the counts that were trained on; some of
        the samples may have been left out since.
    groupby
        A column of ``adata.obs`` that names groups. Samples without a group are left out.
    groups
        Groups to be tested; by default all.
    reference
        ``"rest"`` compares each group with all other samples that have a group; the name of a
        group compares with that.
    key
        The `key_added` of the training, ``"exceiver"`` if none was given.
    key_added
        The name in ``uns``; by default ``"rank_genes_groups_"`` with `key` behind.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy if ``copy=True``, otherwise None. Written is

        ``uns["rank_genes_groups_exceiver"]``
            As Scanpy writes it: record arrays with a field for each group, genes of the highest
            scores first, ``names``, ``scores``, ``logfoldchanges`` (base 2), ``pvals``,
            ``pvals_adj`` (Benjamini-Hochberg over the genes), and ``params``; and
            ``standard_errors`` of the log fold changes, of the counts. Scanpy's
            ``sc.get.rank_genes_groups_df(adata, None, key="rank_genes_groups_exceiver")`` and
            ``sc.pl.rank_genes_groups(adata, key="rank_genes_groups_exceiver")`` read it.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such column or group.
    ValueError
        If the model is not of counts, they were changed since (of a part of the samples it cannot
        be told whether they were), there are fewer than two groups, or two samples in one, or
        `key_added` is that of a model.
    TypeError
        If the column holds numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import anndata as ad
    >>> import fe_anndata as fe
    >>> draw = np.random.default_rng(0)
    >>> rates = draw.gamma(1.0, 2.0, (60, 50))
    >>> rates[:30, 7] = 20
    >>> counts = ad.AnnData(draw.poisson(rates).astype(np.float32))
    >>> counts.obs["kind"] = ["a"] * 30 + ["b"] * 30
    >>> few = dict(sample_dim=4, width=8, latents=2, heads=2, steps=20, progress=False)
    >>> fe.tl.train(counts, "exceiver", **few)
    >>> fe.tl.differential(counts, "kind", key="exceiver")
    >>> str(counts.uns["rank_genes_groups_exceiver"]["names"]["a"][0])
    '7'
    """
    require_anndata(adata)
    stored = require_trained(adata, key)
    model, trained = trained_model(adata, key)
    _require_counts(adata, model, key)
    compare = comparison(adata.obs, groupby, groups, reference)
    _require_pairs(compare)
    name = Keys(key).differential if key_added is None else key_added
    require_writable_name(name, "key_added")
    if name in families_in(adata):
        raise ValueError(
            f"adata.uns[{name!r}] holds a trained model, which would be lost: choose another "
            "key_added."
        )
    layer = stored["params"].get("layer")
    of_groups = _sums(adata, model, layer, trained, compare)
    if has_same_samples(adata, key):
        rows = rows_of(matrix(adata, layer), np.flatnonzero(trained))
        require_same_values(audit(rows), stored["preprocessing"])
    dispersion = of_groups.of(np.arange(len(compare.names))).dispersion
    tables = {}
    for group in compare.asked:
        this, others = compare.sides(group)
        table = compared(of_groups.of(this), of_groups.of(others), dispersion)
        table.insert(0, "names", adata.var_names[trained].to_numpy(dtype=object))
        tables[group] = table.sort_values("scores", ascending=False, kind="stable")
    result = written_to(adata, copy=copy)
    params = {"groupby": groupby, "reference": reference, "layer": layer, "key": key}
    named = {"method": "differential", "corr_method": "benjamini-hochberg"}
    result.uns[name] = as_scanpy(tables, **params, **named)
    n = {group: int((table["pvals_adj"] < 0.05).sum()) for group, table in tables.items()}
    logger.info("genes with pvals_adj < 0.05 by group: %s; wrote uns[%r]", n, name)
    return result if copy else None


def _require_counts(adata: AnnData, model: Trained, key: str) -> None:
    if not (model.can_decode and model.per_total):
        others = [name for name in families_in(adata) if name != key]
        raise ValueError(
            f"the model under key={key!r} is not one of counts: train one, "
            f"fe.tl.train(counts, 'exceiver'), or name another key; {near('', others)}"
        )


def _require_pairs(compare: Comparison) -> None:
    """Raise ValueError if a side of a comparison has one sample."""
    for group in compare.asked:
        of_sides = [compare.sizes[side].sum() for side in compare.sides(group)]
        if min(of_sides) < 2:
            few = group if of_sides[0] < 2 else compare.reference
            raise ValueError(
                f"the group {few!r} has one sample, and a variance needs two: leave it out of "
                "groups, or join it with another group."
            )


def _sums(
    adata: AnnData, model: Trained, layer: str | None, trained: np.ndarray, compare: Comparison
) -> Sums:
    """Return sums over the samples of each group."""
    values = matrix(adata, layer)
    rows = rows_of(values, np.flatnonzero(trained))
    u, genes, codes = model.samples(), np.arange(int(trained.sum())), compare.codes
    total: Sums | None = None
    for part, block in rows.blocks(model.rows_at_a_time):
        kept = np.flatnonzero(codes[part] >= 0)
        if not len(kept):
            continue
        X = block[kept] if isinstance(block, np.ndarray) else block[kept].toarray()
        if not are_counts(X):
            raise ValueError(
                f"{values.name} holds others than counts by now: it was changed since the "
                "training. Bring the counts back; or keep them in a layer, and train on that: "
                "layer='counts'."
            )
        expected = model.decode(u[part][kept], genes)
        shares = expected / expected.sum(1, keepdims=True)
        more = sums(X, shares, codes[part][kept], len(compare.names))
        total = more if total is None else total + more
    assert total is not None  # there are groups
    return total
