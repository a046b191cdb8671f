"""What :func:`fe_anndata.tl.compare_models` does with each model."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.gene_sets import GeneSets
from .._access.known_sets import known_sets
from .._access.labelled import Labelled
from .._core.errors import require_choice
from ._evaluation import Sides, Table, fit, scores
from ._methods import Method, family_named, known_methods, named, require_keywords
from .classify_genes import classify_genes

VERB = "tl.compare_models"


def chosen(models: Any, dim: int) -> dict[str, Method]:
    """Return what trains each model, by name.

    Raises
    ------
    ValueError, TypeError
        If there is none, one is not known, or its options do not fit.
    """
    if isinstance(models, str):
        models = [models]
    if not isinstance(models, Mapping):
        names = list(models) if isinstance(models, Sequence) else []
        if not names or not all(isinstance(name, str) for name in names):
            raise TypeError(
                f"models must be names ({', '.join(map(repr, known_methods()))}), or a dict of "
                f"options by name, not {models!r}."
            )
        if len(set(names)) < len(names):
            raise ValueError("a model is named twice in models; give a dict to tell them apart.")
        models = {name: {} for name in names}
    if not models:
        raise ValueError("models is empty; give at least two to compare.")
    return {str(name): _method(str(name), options, dim) for name, options in models.items()}


def _method(name: str, options: Any, dim: int) -> Method:
    if not isinstance(options, Mapping):
        raise TypeError(f"models[{name!r}] must be a dict of options, not {options!r}.")
    keywords = dict(options)
    kind = keywords.pop("model", name)
    require_choice(kind, known_methods(), "models" if kind is name else f"models[{name!r}]")
    of = family_named(kind)
    if of is None and keywords:
        raise ValueError(f"models[{name!r}]: {kind!r} has no options; leave them out.")
    if of is not None:
        require_keywords(of, keywords, dim, VERB)
    return named(kind, keywords)


def of_fold(
    method: Method, name: str, dim: int, data: Sides, reader: str | None, seed: int
) -> Table:
    """Return what is measured of a model on one fold; `reader` is the classifier, if any."""
    found = fit(method, name, dim, data, seed)
    nats = getattr(found.embedder, "nats", None)
    return {
        **found.facts(),
        **({} if reader is None else scores(found, data, reader, seed)),
        "r2_new": found.r2(data.means),
        **({} if nats is None else nats(found.samples[1])),
        **found.seconds,
    }


def over_folds(rows: Sequence[Table]) -> Table:
    """Return the means over folds, the spread of what is read first, and words once."""
    table = pd.DataFrame(rows)
    found: Table = {}
    for column in table:
        values = table[column]
        if values.dtype.kind not in "if":
            found[column] = ", ".join(dict.fromkeys(values.dropna()))
            continue
        found[column] = values.iloc[0] if column == "dim" else values.mean()
        if column in ("accuracy_new", "label_r2_new"):
            found[f"{column}_sd"] = values.std()
    return found


def gene_vectors(
    method: Method, dim: int, samples: Labelled, seed: int
) -> tuple[np.ndarray | None, float]:
    """Return the gene vectors of a model that is trained on all samples, and the seconds."""
    every = np.arange(len(samples.samples)), np.ones(len(samples.genes), dtype=bool)
    started = time.perf_counter()
    embedder = method(samples.part(*every), dim, seed)
    genes = getattr(embedder, "genes", None)
    return None if genes is None else genes(), time.perf_counter() - started


def require_gene_sets(var: pd.DataFrame, gene_sets: GeneSets) -> None:
    """Raise the errors of :func:`fe_anndata.tl.classify_genes` before anything is trained."""
    genes = _genes(var, {"any": np.ones((len(var), 1), np.float32)})
    known_sets(
        genes, gene_sets, key="any", universe=None, gene_symbols=None, min_genes=10,
        max_genes=None, min_nonmembers=2,
    )  # fmt: skip


def read_gene_sets(
    var: pd.DataFrame,
    vectors: Mapping[str, np.ndarray],
    gene_sets: GeneSets,
    folds: int,
    seed: int,
) -> dict[str, Table]:
    """Return how well gene sets are read off vectors, by model; off the genes that all know."""
    common = np.logical_and.reduce([np.isfinite(v).all(axis=1) for v in vectors.values()])
    found = {}
    for number, (name, table) in enumerate(vectors.items()):
        key = str(number)  # the name may be none that a key can have
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # sets left out, told before
            of_sets = classify_genes(
                _genes(var[common], {key: table[common]}), gene_sets, key=key, folds=folds,
                rng=seed, progress=False,
            ).table  # fmt: skip
        found[name] = {
            "auroc_gene_sets": float(of_sets["auroc"].mean()),
            "n_gene_sets": len(of_sets),
            "n_genes": int(common.sum()),
            "gene_dim": table.shape[1],
        }
    return found


def _genes(var: pd.DataFrame, varm: Mapping[str, np.ndarray]) -> AnnData:
    return AnnData(np.empty((0, len(var)), np.float32), var=var, varm=dict(varm))
