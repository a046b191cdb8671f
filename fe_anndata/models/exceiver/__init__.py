"""Exceiver: latent vectors that attend to the counted genes of a sample, and foretell all others.

``options``, ``sizes``
    What a user chooses, and what depends on the data.
``counts``, ``material``, ``projection``
    Samples as lists of genes and counts, what is hidden of them, and their principal components.
``network``, ``likelihoods``
    The model, and how it is judged.
``task``, ``finish``, ``continued``
    Its training, and that of a model that goes on with other samples.
``trained``
    What a trained model does.

Here is the light part, which loads the rest when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Family, Recipe
from ..options import Options
from .options import Exceiver
from .recipes import RECIPES

if TYPE_CHECKING:
    import numpy as np

    from ...training.problem import Problem
    from .task import Training
    from .trained import TrainedExceiver

_OF_GENES = frozenset({
    "vocabulary/rank", "preprocessing/expected", "projection/loadings", "projection/mean",
    "projection/share", "model/offset",
})  # fmt: skip
_OF_NB = frozenset({"model/dispersion"})


class CountLists(Family):
    """The family ``"exceiver"``."""

    name = "exceiver"
    options = Exceiver
    recipes: ClassVar[Mapping[str, Recipe]] = RECIPES
    loss = "nll"
    any_unit = True
    takes_labels = True
    per_gene = _OF_GENES | _OF_NB

    def task(
        self, problem: Problem, options: Options, facts: Mapping[str, float] | None
    ) -> Training:
        """Return the training of a model."""
        from .task import task

        assert isinstance(options, Exceiver)
        return task(problem, options, facts)

    def load(
        self,
        options: Options,
        samples: np.ndarray,
        genes: np.ndarray,
        arrays: Mapping[str, Mapping[str, Any]],
    ) -> TrainedExceiver:
        """Return a trained model."""
        from .trained import load

        assert isinstance(options, Exceiver)
        return load(options, samples, genes, arrays)

    def per_gene_of(self, options: Options) -> frozenset[str]:
        """Return the arrays with a row for each gene that a model with these options has."""
        assert isinstance(options, Exceiver)
        return _OF_GENES | (_OF_NB if options.likelihood == "nb" else frozenset())

    def settled(self, options: Options, shape: tuple[int, int]) -> Exceiver:
        """Return options with the values that a matrix of this shape is trained with."""
        from .sizes import sized

        assert isinstance(options, Exceiver)
        return sized(options, shape)

    def embedded_in(self, dim: int) -> dict[str, Any]:
        """Return the options with which samples are embedded in `dim` dimensions."""
        return {"sample_dim": dim}


FAMILY = CountLists()
