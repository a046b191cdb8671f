"""GeneRAIN: a transformer over lists of genes, whose values are seen by their rank in the gene.

``options``, ``sizes``
    What a user chooses, and what depends on the data.
``tokens``
    From values to lists of genes.
``network``, ``cross_entropy``, ``objectives``
    The model, and what it learns.
``task``, ``held_out``, ``start``, ``baselines``
    Its training.
``trained``
    What a trained model does.

Here is the light part, which loads the rest when it is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Family, Recipe
from ..options import Options
from .options import GeneRAIN
from .recipes import RECIPES

if TYPE_CHECKING:
    import numpy as np

    from ...training.problem import Problem
    from .task import Training
    from .trained import TrainedGeneRAIN

_ALWAYS = ("vocabulary/rank", "preprocessing/expected")
_SCALES = {
    "bins": ("preprocessing/panel", "preprocessing/points", "preprocessing/n_expressed"),
    "z": ("preprocessing/mean", "preprocessing/spread"),
}
"""Arrays with a row for each gene; the latter by what values become."""


class GeneLists(Family):
    """The family ``"generain"``."""

    name = "generain"
    options = GeneRAIN
    recipes: ClassVar[Mapping[str, Recipe]] = RECIPES
    loss = "cross-entropy"
    any_unit = True
    takes_labels = True
    every_gene = False  # no list may show it
    per_gene = frozenset({*_ALWAYS, *_SCALES["bins"], *_SCALES["z"]})
    padded = frozenset({"preprocessing/panel"})

    def task(
        self, problem: Problem, options: Options, facts: Mapping[str, float] | None
    ) -> Training:
        """Return the training of a model."""
        from .task import task

        assert isinstance(options, GeneRAIN)
        return task(problem, options, facts)

    def load(
        self,
        options: Options,
        samples: np.ndarray,
        genes: np.ndarray,
        arrays: Mapping[str, Mapping[str, Any]],
    ) -> TrainedGeneRAIN:
        """Return a trained model."""
        from .trained import load

        assert isinstance(options, GeneRAIN)
        return load(options, samples, genes, arrays)

    def per_gene_of(self, options: Options) -> frozenset[str]:
        """Return the arrays with a row for each gene that a model with these options has."""
        assert isinstance(options, GeneRAIN)
        return frozenset({*_ALWAYS, *_SCALES[options.values]})

    def loss_of(self, options: Options) -> str:
        """Return what the history of a training with these options holds."""
        assert isinstance(options, GeneRAIN)
        of_numbers = options.objective == "masked-expression" and options.layout == "ours"
        return "mse" if of_numbers else self.loss

    def settled(self, options: Options, shape: tuple[int, int]) -> GeneRAIN:
        """Return options with the values that a matrix of this shape is trained with."""
        from .sizes import sized

        assert isinstance(options, GeneRAIN)
        return sized(options, shape)

    def embedded_in(self, dim: int) -> dict[str, Any]:
        """Return the options with which samples are embedded in `dim` dimensions."""
        return {"width": dim, "heads": math.gcd(dim, self.options().heads)}


FAMILY = GeneLists()
