"""What a trained model predicts for samples: those it was trained on, and new ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._core.errors import near, require_key
from .._core.keys import Keys
from ..matrix.normalize import STEPS, totals_of
from ..matrix.totals import to_totals
from ..models.trained import Trained
from .batches import NewBatches, unpacked
from .gene_ids import align_genes
from .inputs import require_anndata
from .modalities import MODALITY, scales_in
from .reference import Reference, reference_of
from .results import holds_whole_numbers, require_trained, trained_model
from .same_unit import covered_share

VALUES = 1 << 22
"""Predicted values that are held at a time."""


@dataclass(frozen=True)
class Decoding:
    """The samples of an AnnData at their coordinates, ready to be decoded.

    Attributes
    ----------
    model
        Trained.
    u
        Coordinates, (n_obs, sample_dim); NaN for a sample that was placed nowhere.
    genes
        Which genes of the model are wanted.
    columns
        Where these stand in the AnnData.
    n_vars
        Number of genes of the AnnData.
    layer
        The layer that was trained on.
    normalize
        The name of the step that its values went through, if any.
    whole_numbers
        Whether whole numbers, such as raw counts, were trained on.
    covariates
        Of the batches of the samples, float32 (n_obs, q), if the model knows any.
    covered
        Which share of the counts of the training is of genes that the AnnData has.
    """

    model: Trained
    u: np.ndarray
    genes: np.ndarray
    columns: np.ndarray
    n_vars: int
    layer: str | None
    normalize: str | None
    whole_numbers: bool
    covariates: np.ndarray | None
    covered: float = 1.0

    def rows(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return the predictions for some samples, float32, NaN for genes not trained on."""
        u = self.u[rows]
        predicted = np.full((len(u), self.n_vars), np.nan, dtype=np.float32)
        batches = () if self.covariates is None else (self.covariates[rows],)
        predicted[:, self.columns] = self.model.decode(u, self.genes, *batches)
        return predicted

    def profiles(self, values: np.ndarray) -> np.ndarray:
        """Return values of the wanted genes in the units of the training, float32, NaN if missing.

        Parameters
        ----------
        values
            Of all genes of the AnnData, as they are there.
        """
        seen = np.asarray(values, dtype=np.float32)
        seen = seen if self.normalize is None else STEPS[self.normalize].forward(seen)
        return np.ascontiguousarray(seen[:, self.columns])

    def expected(self, rows: np.ndarray | slice, profiles: np.ndarray) -> np.ndarray:
        """Return what the model expects of samples with these profiles, float32 (n, genes)."""
        batches = () if self.covariates is None else (self.covariates[rows],)
        return self.model.complete(self.u[rows], profiles, self.genes, *batches)

    def beside(self, expected: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Return what is expected of the wanted genes in the units of some values, for all genes.

        What was done to the values before the training is undone. Counts are expected of samples
        of one total, and are brought to that of each by its genes that are not missing, NaN.
        """
        predicted = np.full((len(expected), self.n_vars), np.nan, dtype=np.float32)
        predicted[:, self.columns] = expected
        if self.normalize is not None:
            step = replace(STEPS[self.normalize], covered=self.covered)
            return step.backward(predicted, totals_of(values))
        return to_totals(predicted, values) if self.model.per_total else predicted

    def dispersion(self) -> np.ndarray | None:
        """Return the dispersion of the counts of each gene, float32 (n_vars,), if it is known."""
        if self.model.dispersion is None:
            return None
        found = np.full(self.n_vars, np.nan, dtype=np.float32)
        found[self.columns] = self.model.dispersion[self.genes]
        return found

    def parts(self) -> Iterator[slice]:
        """Yield blocks of so many samples as can be decoded at a time."""
        step = max(1, VALUES // max(1, self.n_vars))
        for first in range(0, len(self.u), step):
            yield slice(first, min(first + step, len(self.u)))


def decoding_of(
    adata: AnnData,
    key: str,
    reference: AnnData | str | Path | None = None,
    *,
    with_batches: bool = True,
) -> Decoding:
    """Return how to decode the samples of `adata`: those trained on, or new ones.

    Parameters
    ----------
    adata
        Trained as `key`; or, with a reference, placed in it by ``tl.transform``.
    key
        The `key_added` of the training.
    reference
        The trained AnnData, or its path, for new samples.
    with_batches
        Whether each sample is decoded in its own batch, or in the mean of those of the training.

    Raises
    ------
    KeyError, ValueError, TypeError
        If there is no model, or no place for the samples; the message says what to call.
    """
    require_anndata(adata)
    keys, covered = Keys(key), 1.0
    if reference is None:
        if keys.uns not in adata.uns and keys.of_sample("n_genes") in adata.obs:
            raise KeyError(
                f"no trained model in adata.uns[{key!r}]: these samples were placed by "
                "fe.tl.transform. Give what they were placed in: reference=..."
            )
        model, trained = trained_model(adata, key)
        stored, u = require_trained(adata, key), model.samples()
        genes, columns = np.arange(trained.sum()), np.flatnonzero(trained)
        whole_numbers = holds_whole_numbers(stored)
        layer, normalize = stored["params"]["layer"], stored["params"]["normalize"]
        batches = unpacked(stored.get("batches"), f"adata.uns[{key!r}]")
    else:
        known = reference_of(reference, key)
        model, whole_numbers, layer = known.model, known.whole_numbers, known.layer
        batches, normalize = known.batches, adata.uns.get(keys.placed_by) or None
        u = _coordinates(adata, keys, known)
        alignment = align_genes(known.var, adata.var)
        genes, columns = alignment.known, alignment.columns
        covered = covered_share(known, alignment)
    require_decoder(model)
    covariates = None
    if batches is not None and with_batches:
        found = NewBatches.of(adata.obs, batches, estimated=False, estimable=False)
        covariates = found.covariates
    values = adata.n_vars, layer, normalize, whole_numbers
    return Decoding(model, u, genes, columns, *values, covariates, covered)


def modality_of(
    adata: AnnData,
    key: str,
    reference: AnnData | str | Path | None,
    modality: str,
    decoding: Decoding,
) -> pd.DataFrame:
    """Return what is predicted of one modality, in its own units, for the samples of `adata`.

    Raises
    ------
    KeyError, ValueError
        If the model has no such modality.
    """
    known = adata if reference is None else reference
    var = reference_of(known, key).var
    scales = scales_in(var, "the reference" if reference is not None else "adata")
    require_key(modality, scales, "modality")
    wanted = np.flatnonzero(var[MODALITY] == modality)
    batches = () if decoding.covariates is None else (decoding.covariates,)
    values = decoding.model.decode(decoding.u, wanted, *batches) / np.float32(scales[modality])
    names = var.index[wanted].str.removeprefix(f"{modality}:")
    return pd.DataFrame(values, index=adata.obs_names, columns=names)


def require_decoder(model: Trained) -> None:
    """Raise ValueError if a model cannot predict expression."""
    if not model.can_decode:
        raise ValueError(
            "a model of this family does not predict expression; train one that does, such as "
            "fe.tl.train(adata)."
        )


def _coordinates(adata: AnnData, keys: Keys, reference: Reference) -> np.ndarray:
    """Return where new samples were placed."""
    sample_dim = reference.model.samples().shape[1]
    if keys.uns in adata.uns and keys.varm in adata.varm:
        raise ValueError(
            f"adata was itself trained as {keys.key!r}, so its coordinates are not those of the "
            "reference: leave reference out."
        )
    if keys.obsm not in adata.obsm or keys.of_sample("n_genes") not in adata.obs:
        raise KeyError(
            f"no obsm[{keys.obsm!r}] of new samples: they have not been placed yet. Call "
            f"fe.tl.transform(adata, reference{_keyword(keys)}) first; {near('', adata.obsm)}"
        )
    # Those of an earlier version have no mark.
    if adata.uns.get(keys.placed_in, reference.mark) != reference.mark:
        raise ValueError(
            f"obsm[{keys.obsm!r}] are places in another model than that of the reference: give the "
            f"one that they were placed in, or call fe.tl.transform(adata, "
            f"reference{_keyword(keys)}) again."
        )
    u = np.asarray(adata.obsm[keys.obsm], dtype=np.float32)
    if u.ndim != 2 or u.shape[1] != sample_dim:
        raise ValueError(
            f"obsm[{keys.obsm!r}] has shape {u.shape}, but the reference has {sample_dim} "
            f"dimensions: call fe.tl.transform(adata, reference{_keyword(keys)}) again."
        )
    return u


def _keyword(keys: Keys) -> str:
    return "" if keys == Keys() else f", key={keys.key!r}"
