"""What a trained model can do, without anndata, and what it says of samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from .options import Options

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import nn


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
        found: np.ndarray = sum(part.to_numpy(dtype="float32") for part in parts)
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

    def complete(
        self,
        u: np.ndarray,
        X: np.ndarray,
        genes: np.ndarray,
        covariates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return what is expected of `genes`, float32 (n, len(genes)), given what is seen of them.

        By default it is the prediction at coordinates, whatever is seen.

        Parameters
        ----------
        u
            Where the samples were placed, (n, d).
        X
            Their values, float32 (n, len(genes)), in the units of the training, NaN where hidden.
        genes
            Which of the trained genes the columns are.
        covariates
            Of their batches, as in :meth:`decode`.
        """
        return self.decode(u, genes, *(() if covariates is None else (covariates,)))

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
