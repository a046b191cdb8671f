"""How much of the principal components new samples keep on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.labelled import labelled
from .._core.ending import ending
from .._core.errors import require_positive
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from ..evaluation import components_kept as kept_of_new
from ..evaluation import folds_of_any
from ._evaluation import Sides, fit, sides
from ._methods import Method, Pca, layers_of, want_logarithms
from .evaluate import listed, methods_of, require_dims


@global_state_kept()
def components_kept(
    adata: AnnData,
    *,
    methods: Sequence[str | Method] = ("fe", "pca"),
    dim: int = 2,
    n_components: int = 8,
    folds: int = 5,
    groups: str | None = None,
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    n_top_genes: int | None = None,
    train: Mapping[str, Any] | None = None,
    rng: Rng = 0,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Measure how much of each principal component of the matrix new samples keep on a map.

    In each fold the components and the map are fitted to the training samples alone, and so is a
    regression of the components on the coordinates of the map, which may bend. New samples are
    then placed, and their components are predicted from where they lie. A map that keeps much of
    the first components and nothing else is that of PCA; one that gives some of them for others
    shows more kinds of differences, and is worse where all that matters is in the first ones.

    Parameters
    ----------
    adata
        Samples x genes of log expression.
    methods
        What makes the maps, as in :func:`fe_anndata.tl.evaluate`: ``"fe"``, ``"fe_linear"``,
        ``"pca"``, ``"umap"``, another family, or functions ``f(train, dim, seed)``.
    dim
        Dimensions of the maps.
    n_components
        How many components are asked for, the first of the training samples.
    folds
        Number of folds.
    groups
        Column of ``adata.obs`` whose groups, such as patients or donors, are each kept in one fold.
    layer
        Embed these values, not ``adata.X``.
    mask_var
        Genes to use: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or names
        of genes.
    n_top_genes
        Number of genes to use: in each fold those that vary most among the training samples.
    train
        Keywords of :func:`fe_anndata.tl.train` for all families; or for each method its own, such
        as ``{"fe": {"steps": 100}}``.
    rng
        Seed, or a numpy Generator.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.

    Returns
    -------
    DataFrame
        One row per method, fold and component. Nothing is written to `adata`.
        :func:`fe_anndata.pl.components_kept` draws it.

        ``method``, ``decoder``, ``dim``, ``fold``, ``component``, ``n_train``, ``n_test``
            What was measured, and on how many samples; components count from 1.
        ``variance``
            Share of the variance of the training samples that lies in the component.
        ``r2_new``
            Share of the component of new samples that their coordinates tell (R2): 1 is all of it,
            and 0 or less is nothing.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a column or a name is unknown, there are too few samples, genes or groups, or a number
        is out of range; and what the methods raise.

    Notes
    -----
    The regression is a ridge on the coordinates and on Gaussian kernels of three widths around 100
    training samples. The mean of a gene stands for its missing values where components are
    computed. A new sample that a method cannot place lies at the mean of the training samples.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> table = fe.tl.components_kept(adata, methods=["pca"], n_components=3, folds=2)
    >>> means = table.groupby("component")["r2_new"].mean()
    >>> bool(means[2] > 0.9), bool(means[3] < 0.5)
    (True, True)
    """
    seed, shown = seed_of(rng), settings.shows(progress)
    require_positive(n_components, "n_components")
    options = dict(train or {})
    methods = listed(methods)
    others = layers_of([options, *(of for of in options.values() if isinstance(of, Mapping))])
    known = [name for name in methods if isinstance(name, str)]
    logs = want_logarithms((name, options.get(name, options)) for name in known)
    samples = labelled(adata, None, groups, layer, mask_var, others, logarithms=logs)
    splits = folds_of_any(len(samples.labels), folds, groups=samples.groups, seed=seed)
    require_dims([dim], samples, splits, n_top_genes)
    fewest = min(len(fold.train) for fold in splits)
    genes = len(samples.genes) if n_top_genes is None else n_top_genes
    if n_components >= min(fewest, genes):
        raise ValueError(
            f"{n_components} components are too many for {fewest} training samples x {genes} "
            "genes; give a smaller n_components."
        )
    chosen = methods_of(methods, options, [dim], "tl.components_kept")
    records: list[dict[str, Any]] = []
    with progress_bar(len(splits) * len(chosen), shown=shown, unit="fit") as bar:
        for number, fold in enumerate(splits):
            data = sides(samples, fold, n_top_genes, folds, seed)
            components = Pca(data.train(), n_components, seed)
            for name, method in chosen.items():
                ending.check()
                bar.set_description(f"{name}, fold {number + 1} of {folds}")
                of_map = _of_map(method, name, dim, data, components, seed)
                records += [{"fold": number, **row} for row in of_map]
                bar.update()
    rank = {name: i for i, name in enumerate(chosen)}
    records.sort(key=lambda row: rank[row["method"]])
    table = pd.DataFrame(records)
    first = ["method", "decoder", "dim", "fold", "component"]
    return table[[*first, *(column for column in table if column not in first)]]


def _of_map(
    method: Method, name: str, dim: int, data: Sides, components: Pca, seed: int
) -> list[dict[str, Any]]:
    """Return a row per component of one map."""
    found = fit(method, name, dim, data, seed)
    fitted, placed = found.coordinates
    kept = kept_of_new(fitted, components(data.train()), placed, components(data.new()), seed)
    shares = components.pca.explained_variance_ratio_
    return [
        {**found.facts(), "component": i + 1, "variance": float(shares[i]), "r2_new": float(r2)}
        for i, r2 in enumerate(kept)
    ]
