"""What a model of lists expects next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.genes import as_list
from .._access.inputs import matrix, rows_of
from .._access.results import require_trained, trained_model
from .._core.errors import require_key
from .._core.keys import DEFAULT_KEY

MOST = 10


def token_probabilities(
    adata: AnnData,
    sample: str,
    genes: str | Sequence[str] | None = None,
    *,
    key: str = DEFAULT_KEY,
) -> pd.DataFrame:
    """Return which genes a model expects after each place of the list of a sample.

    Parameters
    ----------
    adata
        Trained by ``tl.train(adata, "generain")``; its values and ``uns["generain"]`` are read.
    sample
        Name of a sample.
    genes
        A gene or several; by default the ten most probable ones after the last place.
    key
        The `key_added` of the training, ``"generain"`` if none was given.

    Returns
    -------
    DataFrame
        One row per place: ``listed``, the gene that stands there, and one column per gene of
        `genes` with the probability, float32, that it comes next, given that gene and those before
        it. It is 0 once the gene was listed, and for genes that no list of the training shows.

    Raises
    ------
    KeyError
        If there is no such sample or gene, or nothing was trained under `key`.
    ValueError
        If the model is not of that kind, or the sample has hardly an expressed gene.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(40, 60, 3)
    >>> few = dict(tokens=20, width=8, steps=2, zero=float(adata.X.min()), progress=False)
    >>> fe.tl.train(adata, "generain", **few)
    >>> fe.get.token_probabilities(adata, adata.obs_names[0], key="generain").shape
    (20, 11)
    """
    stored = require_trained(adata, key)
    require_key(sample, adata.obs_names, "sample")
    model, trained = trained_model(adata, key)
    names = adata.var_names[trained]
    asked = names if genes is None else as_list(genes)
    for gene in asked if genes is not None else []:
        require_key(gene, names, "trained gene")
    values = matrix(adata[[sample]], stored["params"]["layer"], stored["params"]["normalize"])
    X = rows_of(values, np.flatnonzero(trained)).take(np.array([0]))
    dense = X if isinstance(X, np.ndarray) else X.toarray()
    listed, found = model.next_genes(dense, np.arange(len(names)), names.get_indexer(asked))
    table = pd.DataFrame(found, index=np.arange(1, len(listed) + 1), columns=list(asked))
    if genes is None:
        table = table[table.columns[np.argsort(-found[-1], kind="stable")[:MOST]]]
    table.insert(0, "listed", names[listed].to_numpy())
    table.index.name = "place"
    return table
