"""Every verb says what it takes, and writes nothing."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small


@pytest.fixture(scope="module")
def trained():
    made = small()
    fe.tl.train(made, steps=5, progress=False)
    return made


OF_RESULTS = (
    ("get", "differences"),
    *(
        ("pl", name)
        for name in (
            "classify_genes",
            "components_kept",
            "evaluate",
            "imputation_curve",
            "markers",
            "survival",
            "sweep",
        )
    ),
)


def takers():
    """Return every public function that takes an AnnData, with what else it needs."""
    more = {
        "similar_genes": {"genes": "a"},
        "gene_similarity": {"a": "a", "b": "b"},
        "gene_arithmetic": {"expression": "a - b"},
        "explain_similarity": {"a": "a", "b": "b"},
        "write_h5ad": {"path": "never-written.h5ad"},
        "transform": {"reference": None},  # a trained one
        "predict_labels": {"reference": None},
        "token_probabilities": {"sample": "a"},
        "generate": {"coordinates": np.zeros((1, 2))},
        "evaluate": {"label": "group"},
        "compare_models": {"models": ["fe"], "label": "group"},
        "differential": {"groupby": "group"},
        "markers": {"groupby": "group"},
        "survival": {"time": "days", "event": "died"},
        "classify_genes": {"gene_sets": {"a set": ["a"]}},
        "set_coherence": {"gene_sets": {"a set": ["a"]}},
        "compare_gene_spaces": {"b": None},
        "align_gene_spaces": {"mouse": None, "orthologs": None},
        "gene_lists": {"lists": {"a list": ["a"]}},
        "gene_similarity_matrix": {"genes": ["a", "b"]},
        "expression_map": {"genes": "a"},
        "similarity_map": {"profile": "a"},
        "path": {"stops": ["a", "b"]},
    }
    functions = [
        getattr(getattr(fe, room), name)
        for room in ("pp", "tl", "get", "pl")
        for name in getattr(fe, room).__all__
        if (room, name) not in OF_RESULTS
    ]
    return [
        pytest.param(f, more.get(f.__name__, {}), id=f"{f.__module__}.{f.__name__}")
        for f in [*functions, fe.io.write_h5ad]
        if inspect.isfunction(f) and f is not fe.tl.models
    ]


@pytest.mark.parametrize(("function", "keywords"), takers())
@pytest.mark.parametrize("wrong", [np.ones((5, 5)), None], ids=["array", "None"])
def test_not_an_anndata(function, keywords, wrong, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keywords = {"reference": trained} if "reference" in keywords else keywords
    with pytest.raises(TypeError, match="AnnData"):
        function(wrong, **keywords)
    assert not list(tmp_path.iterdir())
