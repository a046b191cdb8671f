"""What latent vectors take of the genes of samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from anndata import AnnData
from scipy import sparse

from .._access.attended import attended, positions
from .._core.keys import DEFAULT_KEY


def attention(
    adata: AnnData,
    samples: str | Sequence[str] | None = None,
    genes: str | Sequence[str] | None = None,
    *,
    reference: AnnData | str | Path | None = None,
    layer: str | None = None,
    key: str = DEFAULT_KEY,
) -> AnnData:
    """Return how much of each counted gene of a sample the latent vectors take.

    Each latent vector of an Exceiver model is a weighted sum over the genes that were counted in a
    sample; these are the weights, means over heads. They are computed when they are asked for.
    What is much attended to need not matter much: a weight says how much of a gene is read, not
    what follows from it.

    Parameters
    ----------
    adata
        Trained by ``tl.train(counts, "exceiver")``, which may have lost samples since; or, with a
        `reference`, new samples.
    samples
        A sample by name, or several; all by default.
    genes
        A gene or several; by default all that the model knows.
    reference
        For new samples: the AnnData that was trained, or its path. Genes are found by name.
    layer
        Read the counts from this layer; by default those that were trained on, and of new samples
        ``adata.X``.
    key
        The `key_added` of the training, ``"exceiver"`` if none was given.

    Returns
    -------
    AnnData
        Samples x genes, with their ``obs`` and ``var``. ``X`` is the mean over latent vectors,
        float32 CSR, and ``layers["latent1"]``, ... hold the weights of each. A row adds up to 1
        over all genes that the model knows; a gene without counts has 0. A sample without a count
        is all 0. Nothing is written to `adata`.

    Raises
    ------
    KeyError
        If nothing was trained under `key`, or there is no such sample, gene or layer.
    ValueError
        If the model is of a family that does not attend, or values are no counts.

    Examples
    --------
    >>> import numpy as np
    >>> import anndata as ad
    >>> import fe_anndata as fe
    >>> draw = np.random.default_rng(0)
    >>> counts = ad.AnnData(draw.poisson(draw.gamma(1.0, 2.0, 50), (40, 50)).astype(np.float32))
    >>> few = dict(sample_dim=4, width=8, latents=2, heads=2, steps=5, progress=False)
    >>> fe.tl.train(counts, "exceiver", **few)
    >>> found = fe.get.attention(counts, ["0", "3"], key="exceiver")
    >>> found.shape, found.layers["latent1"].shape, round(float(found.X[0].sum()), 3)
    ((2, 50), (2, 50), 1.0)
    """
    source = attended(adata, key, reference, layer)
    if not adata.n_obs:
        raise ValueError("there is no sample to look at: adata has no rows.")
    rows = np.arange(adata.n_obs)
    if samples is not None:
        rows = positions(samples, adata.obs_names, "sample")
    names = adata.var_names[source.columns]
    wanted = np.arange(len(names)) if genes is None else positions(genes, names, "trained gene")
    _, columns, weights = zip(*source.each(rows), strict=True)
    starts = np.cumsum([0, *map(len, columns)])
    at, taken = np.concatenate(columns), np.concatenate(weights)
    asked = np.argsort(np.argsort(rows))  # they were looked at in rising order

    def of(values: np.ndarray) -> sparse.csr_matrix:
        full = sparse.csr_matrix((values, at, starts), shape=(len(rows), len(names)))
        found = full[asked][:, wanted]
        found.sort_indices()
        return found

    return AnnData(
        of(taken.mean(1)),
        obs=adata.obs.iloc[rows].copy(),
        var=adata.var.iloc[source.columns[wanted]].copy(),
        layers={f"latent{i + 1}": of(column) for i, column in enumerate(taken.T)},
    )
