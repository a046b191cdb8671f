"""Embeddings that can place new samples, each fitted to the training samples alone.

A method is a function of the training samples, the number of dimensions and a seed. It returns an
embedder: a function that gives the coordinates of an AnnData's samples, (n_obs, dim). The embedder
is called first with the object that holds the training samples, then with new samples. It may have
two attributes: ``decode``, a function from coordinates to expression in the units of the matrix,
and ``decoder``, the name of that function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from anndata import AnnData

from .._access.labelled import filled, gene_means
from .._access.results import trained_model
from .._core.extras import extra
from .._core.keys import DEFAULT_KEY, Keys
from .train import train as train_fe
from .transform import transform

Embedder: TypeAlias = Callable[[AnnData], np.ndarray]
Method: TypeAlias = Callable[[AnnData, int, int], Embedder]

COMPONENTS = 50
"""Principal components on which UMAP is fitted."""


class Fe:
    """Factorized embeddings, trained by :func:`fe_anndata.tl.train` with its defaults."""

    def __init__(self, train: AnnData, dim: int, seed: int, **keywords: Any) -> None:
        train_fe(train, sample_dim=dim, rng=seed, progress=False, **keywords)
        if train.uns[DEFAULT_KEY]["params"]["ended"] == "interrupted":
            raise KeyboardInterrupt  # what is not trained to its end is not judged
        self.train = train

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return where training left its samples, or where new ones are placed."""
        if adata is not self.train:
            transform(adata, self.train, progress=False)
        coordinates: np.ndarray = adata.obsm[Keys(DEFAULT_KEY).obsm]
        return coordinates

    @property
    def decoder(self) -> str:
        """Return the name of the decoder."""
        return str(self.train.uns[DEFAULT_KEY]["params"]["decoder"])

    def decode(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the expression of all genes; NaN for those that were not trained on."""
        model, trained = trained_model(self.train, DEFAULT_KEY)
        decoded = np.full((len(coordinates), len(trained)), np.nan, dtype=np.float32)
        decoded[:, trained] = model.decode(coordinates, np.arange(int(trained.sum())))
        return decoded


class Pca:
    """Principal components of the deviations from the gene means, in the units of the matrix.

    The mean of a gene stands for its missing values.
    """

    decoder = "linear"

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        from sklearn.decomposition import PCA

        self.means = gene_means(train)
        X = filled(train, self.means)
        # Both solvers are exact; ARPACK finds a few components much faster than "full" finds all.
        solver = "arpack" if dim < min(X.shape) else "full"
        self.pca = PCA(dim, svd_solver=solver, random_state=seed).fit(X)

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return the scores of the components."""
        scores: np.ndarray = self.pca.transform(filled(adata, self.means))
        return scores

    def decode(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the expression of all genes."""
        decoded: np.ndarray = self.pca.inverse_transform(coordinates)
        return decoded


class Umap:
    """UMAP on 50 principal components of the training samples; it places new ones itself."""

    decoder = ""

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        umap = extra("umap", "umap", "the method 'umap'")
        self.train = train
        self.components = Pca(train, min(COMPONENTS, *(n - 1 for n in train.shape)), seed)
        neighbours = min(15, train.n_obs - 1)
        # With a seed umap-learn runs one job anyway, after a warning.
        self.umap = umap.UMAP(n_neighbors=neighbours, n_components=dim, random_state=seed, n_jobs=1)
        self.umap.fit(self.components(train))

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return where the fit left its samples, or where new ones are placed."""
        coordinates: np.ndarray = (
            self.umap.embedding_
            if adata is self.train
            else self.umap.transform(self.components(adata))
        )
        return coordinates


def fe(train: AnnData, dim: int, seed: int, **keywords: Any) -> Embedder:
    """Train factorized embeddings; `keywords` are those of :func:`fe_anndata.tl.train`."""
    return Fe(train, dim, seed, **keywords)


def fe_concat(train: AnnData, dim: int, seed: int, **keywords: Any) -> Embedder:
    """Train factorized embeddings with the published decoder."""
    return Fe(train, dim, seed, **{**keywords, "decoder": "concat"})


def pca(train: AnnData, dim: int, seed: int) -> Embedder:
    """Fit principal components."""
    return Pca(train, dim, seed)


def umap(train: AnnData, dim: int, seed: int) -> Embedder:
    """Fit UMAP."""
    return Umap(train, dim, seed)


TRAINED: dict[str, Callable[..., Embedder]] = {"fe": fe, "fe_concat": fe_concat}
"""The methods that take keywords of :func:`fe_anndata.tl.train`."""
METHODS: dict[str, Callable[..., Embedder]] = {**TRAINED, "pca": pca, "umap": umap}
