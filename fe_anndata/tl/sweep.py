"""A training for every combination of some options."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.inputs import require_anndata
from .._access.labelled import labelled
from .._core.ending import ending
from .._core.errors import require_choice
from .._core.progress import progress_bar
from .._core.random import Rng, global_state_kept, seed_of
from .._core.settings import settings
from .._core.warn import warn_user
from ..evaluation import CLASSIFIERS
from ..models import family
from ..store.sweeps import SweepFolder
from ._combinations import (
    as_json,
    combinations,
    in_words,
    listed,
    require_all,
    require_names,
)
from ._sweep import DIM, Done, Kept, keep_aside, reader_of, trained

THESIS = "thesis2024"
GRID: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"gene_dim": (10, 25, 50, 75, 100, 1000), "l2": (0.0, 1e-8, 1e-7, 1e-6, 1e-5)}
)
"""That of the thesis."""
BUDGET: Mapping[str, Any] = MappingProxyType(
    {"minibatch": "tiles", "epochs": 15.0, "validation": "auto"}
)
"""What a sweep changes of the recipe of the thesis, with which it would take days."""
COLUMNS = (
    "decoder", "dim", "n_train", "n_test", "train_loss", "validation_loss", "spread", "largest",
    "accuracy_new", "balanced_accuracy_new", "accuracy_fitted", "balanced_accuracy_fitted",
    "label_r2_new", "label_r2_fitted", "r2_new", "seconds_fit", "seconds_new",
)  # fmt: skip


@dataclass(frozen=True)
class Sweep:
    """Trainings with all combinations of some options.

    :func:`fe_anndata.tl.sweep` returns it, and :func:`fe_anndata.pl.sweep` draws it.

    Attributes
    ----------
    table
        DataFrame, one row per combination: see :func:`fe_anndata.tl.sweep`.
    samples
        AnnData of the samples, without a matrix, which :func:`fe_anndata.io.write_h5ad` writes.
        ``obsm["X_0"]``, ``obsm["X_1"]`` and so on are the embeddings of the rows of the table,
        float32 (n_obs, dim), so that ``basis="0"`` of other pictures names one. ``obs`` has all
        columns, and beside them ``new``, bool: whether the sample was kept aside and placed.
    options
        The values of each option, by name, in the order that was asked for.
    """

    __module__ = "fe_anndata.tl"  # where it is public

    table: pd.DataFrame
    samples: AnnData
    options: dict[str, tuple[Any, ...]]

    def __repr__(self) -> str:
        return f"Sweep over {', '.join(self.options)} of {self.samples.n_obs} samples\n{self.table}"


@global_state_kept()
def sweep(
    adata: AnnData,
    options: Mapping[str, Iterable[Any]] | None = None,
    *,
    model: str = "fe",
    recipe: str = THESIS,
    label: str | None = None,
    folds: int = 5,
    groups: str | None = None,
    classifier: str = "knn",
    layer: str | None = None,
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    checkpoint: str | Path | None = None,
    rng: Rng = 0,
    device: str | None = None,
    progress: bool | None = None,
    **fixed: Any,
) -> Sweep:
    """Train with every combination of some options, and put what comes of them in one table.

    By default the options are those of the figures of the thesis of the recipe ``"thesis2024"``:
    the length of gene vectors, against the weight of the sum of squares of all parameters. The
    decoder is the published one, ``"concat"``.

    Parameters
    ----------
    adata
        Samples x genes. The recipe of the thesis is for log10(x + 1).
    options
        The values of each option, by name: any options of the family, such as
        ``{"gene_dim": [10, 100], "l2": [0, 1e-6]}``. By default ``gene_dim`` is 10, 25, 50, 75, 100
        and 1000, and ``l2`` is 0, 1e-8, 1e-7, 1e-6 and 1e-5. :func:`fe_anndata.tl.models` lists
        them.
    model
        A family by name.
    recipe
        A set of options by name, over which those win that are given. ``"thesis2024"`` is trained
        on tiles, for 15 epochs and with held-out entries, unless you say otherwise (see Notes).
        ``"default"`` is ours.
    label
        Column of ``adata.obs`` to read off the embeddings: categories, or numbers. Some samples are
        then kept aside (see `folds`); those without a label are left out altogether.
    folds
        With a `label`, one part in so many is kept aside, which is the first fold of
        :func:`fe_anndata.tl.evaluate` with the same seed. It has no part in the training.
    groups
        Column of ``adata.obs`` whose groups, such as patients or donors, are not divided when
        samples are kept aside.
    classifier
        What reads the label off: ``"knn"`` (15 neighbours), ``"logistic"`` or ``"network"``.
        Numbers are predicted by ridge regression.
    layer
        Train on these values, not on ``adata.X``.
    mask_var
        Genes to train on: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or
        names of genes.
    checkpoint
        A folder in which each training is kept once it is complete, in a file that is written
        whole or not at all. After a kill the same call goes on where it stopped: only the training
        that was interrupted is done again. A sweep that is complete is read at once.
    rng
        Seed, or a numpy Generator. All trainings have the same seed, and so the same held-out
        entries and the same order of minibatches.
    device
        ``"cpu"``, ``"cuda"`` or ``"auto"``; by default ``fe.settings.device``.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.
    **fixed
        Other options of the family, with one value for all, such as ``epochs=30``.

    Returns
    -------
    Sweep
        With the table and the embedding of every combination. Nothing is written to `adata`. The
        table has a column for each option, and then

        ``decoder``, ``dim``, ``n_train``, ``n_test``
            What was trained, on how many samples, and how many were kept aside.
        ``train_loss``, ``validation_loss``
            Mean squared error of an entry, in the units of the matrix squared (of other families
            the loss that they have): over the steps before the last evaluation, and of held-out
            entries of the samples that were trained on, NaN where none are held out.
        ``spread``, ``largest``
            Of the coordinates of the samples that were trained on: the standard deviation, pooled
            over dimensions, and the largest absolute value.
        ``accuracy_new``, ``balanced_accuracy_new``
            With a `label`: share of right answers, and its mean over classes, for the samples that
            were kept aside and then placed by :func:`fe_anndata.tl.transform`. The classifier
            is fitted to the samples that were trained on. For numbers it is ``label_r2_new``.
        ``accuracy_fitted``, ``balanced_accuracy_fitted``
            The same of samples that the embedding **was** fitted to, of which only the classifier
            has not seen the label (cross-validated in as many folds). The thesis reports this. It
            does not tell how well new samples are placed. For numbers it is ``label_r2_fitted``.
        ``r2_new``
            Share of the squared deviations of the samples kept aside from the gene means of the
            training that is predicted where they were placed.
        ``seconds_fit``, ``seconds_new``
            Time to train, and to place the samples that were kept aside.

    Raises
    ------
    TypeError, ValueError, KeyError
        Before anything is trained: if an option does not exist, is out of its range or does not go
        with others, a column is missing or cannot be divided, or `checkpoint` holds another sweep
        (of other data or options) or something else.

    Notes
    -----
    The thesis trains for 100,000 minibatches, each of as many random entries as ten profiles have,
    which is about 100 epochs of its data. All 30 trainings would take days on two cores. Here a
    minibatch is a tile of 100 samples x 100 genes, whose first layer is computed once for each
    sample and each gene, and there are 15 epochs: so the default sweep of 1,200 samples x 3,600
    genes takes less than 20 minutes on two cores (``python -m benchmarks.sweep``). With
    ``minibatch="entries", steps=100_000, validation=0.0`` trainings are as published.

    The weight ``l2`` is that of the sum of squares of all parameters beside the mean over entries.
    So what it means to one sample is proportional to the number of samples: with a tenth of the
    samples of the thesis the same cloud needs ten times the weight.

    Trainings share the seed, and so the held-out entries, but compute everything anew. The audit of
    the matrix, the drawing of held-out entries and the start take less than a hundredth of a
    training with the recipe of the thesis, and about a twelfth of one with ``"default"``.

    A training whose loss is not finite has a row with NaN, after a warning, and the others go on.
    Ctrl-C returns the rows of all trainings that are complete, with a warning.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(120, 60, 3)
    >>> grid = {"gene_dim": [4, 8], "l2": [0, 1e-4]}
    >>> found = fe.tl.sweep(adata, grid, label="group", epochs=60, progress=False)
    >>> found.table[["gene_dim", "l2"]].to_numpy().tolist()
    [[4.0, 0.0], [4.0, 0.0001], [8.0, 0.0], [8.0, 0.0001]]
    >>> found.samples.obsm["X_3"].shape
    (120, 2)
    """
    seed, shown = seed_of(rng), settings.shows(progress)
    require_anndata(adata)
    if not adata.obs_names.is_unique:
        raise ValueError(
            "sample names occur more than once, and the table of samples is by name: call "
            "adata.obs_names_make_unique() first."
        )
    of = family(model)
    swept = listed(GRID if options is None else options)
    require_names(swept, fixed, inspect.signature(sweep).parameters, "tl.sweep")
    require_choice(recipe, of.recipes, "recipe")
    require_choice(classifier, CLASSIFIERS, "classifier")
    if groups is not None and label is None:
        raise ValueError("groups says who is kept aside together, which needs a label; add it.")
    folder = None if checkpoint is None else SweepFolder(checkpoint)
    samples = labelled(adata, label, groups, layer, mask_var, logarithms=not of.any_unit)
    common = {**of.embedded_in(DIM), **_budget(recipe, {*swept, *fixed}), **fixed}
    varied = combinations(swept)
    given = [{**common, **each} for each in varied]
    aside = None if label is None else keep_aside(samples, folds, seed)
    kept = Kept(of, recipe, samples, aside, reader_of(samples, classifier), device, seed)
    require_all(of, recipe, given, (len(kept.fitted), len(samples.genes)))
    told = {
        "model": model,
        "recipe": recipe,
        "options": list(swept.items()),
        "fixed options": common,
        "seed": seed,
        **kept.described(given[0]),
    }
    done: dict[int, Done] = {}
    with nullcontext() if folder is None else folder.held(as_json(told)):
        try:
            with progress_bar(len(given), shown=shown, unit="training") as bar:
                for i in range(len(given)):
                    ending.check()
                    found = None if folder is None else folder.found(i)
                    done[i] = found or trained(kept, given[i], in_words(varied[i]))
                    if folder is not None and found is None:
                        folder.keep(i, *done[i])
                    bar.update()
        except KeyboardInterrupt:
            if not done:
                raise
            warn_user(f"interrupted: {len(done)} of {len(given)} combinations are complete.")
    return Sweep(_table(swept, done), _samples(adata, kept, done), swept)


def _budget(recipe: str, given: Collection[str]) -> dict[str, Any]:
    """Return what a sweep changes of a recipe, but for what the user says."""
    if recipe != THESIS:
        return {}
    said = {*given, "epochs"} if "steps" in given else given
    return {name: value for name, value in BUDGET.items() if name not in said}


def _table(swept: Mapping[str, Any], done: Mapping[int, Done]) -> pd.DataFrame:
    """Return a row for each combination that is complete, numbered as they are."""
    names = combinations(swept)
    table = pd.DataFrame([{**names[i], **row} for i, (row, _) in done.items()], index=list(done))
    measured = [name for name in COLUMNS if name in table and name not in swept]
    return table[[*swept, *measured]]


def _samples(adata: AnnData, kept: Kept, done: Mapping[int, Done]) -> AnnData:
    """Return the samples with what is known of them and all embeddings."""
    rows = adata.obs_names.get_indexer(kept.samples.samples)
    is_new = np.ones(len(rows), dtype=bool)
    is_new[kept.fitted] = False
    return AnnData(
        obs=adata.obs.iloc[rows].assign(new=is_new),
        obsm={f"X_{i}": u for i, (_, u) in done.items()},
        uns={name: value for name, value in adata.uns.items() if name.endswith("_colors")},
    )
