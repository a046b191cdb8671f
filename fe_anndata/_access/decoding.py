"""What a trained model predicts: for its samples, for new ones, at any coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anndata import AnnData

from .._core.errors import near
from .._core.keys import Keys
from ..matrix.align import align
from ..models.factorized import Factorized
from .files import opened
from .inputs import require_anndata
from .reference import readable_model
from .results import require_trained

CHUNK_CELLS = 1 << 22
"""Values, hidden ones included, that are held at a time."""


@dataclass(frozen=True)
class Decoding:
    """The samples of an AnnData at their places, ready to be decoded.

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
    counts
        Whether raw counts were trained on.
    """

    model: Factorized
    u: np.ndarray
    genes: np.ndarray
    columns: np.ndarray
    n_vars: int
    layer: str | None
    counts: bool

    def rows(self, rows: np.ndarray | slice) -> np.ndarray:
        """Return the predictions for some samples, float32, NaN for genes not trained on."""
        u = self.u[rows]
        predicted = np.full((len(u), self.n_vars), np.nan, dtype=np.float32)
        predicted[:, self.columns] = decode(self.model, u, self.genes)
        return predicted

    def parts(self) -> Iterator[slice]:
        """Yield blocks of so many samples as can be decoded at a time."""
        step = samples_at_a_time(self.model, self.n_vars)
        for first in range(0, len(self.u), step):
            yield slice(first, min(first + step, len(self.u)))


def decoding_of(
    adata: AnnData, key: str, reference: AnnData | str | Path | None = None
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

    Raises
    ------
    KeyError, ValueError, TypeError
        If there is no model, or no place for the samples; the message says what to call.
    """
    require_anndata(adata)
    keys = Keys(key)
    if reference is None:
        if keys.uns not in adata.uns and keys.error in adata.obsm:
            raise KeyError(
                f"no trained model in adata.uns[{key!r}]: these samples were placed by "
                "fe.tl.transform. Give what they were placed in: reference=..."
            )
        model, trained = readable_model(adata, key)
        stored, u = require_trained(adata, key), model.sample_vectors().numpy()
        genes, columns = np.arange(trained.sum()), np.flatnonzero(trained)
    else:
        with opened(reference, "reference") as source:
            model, trained = readable_model(source, key)
            stored, names = require_trained(source, key), source.var_names[trained]
        u = _places(adata, keys, model.architecture["sample_dim"])
        alignment = align(names, adata.var_names)
        genes, columns = alignment.known, alignment.columns
    counts = bool(stored["preprocessing"].get("counts", False))
    layer = stored["params"]["layer"]
    return Decoding(model, u, genes, columns, adata.n_vars, layer, counts)


def _places(adata: AnnData, keys: Keys, sample_dim: int) -> np.ndarray:
    """Return where new samples were placed."""
    if keys.uns in adata.uns and keys.varm in adata.varm:
        raise ValueError(
            f"adata was itself trained as {keys.key!r}, so its places are not those of the "
            "reference: leave reference out."
        )
    lacking = [name for name in (keys.obsm, keys.error) if name not in adata.obsm]
    if lacking:
        raise KeyError(
            f"no obsm[{lacking[0]!r}]: the new samples have not been placed yet. Call "
            f"fe.tl.transform(adata, reference{_keyword(keys)}) first; {near('', adata.obsm)}"
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


@torch.no_grad()
def decode(model: Factorized, u: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """Return the predictions for `genes` of the model at `u` (n, d), float32 (n, len(genes)).

    Where a coordinate is NaN, they are.
    """
    predicted = np.full((len(u), len(genes)), np.nan, dtype=np.float32)
    somewhere = np.flatnonzero(np.isfinite(u).all(axis=1))
    places = torch.from_numpy(np.ascontiguousarray(u, dtype=np.float32))
    wanted = torch.from_numpy(genes)
    step = samples_at_a_time(model, len(genes))
    for first in range(0, len(somewhere), step):
        rows = somewhere[first : first + step]
        predicted[rows] = model.decode(places[rows], wanted).numpy()
    return predicted


def samples_at_a_time(model: Factorized, n_genes: int) -> int:
    """Return how many samples can be decoded within ``CHUNK_CELLS``."""
    architecture: dict[str, Any] = model.architecture
    # A tile of the concat decoder holds its hidden activations, so tiles are kept small.
    width = sum(architecture["hidden"]) if architecture["decoder"] == "concat" else 1
    return max(1, CHUNK_CELLS // max(1, n_genes * width))
