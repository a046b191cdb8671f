"""A trained model of factorized embeddings, and its way to named arrays and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ...kernels.workers import in_parallel
from ..trained import Place, Placed, Trained
from .completing import Completing
from .labels import Named
from .network import Factorized
from .options import FE
from .placing import ROWS, Placements, Placing
from .reduced_basis import Reduced, reduced
from .residuals import Residuals

ENTRIES_AT_A_TIME = 1 << 22
"""Values, hidden ones included, that are decoded at a time."""
BLOCKS = 4
"""Blocks of ``ROWS`` samples that are placed at a time, by several threads."""
_APART = ("samples", "genes", "effects")
"""What is no part of the section of weights."""


class TrainedFE(Trained):
    """A trained model of factorized embeddings.

    Parameters
    ----------
    model
        On the processor.
    options
        With every value that was used.
    residuals
        What the model leaves of the matrix; None in files that do not know.
    change
        What the samples were multiplied with after the training, (d, d).
    named
        What is known of classes of samples, if any were learned.
    of_levels
        Vectors of the levels of factors by name, if sample vectors are made of any.
    vectors
        Gene vectors, (n_genes, gene_dim), if they are others than those of the model, which are
        stored beside them then.
    """

    options: FE

    def __init__(
        self,
        model: Factorized,
        options: FE,
        residuals: Residuals | None,
        change: torch.Tensor | None = None,
        named: Named | None = None,
        of_levels: Mapping[str, pd.DataFrame] | None = None,
        vectors: Tensor | None = None,
    ) -> None:
        self.model, self.options = model.requires_grad_(False), options
        self._residuals = residuals
        self.change = None if change is None else change.cpu().numpy()
        self.named, self._of_levels = named, dict(of_levels or {})
        self._vectors = vectors

    @property
    def residuals(self) -> Residuals:
        """What the model leaves of the matrix.

        Raises
        ------
        ValueError
            If the file that the model comes from does not know.
        """
        if self._residuals is None:
            raise ValueError(
                "the model was trained before new samples could be placed; train again."
            )
        return self._residuals

    @property
    def module(self) -> Factorized:
        """The two tables and the decoder."""
        return self.model

    def samples(self) -> np.ndarray:
        """Return the sample table, float32 (n_obs, sample_dim)."""
        table: np.ndarray = self.model.sample_vectors().numpy()
        return table

    def genes(self) -> np.ndarray:
        """Return the gene vectors, float32 (n_genes, gene_dim)."""
        vectors = self.model.gene_vectors() if self._vectors is None else self._vectors
        table: np.ndarray = vectors.numpy()
        return table

    def arrays(self) -> dict[str, dict[str, Any]]:
        """Return weights, what is left of the matrix, and how it was standardised."""
        weights = {
            name: value.numpy().copy()
            for name, value in self.model.state_dict().items()
            if name not in _APART or (name == "genes" and self._vectors is not None)
        }
        minimum, maximum = self.model.bounds.tolist()
        effects, completion = self.effects, self.residuals.completion
        return {
            **({} if effects is None else {"batches": {"effects": effects}}),
            **({} if self.named is None else {"labels": self.named.arrays()}),
            **({"factors": self._of_levels} if self._of_levels else {}),
            "model": weights,
            **(
                {}
                if completion is None
                else {
                    "imputing": {
                        "genes": completion.noise.genes.cpu().numpy(),
                        "factors": completion.noise.factors.cpu().numpy(),
                        "weight": completion.weight,
                        "prior": completion.prior,
                    }
                }
            ),
            "noise": {
                "genes": self.residuals.noise.genes.cpu().numpy(),
                "factors": self.residuals.noise.factors.cpu().numpy(),
                "log_misfit_limit": self.residuals.log_misfit_limit,
                "spacing": self.residuals.spacing,
            },
            "preprocessing": {
                "centered": self.options.center,
                "scale": float(self.model.scale),
                "minimum": minimum,
                "maximum": maximum,
            },
        }

    @property
    def effects(self) -> np.ndarray | None:
        """What a unit of each covariate adds to each gene, float32 (n_genes, q), if there are any.

        That is in the units of the matrix.
        """
        if not self.model.architecture["covariates"]:
            return None
        found: np.ndarray = (self.model.effects * self.model.scale).numpy()
        return found

    def _of_batches(self, covariates: np.ndarray, genes: np.ndarray) -> np.ndarray:
        """Return what batches add to genes; samples one by one, the same in any company."""
        assert self.effects is not None
        added = self.effects[genes].T
        return np.array([of @ added for of in covariates], np.float32).reshape(-1, len(genes))

    def placing(self, known: np.ndarray) -> Place:
        """Return what places blocks of samples by the genes at `known`.

        Raises
        ------
        ValueError
            If the file that the model comes from does not know its noise, or another one's.
        """
        number, known_of = self.view.loadings.shape[1], tuple(self.residuals.noise.factors.shape)
        if known_of != (number, number):
            raise ValueError(
                f"noise/factors of the model has shape {known_of}, but it has {number} factors: "
                "its file is damaged; train again."
            )
        placing = Placing(
            self.view,
            self.model.sample_vectors(),
            self.residuals.noise,
            self.residuals.prior,
            torch.from_numpy(known),
        )
        placing.prepare()

        def place(X: np.ndarray, covariates: np.ndarray | None = None) -> Placed:
            if covariates is not None:
                X = X - self._of_batches(covariates, known)
            parts: list[Placements | None] = [None] * -(-len(X) // ROWS)

            def run(i: int) -> None:
                parts[i] = placing.place(X[ROWS * i : ROWS * (i + 1)])

            in_parallel(run, len(parts))
            return self._placed(Placements.joined([part for part in parts if part is not None]))

        return place

    def _placed(self, found: Placements) -> Placed:
        with np.errstate(divide="ignore"):
            unlike = np.log(found.misfit) > self.residuals.log_misfit_limit
        facts = {"r2": found.r2, "distance": self._distances(found.u), "outlier": unlike}
        told = None
        if self.named is not None and self.classes:
            told = self.named.probabilities(self.factors(found.u))
        elif self.named is not None:
            facts["label"] = self.named.numbers(self.factors(found.u))
        return Placed(found.u, found.error, found.n_genes, facts, told)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the model tells apart."""
        return () if self.named is None else self.named.classes

    @property
    def of_levels(self) -> Mapping[str, pd.DataFrame]:
        """Vectors of the levels of factors."""
        return self._of_levels

    @property
    def tells_numbers(self) -> bool:
        """Whether numbers of samples were learned."""
        return self.named is not None and not self.classes

    def factors(self, u: np.ndarray | Tensor) -> np.ndarray:
        """Return phi of coordinates (n, d), float32 (n, k); samples one by one."""
        rows = torch.split(torch.as_tensor(u).double(), 1)
        found = [self.view.factors(row) for row in rows]
        table: np.ndarray = torch.cat(found).float().numpy()
        return table

    def _distances(self, u: np.ndarray) -> np.ndarray:
        """Return the distance to the nearest training sample, in units of theirs, float32 (n,)."""
        table = self.model.sample_vectors().double()
        # Not by a product of matrices, whose digits depend on the company.
        exactly = "donot_use_mm_for_euclid_dist"
        parts = torch.split(torch.from_numpy(u).double(), ROWS)
        nearest = [torch.cdist(part, table, compute_mode=exactly).amin(1) for part in parts]
        found: np.ndarray = (torch.cat(nearest) / self.residuals.spacing).float().numpy()
        return found

    @cached_property
    def view(self) -> Reduced:
        """The decoder as loadings and factors, in float64."""
        return reduced(self.model, self.model.sample_vectors())

    @property
    def rows_at_a_time(self) -> int:
        """As many as keep several threads at work."""
        return BLOCKS * ROWS

    @property
    def can_decode(self) -> bool:
        """Factorized embeddings do."""
        return True

    @property
    def batches_add(self) -> bool:
        """Batches do, where the model knows any."""
        return self.effects is not None

    @torch.no_grad()
    def decode(
        self, u: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prediction for `genes` at `u`; NaN where a coordinate is."""
        predicted = np.full((len(u), len(genes)), np.nan, dtype=np.float32)
        somewhere = np.flatnonzero(np.isfinite(u).all(axis=1))
        positions = torch.from_numpy(np.ascontiguousarray(u, dtype=np.float32))
        wanted = torch.from_numpy(genes)
        # A tile of the concat decoder holds its hidden activations, so tiles are kept small.
        hidden = self.options.hidden if self.options.decoder == "concat" else ()
        width = max(1, sum(int(size) for size in hidden))
        step = max(1, ENTRIES_AT_A_TIME // max(1, len(genes) * width))
        for first in range(0, len(somewhere), step):
            rows = somewhere[first : first + step]
            predicted[rows] = self.model.decode(positions[rows], wanted).numpy()
        return predicted if covariates is None else predicted + self._of_batches(covariates, genes)

    @torch.no_grad()
    def complete(
        self,
        u: np.ndarray,
        X: np.ndarray,
        genes: np.ndarray,
        covariates: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return what `genes` are expected to be at `u`, given those that `X` has values of.

        Samples with the same genes seen are completed together.
        """
        completing = self._completing
        if completing is None:
            return self.decode(u, genes, covariates)
        if covariates is not None:
            X = X - self._of_batches(covariates, genes)
        places, added = completing.of_profiles(u, X, genes)
        expected: np.ndarray = self.decode(places, genes, covariates) + added
        return expected

    @cached_property
    def _completing(self) -> Completing | None:
        if self._residuals is None or self._residuals.completion is None:
            return None
        return Completing(self.view, self.model.sample_vectors(), self._residuals.completion)

    @torch.no_grad()
    def decode_pairs(
        self, samples: np.ndarray, genes: np.ndarray, covariates: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the prediction for pairs of samples and genes."""
        parts = [
            self.model.entries(torch.from_numpy(s), torch.from_numpy(g)).numpy()
            for s, g in zip(
                *(np.array_split(a, len(a) // 65536 + 1) for a in (samples, genes)), strict=True
            )
        ]
        found = np.concatenate(parts)
        if covariates is not None:
            assert self.effects is not None
            found += (covariates * self.effects[genes]).sum(1)
        return found

    def unit(self) -> tuple[np.ndarray, float]:
        """Return the centre of each gene and the overall spread around it."""
        centre: np.ndarray = self.view.centre.numpy()
        return centre, self.view.scale
