"""What a family is: its options, its recipes, how it is trained, and what a trained one can do.

A family is one folder beside this file, and one line in :mod:`fe_anndata.models`. Nothing else
names it: verbs, store and command line know the four nouns of this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from .._core.errors import require_choice
from .options import Options, merged, require_known

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from ..training.problem import Problem
    from ..training.task import Task


class UnfitValueError(ValueError):
    """A value that a family does not take; models know no names, so verbs add them.

    Attributes
    ----------
    row, column
        Where it is: counted from 0, in the samples and the genes that a model was given.
    said
        The message, in which ``{where}`` stands for the place.
    """

    def __init__(self, row: int, column: int, said: str) -> None:
        super().__init__(said.format(where=f"row {row}, column {column} (the first are 0)"))
        self.row, self.column, self.said = row, column, said

    def named(self, sample: object, gene: object) -> ValueError:
        """Return the same with the names of the sample and the gene."""
        where = f"the gene {str(gene)!r} in the sample {str(sample)!r}"
        return ValueError(self.said.format(where=where))


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
    """

    doc: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    allows: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """Samples that were placed in a trained embedding.

    Attributes
    ----------
    u
        Coordinates, float32 (n, d); NaN for a sample without a value.
    error
        Their standard errors, float32 (n, d), if the family knows them.
    n_genes
        Number of genes with a value, int64 (n,).
    facts
        More about each sample by name, such as ``"r2"``; each (n,).
    probabilities
        Of the classes that the model has learned, float32 (n, k), if it has.
    """

    u: np.ndarray
    error: np.ndarray | None
    n_genes: np.ndarray
    facts: Mapping[str, np.ndarray]
    probabilities: np.ndarray | None = None


Place: TypeAlias = Callable[..., Placed]
"""What places new samples, (n, m), where batches are known with their covariates, (n, q)."""


class Trained(ABC):
    """A trained model, without anndata.

    Attributes
    ----------
    options
        With every value that was used.
    change
        What the sample table was multiplied with after the training, (d, d), None for nothing;
        known where a training ends, not of a model that was read.
    """

    options: Options
    change: np.ndarray | None = None

    @property
    def module(self) -> nn.Module:
        """The torch module, if there is one."""
        raise ValueError("a model of this family is no torch module.")

    @abstractmethod
    def samples(self) -> np.ndarray:
        """Return the sample embedding, float32 (n_obs, sample_dim)."""

    @abstractmethod
    def genes(self) -> np.ndarray:
        """Return the gene embedding, float32 (trained genes, gene_dim)."""

    @abstractmethod
    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return all that :meth:`Family.load` needs beside both embeddings.

        Numbers and arrays by section and name; weights are the section ``"model"``.
        """

    def placing(self, known: np.ndarray) -> Place:
        """Return what places blocks of new samples, float32 (n, len(known)), NaN where missing.

        Parameters
        ----------
        known
            Which of the trained genes the columns are.
        """
        raise ValueError("a model of this family places no new samples.")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the model tells apart."""
        return ()

    @property
    def tells_numbers(self) -> bool:
        """Whether the model tells a number of each sample, as the fact ``"label"``."""
        return False

    @property
    def rows_at_a_time(self) -> int:
        """How many samples :meth:`placing` likes to get at a time."""
        return 512

    @property
    def can_decode(self) -> bool:
        """Whether the model predicts expression at coordinates."""
        return False

    @property
    def per_total(self) -> bool:
        """Whether predictions are counts of samples of one total, to be brought to that of each."""
        return False

    @property
    def of_levels(self) -> Mapping[str, pd.DataFrame]:
        """Vectors of the levels of factors by name, of which sample vectors are sums, if of any."""
        return {}

    def at_levels(self, combinations: Mapping[str, Sequence[str]]) -> np.ndarray:
        """Return the sample vectors of combinations of levels of all factors, float32 (n, d)."""
        parts = [self.of_levels[name].loc[list(of)] for name, of in combinations.items()]
        found: np.ndarray = sum(part.to_numpy(dtype=np.float32) for part in parts)
        return found

    @property
    def batches_add(self) -> bool:
        """Whether a batch adds a number to each gene, in the units of the matrix."""
        return False

    @property
    def dispersion(self) -> np.ndarray | None:
        """The dispersion of each trained gene, if known: a count varies by mean + this x mean²."""
        return None

    def decode(
        self, u: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prediction at coordinates `u` (n, d), float32 (n, len(genes)).

        It is of the batches that `covariates` (n, q) tell, or of the mean of those of the training.
        """
        raise ValueError("a model of this family does not predict expression.")

    def decode_pairs(
        self, samples: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prediction for pairs of trained samples and genes, float32 (n,).

        It is of the batches that `covariates` (n, q) tell of each pair, or of their mean.
        """
        raise ValueError("a model of this family does not predict expression.")

    def contexts(self, X: np.ndarray, known: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return of each sample the genes that it is seen by, and their vectors in it.

        Parameters
        ----------
        X
            Samples, as for :meth:`placing`.
        known
            Which of the trained genes the columns are; genes are returned as such numbers.
        """
        raise ValueError("genes have no vectors of their own in a sample in models of this family.")

    def attention(self, X: np.ndarray, known: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return of each sample the genes that it is seen by, and what latent vectors take of each.

        Parameters
        ----------
        X
            Samples, as for :meth:`placing`.
        known
            Which of the trained genes the columns are; genes are returned as such numbers.

        Returns
        -------
        list
            Genes (t,) and weights, float32 (t, latents), whose sums over genes are 1.
        """
        raise ValueError(
            "a model of this family has no latent vectors that attend to genes; train one that "
            "has: fe.tl.train(counts, 'exceiver')."
        )

    def next_genes(
        self, X: np.ndarray, known: np.ndarray, genes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the list of a sample (1, len(known)), and after each place what comes next.

        That is the probability of each of `genes`, numbers of trained ones, (places, len(genes)).
        """
        raise ValueError("a model of this family does not say which gene comes next.")

    def unit(self) -> tuple[np.ndarray, float] | None:
        """Return the expected value of each trained gene and their overall spread, if known.

        New samples are compared with them, to notice another unit.
        """
        return None


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
