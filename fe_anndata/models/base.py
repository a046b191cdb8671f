"""What a family is: its options, its recipes, how it is trained and loaded.

A family is one folder beside this file, and one line in :mod:`fe_anndata.models`. Nothing else
names it: verbs, store and command line know the four nouns of this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from .._core.errors import require_choice
from .options import Options, merged, require_known
from .trained import Trained

if TYPE_CHECKING:
    import numpy as np

    from ..training.problem import Problem
    from ..training.task import Task


@dataclass(frozen=True)
class Recipe:
    """A name for some options.

    Attributes
    ----------
    doc
        What it is, in a line.
    changes
        The options it changes.
    allows
        Options of which only some values make sense with it.
    normalize
        The step by which it makes logarithms of values that are none; that for their units if it
        is None.
    """

    doc: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    allows: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    normalize: str | None = None


class Family(ABC):
    """A kind of model.

    Attributes
    ----------
    name
        Under which :func:`fe_anndata.tl.train` knows it; also its default key.
    options
        The class of its options.
    recipes
        By name; one is called ``"default"``.
    loss
        What its history holds: ``"mse"``, ``"cross-entropy"`` or ``"nll"``.
    per_gene
        Arrays of :meth:`Trained.arrays`, as ``"section/name"``, with a row for each trained gene.
    padded
        Those of them whose rows end in NaN, where a gene has fewer numbers than others.
    any_unit
        Whether raw counts are as good as their logarithms.
    takes_labels
        Whether models learn classes of samples beside all else.
    takes_numbers
        Whether they learn numbers of samples as well.
    every_gene
        Whether every trained gene has a vector.
    shares_rows
        Whether several processes each hold some of the samples, instead of pieces of a step.
    multiplies_anyhow
        Whether trainings may round as the quickest products do, instead of as those with which new
        samples are embedded.
    """

    name: ClassVar[str]
    options: ClassVar[type[Options]]
    recipes: ClassVar[Mapping[str, Recipe]] = {"default": Recipe("")}
    loss: ClassVar[str] = "mse"
    per_gene: ClassVar[frozenset[str]] = frozenset()
    padded: ClassVar[frozenset[str]] = frozenset()
    any_unit: ClassVar[bool] = False
    takes_labels: ClassVar[bool] = False
    takes_numbers: ClassVar[bool] = False
    every_gene: ClassVar[bool] = True
    shares_rows: ClassVar[bool] = False
    multiplies_anyhow: ClassVar[bool] = False

    @abstractmethod
    def task(self, problem: Problem, options: Options, facts: Mapping[str, float] | None) -> Task:
        """Return the training of a model.

        Parameters
        ----------
        problem
            What is learned from.
        options
            What was chosen.
        facts
            Of the earlier run that is continued (:attr:`fe_anndata.training.task.Task.facts`);
            None for a new one.
        """

    @abstractmethod
    def load(
        self,
        options: Options,
        samples: np.ndarray,
        genes: np.ndarray,
        arrays: Mapping[str, Mapping[str, Any]],
    ) -> Trained:
        """Return the trained model of what :class:`Trained` has given away."""

    def shapes(
        self, options: Options, n_samples: int, n_genes: int
    ) -> Mapping[str, tuple[int | None, ...]]:
        """Return the shape of each array that :meth:`load` needs, so that others are refused.

        The names are those of :meth:`Trained.arrays`, as ``"section/name"``, and ``"samples"`` and
        ``"genes"`` for both embeddings; () is a number, and None any length. Nothing that is large
        may be made for it. By default no more is known than `per_gene` says.
        """
        return {}

    def per_gene_of(self, options: Options) -> frozenset[str]:
        """Return those of `per_gene` that a model with these options has."""
        return self.per_gene

    def loss_of(self, options: Options) -> str:
        """Return what the history of a model with these options holds; `loss` by default."""
        return self.loss

    def settled(self, options: Options, shape: tuple[int, int]) -> Options:
        """Return options with every ``"auto"`` replaced that the shape of the matrix decides."""
        return options.settled()

    def needs_whole(self, options: Options) -> str | None:
        """Return why the matrix has to be in memory for these options; None if it need not be."""
        return None

    def without_processes(self, options: Options) -> str | None:
        """Return why one process alone trains models with these options; None if several can."""
        return None

    def without_batches(self, options: Options) -> str | None:
        """Return why these options take no batches of samples; None if they do."""
        return f"batch_key does not apply to the family {self.name!r}"

    def without_labels(self, options: Options) -> str | None:
        """Return why these options learn no classes of samples; None if they do."""
        if self.takes_labels:
            return None
        return f"labels_key does not apply to the family {self.name!r}"

    def without_factors(self, options: Options) -> str | None:
        """Return why these options make no sample vectors of factors; None if they do."""
        return f"factors does not apply to the family {self.name!r}"

    def embedded_in(self, dim: int) -> dict[str, Any]:
        """Return the options with which samples are embedded in `dim` dimensions.

        By default there are none: the family has one dimension, or chooses it itself.
        """
        return {}

    def upgraded(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a file of an earlier version under their names of today."""
        return dict(params)

    def choose(
        self, recipe: str, given: Mapping[str, Any], others: Mapping[str, type[Options]]
    ) -> Options:
        """Return the options of a recipe with what the user gives.

        Raises
        ------
        TypeError
            For an option that the family does not have.
        ValueError
            For an unknown recipe, or values that do not fit.
        """
        require_known(self.options, self.name, given, others)
        require_choice(recipe, self.recipes, "recipe")
        chosen = self.recipes[recipe]
        for name, allowed in chosen.allows.items():
            if name in given and given[name] not in allowed:
                raise ValueError(
                    f"recipe {recipe!r} is for {name}={' or '.join(map(repr, allowed))}, not "
                    f"{given[name]!r}; leave out {name}, or take recipe='default'."
                )
        return self.options(**merged(self.options, chosen.changes, given))
