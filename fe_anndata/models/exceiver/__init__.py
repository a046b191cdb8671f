"""Exceiver: latent vectors that attend to the counted genes of a sample, and predict all others.

``options``, ``sizes``
    What a user chooses, and what depends on the data.
``counts``, ``material``, ``projection``
    Samples as lists of genes and counts, what is hidden of them, and their principal components.
``network``, ``likelihoods``
    The model, and how it is judged.
``task``, ``finish``, ``continued``
    Its training, and that of a model that goes on with other samples.
``steps``, ``embedding``
    What is the same for any network on counts: how it is trained, and how it embeds.
``trained``
    What a trained model does.
``published``
    The published network in place of ours.

Here is the light part, which loads the rest when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Family, Recipe
from ..options import Options
from .options import Exceiver
from .recipes import RECIPES

if TYPE_CHECKING:
    import numpy as np

    from ...training.problem import Problem
    from .embedding import TrainedOnCounts
    from .steps import Steps

_ALWAYS = frozenset({"vocabulary/rank", "preprocessing/expected"})
_OF_NB = frozenset({"model/dispersion", "batches/dispersion"})


@dataclass(frozen=True)
class Layout:
    """What a layout is.

    Attributes
    ----------
    task, trained
        The modules with its functions ``task`` and ``load``.
    loss
        What its history holds.
    per_gene
        Its arrays with a row for each gene.
    """

    task: str
    trained: str
    loss: str
    per_gene: frozenset[str]


_LAYOUTS = {
    "ours": Layout(
        ".task",
        ".trained",
        "nll",
        _ALWAYS
        | {"projection/loadings", "projection/mean", "projection/share", "model/offset"}
        | {"batches/offsets"},
    ),
    "published": Layout(
        ".published.task",
        ".published.trained",
        "mse",
        _ALWAYS | {"scaling/mean", "scaling/spread"},
    ),
}


class CountLists(Family):
    """The family ``"exceiver"``."""

    name = "exceiver"
    options = Exceiver
    recipes: ClassVar[Mapping[str, Recipe]] = RECIPES
    loss = "nll"
    any_unit = True
    takes_labels = True
    per_gene = _OF_NB.union(*(layout.per_gene for layout in _LAYOUTS.values()))

    def task(self, problem: Problem, options: Options, facts: Mapping[str, float] | None) -> Steps:
        """Return the training of a model."""
        found: Steps = _module(_layout(options).task).task(problem, options, facts)
        return found

    def load(
        self,
        options: Options,
        samples: np.ndarray,
        genes: np.ndarray,
        arrays: Mapping[str, Mapping[str, Any]],
    ) -> TrainedOnCounts:
        """Return a trained model."""
        module = _module(_layout(options).trained)
        found: TrainedOnCounts = module.load(options, samples, genes, arrays)
        return found

    def loss_of(self, options: Options) -> str:
        """Return what the history of a model with these options holds."""
        return _layout(options).loss

    def per_gene_of(self, options: Options) -> frozenset[str]:
        """Return the arrays with a row for each gene that a model with these options has."""
        assert isinstance(options, Exceiver)
        found = _layout(options).per_gene
        return found | _OF_NB if options.likelihood == "nb" else found

    def without_batches(self, options: Options) -> str | None:
        """Return why the published layout takes no batches."""
        assert isinstance(options, Exceiver)
        return None if options.layout == "ours" else "layout='published' takes no batches"

    def settled(self, options: Options, shape: tuple[int, int]) -> Exceiver:
        """Return options with the values that a matrix of this shape is trained with."""
        from .sizes import sized

        assert isinstance(options, Exceiver)
        return sized(options, shape)

    def embedded_in(self, dim: int) -> dict[str, Any]:
        """Return the options with which samples are embedded in `dim` dimensions."""
        return {"sample_dim": dim}


def _layout(options: Options) -> Layout:
    assert isinstance(options, Exceiver)
    return _LAYOUTS[options.layout]


def _module(name: str) -> Any:
    return import_module(name, __name__)


FAMILY = CountLists()
