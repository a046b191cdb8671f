"""Factorized embeddings: a table of samples, a table of genes, and a decoder between them.

Trofimov et al., Factorized embeddings learns rich and biologically meaningful embedding spaces
using factorized tensor decomposition, Bioinformatics 36 (2020).

``options``, ``recipes``, ``older``
    What a user chooses, and how files of earlier versions called it.
``network``, ``decoders``
    The model.
``task``, ``setting``, ``sizes``, ``enough_memory``, ``start``, ``target``
    From a problem and options to a training.
``whole_matrix``, ``minibatches``, ``neighbours``, ``objective``
    Its steps.
``finish``, ``residuals``, ``gene_coordinates``, ``gene_views``
    After its last step.
``trained``, ``placing``, ``exact_steps``, ``reduced_basis``
    What a trained model does.

Here is the light part, which loads the rest when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Family, Recipe
from ..options import Options
from .older import upgraded
from .options import FE
from .recipes import RECIPES

if TYPE_CHECKING:
    import numpy as np

    from ...training.problem import Problem
    from .objective import Objective
    from .trained import TrainedFE


class FactorizedEmbeddings(Family):
    """The family ``"fe"``."""

    name = "fe"
    options = FE
    recipes: ClassVar[Mapping[str, Recipe]] = RECIPES
    loss = "mse"
    takes_labels = takes_numbers = shares_rows = multiplies_anyhow = True
    per_gene = frozenset(
        {"model/offset", "model/genes", "noise/genes", "imputing/genes", "batches/effects"}
    )

    def task(
        self, problem: Problem, options: Options, facts: Mapping[str, float] | None
    ) -> Objective:
        """Return the training of a model."""
        from .task import task

        assert isinstance(options, FE)
        return task(problem, options, facts)

    def load(
        self,
        options: Options,
        samples: np.ndarray,
        genes: np.ndarray,
        arrays: Mapping[str, Mapping[str, Any]],
    ) -> TrainedFE:
        """Return a trained model."""
        from .loaded import load

        assert isinstance(options, FE)
        return load(options, samples, genes, arrays)

    def shapes(
        self, options: Options, n_samples: int, n_genes: int
    ) -> Mapping[str, tuple[int | None, ...]]:
        """Return the shape of each array of a model with these options."""
        from .sizes import shapes

        assert isinstance(options, FE)
        return shapes(options, n_samples, n_genes)

    def per_gene_of(self, options: Options) -> frozenset[str]:
        """Return those that there are: factors of genes only where their vectors are others."""
        assert isinstance(options, FE)
        return self.per_gene - (set() if options.gene_views else {"model/genes"})

    def settled(self, options: Options, shape: tuple[int, int]) -> FE:
        """Return options with the values that a matrix of this shape is trained with."""
        from .sizes import sized

        assert isinstance(options, FE)
        return sized(options, shape)

    def needs_whole(self, options: Options) -> str | None:
        """Minibatches of entries and of tiles need the matrix in memory."""
        assert isinstance(options, FE)
        kind = options.settled().minibatch
        if kind == "full":
            return None
        return f"minibatch={kind!r} needs the matrix in memory; minibatch='full' reads it by blocks"

    def without_processes(self, options: Options) -> str | None:
        """Return why: sums over samples add up, and minibatches follow one another."""
        assert isinstance(options, FE)
        kind = options.settled().minibatch
        if kind != "full":
            return f"minibatch={kind!r} is trained by one process, decoder='inner' by all"
        if options.gene_views is not None:
            return f"gene_views={options.gene_views!r} ranks all samples, in one process"
        return None

    def without_batches(self, options: Options) -> str | None:
        """Return why: what batches do is found with the exact solution for the gene table."""
        assert isinstance(options, FE)
        if options.gene_views is not None:
            return f"gene_views={options.gene_views!r} sees what batches do to genes"
        if options.settled().gene_step == "solve":
            return None
        return "batch_key needs gene_step='solve', the default of the inner decoder"

    def without_labels(self, options: Options) -> str | None:
        """Return why: classes pull the samples in steps that see all of them."""
        assert isinstance(options, FE)
        if options.settled().minibatch == "full":
            return None
        return "labels_key needs minibatch='full', the default of the inner decoder"

    def without_factors(self, options: Options) -> str | None:
        """Return why: factors move in steps that see all samples."""
        assert isinstance(options, FE)
        if options.settled().minibatch == "full":
            return None
        return "factors needs minibatch='full', the default of the inner decoder"

    def embedded_in(self, dim: int) -> dict[str, Any]:
        """Return the options with which samples are embedded in `dim` dimensions."""
        return {"sample_dim": dim}

    def upgraded(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters under their names of today."""
        return upgraded(params)


FAMILY = FactorizedEmbeddings()
