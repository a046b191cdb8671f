"""Pictures of what was never trained say what to call first; pictures of tables say of which."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from fe_anndata import pl

KEY = {
    "animate": {},
    "attention": {},
    "expression_map": {"genes": "a"},
    "gene_arithmetic": {"expression": "a - b"},
    "gene_lists": {"lists": {"list": ["a", "b"]}},
    "gene_similarity_matrix": {"genes": ["a", "b"]},
    "history": {},
    "path": {"stops": ["0", "1"]},
    "reconstruction": {},
    "similar_genes": {"genes": "a"},
    "similarity_map": {"profile": "0"},
    "trajectories": {},
}
"""What takes ``key=``, with what else it needs."""
BASIS = {"embedding", "density", "distance_preservation"}
"""What takes ``basis=``, an embedding that may be of Scanpy too."""
TABLES = {"classify_genes", "components_kept", "evaluate", "imputation_curve", "markers",
          "survival", "sweep"}  # fmt: skip
"""What takes the result of the function of the same name in tl."""


@pytest.fixture(params=["bare", "with PCA"])
def untrained(request) -> AnnData:
    names = pd.DataFrame(index=list("abcde"))
    adata = AnnData(np.ones((9, 5), np.float32), var=names)
    if request.param == "with PCA":  # as Scanpy leaves it
        adata.obsm["X_pca"], adata.varm["PCs"] = np.ones((9, 2)), np.ones((5, 2))
    return adata


def test_every_picture_is_one_of_these():
    assert {*KEY, *BASIS, *TABLES} == set(pl.__all__)


@pytest.mark.parametrize("name", KEY)
@pytest.mark.parametrize(
    ("key", "call"),
    [
        ("fe", r"fe\.tl\.train\(adata\) first"),
        ("generain", r"fe\.tl\.train\(adata, 'generain'\) first"),
        ("mine", r"fe\.tl\.train\(adata, key_added='mine'\) first"),
    ],
)
def test_an_untrained_anndata_is_to_be_trained_first(untrained, name, key, call):
    with pytest.raises(KeyError, match=f"'{key}'.*call {call}"):
        getattr(pl, name)(untrained, key=key, **KEY[name])


@pytest.mark.parametrize("name", sorted(BASIS))
def test_an_embedding_that_is_not_there_is_to_be_trained_first(untrained, name):
    draw = getattr(pl, name)
    with pytest.raises(KeyError, match=r"'fe'.*call fe\.tl\.train\(adata\) first"):
        draw(untrained)
    with pytest.raises(KeyError, match=r"'mine'.*call fe\.tl\.train\(adata, key_added='mine'\)"):
        draw(untrained, basis="mine")
    with pytest.raises(KeyError, match=r"'umap'") as raised:  # which no training makes
        draw(untrained, basis="umap")
    assert "train" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_an_anndata_is_no_table(untrained, name):
    with pytest.raises(TypeError, match=rf"fe\.tl\.{name}"):
        getattr(pl, name)(untrained)
