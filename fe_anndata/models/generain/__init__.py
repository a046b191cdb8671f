"""GeneRAIN: a transformer over lists of genes, whose values are seen by their rank in the gene.

``options``, ``sizes``
    What a user chooses, and what depends on the data.
``tokens``
    From values to lists of genes.
``transformer``, ``network``, ``cross_entropy``, ``objectives``
    The model, and what it learns.
``task``, ``held_out``, ``start``, ``baselines``
    Its training.
``trained``
    What a trained model does.

Here is the light part, which loads the rest when it is used.
"""

from __future__ import annotations

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


class GeneLists(Family):
    """The family ``"generain"``."""

    name = "generain"
    options = GeneRAIN
    recipes: ClassVar[Mapping[str, Recipe]] = RECIPES
    loss = "cross-entropy"
    any_unit = True
    per_gene = frozenset(
        {"vocabulary/rank"}
        | {f"preprocessing/{name}" for name in ("panel", "points", "n_expressed")}
        | {f"preprocessing/{name}" for name in ("mean", "spread", "expected")}
    )

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

    def settled(self, options: Options, shape: tuple[int, int]) -> GeneRAIN:
        """Return options with the values that a matrix of this shape is trained with."""
        from .sizes import sized

        assert isinstance(options, GeneRAIN)
        return sized(options, shape)


FAMILY = GeneLists()
