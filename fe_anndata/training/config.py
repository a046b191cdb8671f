"""All that is chosen about a run: a recipe, and what the user changed in it."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from .._core.errors import require_choice
from .recipes import RECIPES

CHOICES = {
    "activation": ("relu", "tanh"),
    "output": ("linear", "bounded"),
    "optimizer": ("adam", "rmsprop", "muon"),
    "batch": ("full", "cells", "tiles"),
    "gene_step": ("solve", "gradient"),
    "init": ("torch", "glorot"),
    "validation_by": ("cells", "samples"),
    "noise": ("auto", "shared", "equal"),
    "metric": ("auto", "expression", "free"),
    "gene_metric": ("auto", "balanced", "free"),
}


@dataclass(frozen=True)
class Config:
    """One run of factorized embeddings; the defaults are those of every recipe.

    Each field is a keyword of :func:`fe_anndata.tl.train`, where it is explained. ``None`` stands
    for what depends on the data and is settled when they are seen.
    """

    decoder: str
    sample_dim: int = 2
    gene_dim: int | None = None
    hidden: tuple[int, ...] = ()
    gene_hidden: tuple[int, ...] = ()
    fourier: int | str = 0
    activation: str = "relu"
    output: str = "linear"
    center: bool = True
    sample_start: str = "pca"
    gene_start: str = "svd"
    init: str = "glorot"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    sample_learning_rate: float | str | None = None
    gene_learning_rate: float | None = None
    warm_up: int = 0
    l2: float = 0.0
    weight_decay: float = 0.0
    gene_step: str = "gradient"
    solve_every: int | str = "auto"
    gene_prior: float = 0.0
    sample_noise: float = 0.0
    neighbor_weight: float | str = 0.0
    sample_prior: float | str = 1.0
    relocate: bool = False
    noise: str = "auto"
    metric: str = "free"
    gene_metric: str = "free"
    batch: str = "full"
    batch_size: int | tuple[int, int] | None = None
    steps: int | None = None
    epochs: float | None = None
    validation: float | str = "auto"
    validation_by: str = "cells"
    evaluate_every: int | None = None
    patience: int | None = None
    learning_rate_drops: int = 0
    tolerance: float = 0.0

    @property
    def needs_target(self) -> bool:
        """Whether the run multiplies the whole matrix: to center, to start, or in each step."""
        by_components = self.sample_start == "pca" or self.gene_start == "svd"
        return self.center or by_components or self.batch == "full"

    @property
    def row_wise(self) -> bool:
        """Whether a step moves only those rows of the tables that it has seen."""
        tiles = self.decoder == "concat" and self.batch == "tiles"
        return tiles and self.optimizer != "rmsprop"


EPOCHS_OF_BATCHES = 30
"""The budget of the inner decoder on batches."""

# Keywords that mean nothing to a decoder: an error if the user gives one, not ignored.
_INNER_ONLY = (
    "gene_hidden",
    "fourier",
    "gene_step",
    "solve_every",
    "gene_prior",
    "metric",
    "gene_metric",
)
NOT_FOR = {
    "inner": (),
    "concat": _INNER_ONLY,
    "dot": ("hidden", "activation", *_INNER_ONLY),
}


def resolve(recipe: str, **changes: Any) -> Config:
    """Return the configuration of `recipe` with `changes` (those that are not None) applied.

    Raises
    ------
    ValueError
        For an unknown recipe, choice or keyword, or one that does not fit the decoder.
    """
    given = {name: plain(value) for name, value in changes.items() if value is not None}
    require_choice(recipe, RECIPES, "recipe")
    by_decoder = RECIPES[recipe]
    decoder = given.pop("decoder", next(iter(by_decoder)))
    require_choice(decoder, NOT_FOR, "decoder")
    if decoder not in by_decoder:
        raise ValueError(
            f"recipe {recipe!r} is for decoder={' or '.join(map(repr, by_decoder))}, not "
            f"{decoder!r}; leave out decoder, or take recipe='default'."
        )
    for name in NOT_FOR[decoder]:
        if name in given:
            raise ValueError(f"{name} does not apply to decoder={decoder!r}; leave it out.")
    for name in ("hidden", "gene_hidden"):
        if name in given:
            given[name] = _sizes(name, given[name])
    config = Config(decoder=decoder, **by_decoder[decoder])
    budget = config
    config = with_budget(config, given.pop("steps", None), given.pop("epochs", None))
    if decoder == "dot" and "sample_dim" in given:
        given.setdefault("gene_dim", given["sample_dim"])
    if isinstance(given.get("batch_size"), tuple) and len(given["batch_size"]) == 1:
        given["batch_size"] = given["batch_size"][0]
    if "batch" in given:
        given.setdefault("batch_size", None)
    if decoder == "inner" and given.get("batch", "full") != "full":
        # The rest of that recipe is for the whole matrix at once.
        given.setdefault("sample_noise", 0.0)
        given.setdefault("neighbor_weight", 0.0)
        given.setdefault("weight_decay", 0.0)
        given.setdefault("relocate", False)
        if config == budget:
            config = with_budget(config, None, EPOCHS_OF_BATCHES)
    if given.get("batch", "full") != "full" or given.get("gene_hidden"):
        given.setdefault("gene_step", "gradient")
    if given.get("hidden") == ():
        given.setdefault("fourier", 0)
    if given.get("optimizer", "muon") != "muon":
        given.setdefault("weight_decay", 0.0)
        given.setdefault("relocate", False)
    if given.get("output") == "bounded":
        given.setdefault("center", False)
    config = replace(config, **given)
    _check(config)
    for name in ("solve_every", "gene_prior") if config.gene_step == "gradient" else ():
        if name in given:
            raise ValueError(f"{name} needs gene_step='solve'; leave it out.")
    if config.gene_step == "solve" and "gene_learning_rate" in given:
        raise ValueError("gene_learning_rate needs gene_step='gradient'; add it, or leave it out.")
    return config


def with_budget(config: Config, steps: int | None, epochs: float | None) -> Config:
    """Return `config` with another budget, if one is given, in steps or in epochs."""
    if steps is not None and epochs is not None:
        raise ValueError("give steps or epochs, not both.")
    if steps is None and epochs is None:
        return config
    changed = replace(config, steps=plain(steps), epochs=plain(epochs))
    _check(changed)
    return changed


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(_at_least(1, size, numbers.Integral) for size in sizes):
        raise ValueError(f"{name} must be positive integers, such as (100, 50), not {value!r}.")
    return sizes


def _check(config: Config) -> None:
    for name, choices in CHOICES.items():
        require_choice(getattr(config, name), choices, name)
    if config.batch == "full" and config.decoder != "inner":
        raise ValueError("batch='full' needs decoder='inner'; take batch='tiles' or 'cells'.")
    if config.batch == "full" and config.output != "linear":
        raise ValueError("batch='full' needs output='linear'; take batch='tiles' or 'cells'.")
    if config.output == "bounded" and config.center:
        raise ValueError("output='bounded' has no gene offset; add center=False.")
    if config.decoder == "dot" and config.sample_dim != config.gene_dim:
        raise ValueError(
            "decoder='dot' needs sample_dim == gene_dim, got "
            f"{config.sample_dim} and {config.gene_dim}."
        )
    if config.gene_metric == "balanced" and (config.gene_hidden or not config.center):
        raise ValueError(
            "gene_metric='balanced' needs center=True and no gene_hidden; take gene_metric='free'."
        )
    if config.gene_step == "solve" and (config.batch != "full" or config.gene_hidden):
        raise ValueError(
            "gene_step='solve' needs batch='full' and no gene_hidden; take gene_step='gradient'."
        )
    if config.solve_every != "auto" and not _at_least(1, config.solve_every, numbers.Integral):
        raise ValueError(
            f"solve_every must be a positive integer or 'auto', not {config.solve_every!r}."
        )
    rate = config.sample_learning_rate
    if rate not in (None, "auto") and not _at_least(math.ulp(0), rate):
        raise ValueError(f"sample_learning_rate must be positive or 'auto', not {rate!r}.")
    for name in ("sample_prior", "neighbor_weight"):
        weight = getattr(config, name)
        if weight != "auto" and not _at_least(0, weight):
            raise ValueError(
                f"{name} must be a number that is not negative, or 'auto', not {weight!r}."
            )
    if config.fourier and not config.hidden:
        raise ValueError("fourier needs a network; give hidden, or fourier=0.")
    if config.fourier != "auto" and not _at_least(0, config.fourier, numbers.Integral):
        raise ValueError(
            f"fourier must be an integer that is not negative, or 'auto', not {config.fourier!r}."
        )
    rules = (
        (
            "a positive integer",
            1,
            numbers.Integral,
            ("sample_dim", "gene_dim", "steps", "evaluate_every", "patience"),
        ),
        (
            "an integer that is not negative",
            0,
            numbers.Integral,
            ("warm_up", "learning_rate_drops"),
        ),
        (
            "positive",
            math.ulp(0),
            numbers.Real,
            ("learning_rate", "gene_learning_rate", "epochs"),
        ),
        (
            "a number that is not negative",
            0,
            numbers.Real,
            ("l2", "sample_noise", "tolerance", "weight_decay", "gene_prior"),
        ),
    )
    for what, least, kind, names in rules:
        for name in names:
            value = getattr(config, name)
            if value is not None and not _at_least(least, value, kind):
                raise ValueError(f"{name} must be {what}, not {value!r}.")
    if not isinstance(config.relocate, bool):
        raise ValueError(f"relocate must be True or False, not {config.relocate!r}.")
    if config.weight_decay and config.optimizer != "muon":
        raise ValueError("weight_decay needs optimizer='muon'; for others there is l2.")
    if config.sample_noise and config.batch != "full":
        raise ValueError("sample_noise needs decoder='inner' and batch='full'.")
    if config.neighbor_weight and config.batch != "full":
        raise ValueError("neighbor_weight needs decoder='inner' and batch='full'.")
    if config.validation != "auto" and not (
        isinstance(config.validation, (int, float)) and 0 <= config.validation <= 0.5
    ):
        raise ValueError(
            f"validation must be a fraction from 0 (none) to 0.5, or 'auto', not "
            f"{config.validation!r}."
        )
    _check_batch_size(config)


def _check_batch_size(config: Config) -> None:
    size = config.batch_size
    if size is None:
        return
    if config.batch == "full":
        raise ValueError("batch_size does not apply to batch='full'; leave it out.")
    pair = isinstance(size, tuple) and len(size) == 2
    parts = size if isinstance(size, tuple) else (size,)
    if pair != (config.batch == "tiles") or not all(
        _at_least(1, part, numbers.Integral) for part in parts
    ):
        raise ValueError(
            "batch_size is (samples, genes) for batch='tiles' and a number of cells for 'cells', "
            f"not {size!r} for {config.batch!r}."
        )


def _at_least(least: float, value: Any, kind: type = numbers.Real) -> bool:
    """Return whether `value` is a finite number of this kind that is not below `least`."""
    number = isinstance(value, kind) and not isinstance(value, bool)
    return number and least <= float(value) < math.inf


def plain(value: Any) -> Any:
    """Return Python numbers and tuples for those of numpy, which users loop over and files give."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    if isinstance(value, (list, tuple)):
        return tuple(plain(part) for part in value)
    return value.item() if isinstance(value, np.generic) else value


FIELDS = tuple(field.name for field in fields(Config))
