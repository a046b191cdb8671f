"""The signature law: what users may rely on in every public function."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import pydoc
import re
from dataclasses import fields
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes

import fe_anndata as fe

ROOMS = ("pp", "tl", "pl", "get", "io", "datasets", "models")
PUBLIC = {
    f"{room}.{name}": getattr(getattr(fe, room), name)
    for room in ROOMS
    for name in getattr(fe, room).__all__
}
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}
OPTIONS = [of for name, of in CLASSES.items() if name.startswith("models.")]
RESULTS = {name: of for name, of in CLASSES.items() if not name.startswith("models.")}
SHARED = (
    "rng",
    "layer",
    "mask_var",
    "key_added",
    "key",
    "device",
    "progress",
    "copy",
    "show",
    "ax",
)
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)
    plt.switch_backend("agg")
    yield
    plt.close("all")


def parameters(function):
    return inspect.signature(function).parameters


def of(*rooms):
    return [name for name in FUNCTIONS if name.split(".")[0] in rooms]


def writers():
    return [n for n in of("pp", "tl") if parameters(FUNCTIONS[n]).get("copy") is not None]


def every(names):
    return pytest.mark.parametrize("name", names)


def sections(function):
    """Return the sections of a numpydoc docstring by title."""
    text = inspect.getdoc(function) or ""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.MULTILINE)
    return dict(zip(["", *parts[1::2]], parts[::2], strict=True))


def test_rooms_name_what_they_hold():
    assert set(ROOMS) <= set(fe.__all__)
    for room in ROOMS:
        module = getattr(fe, room)
        assert list(module.__all__) == sorted(module.__all__)
        public = {
            n
            for n, value in vars(module).items()
            if (inspect.isfunction(value) or n in module.__all__)
            and getattr(value, "__module__", "").startswith(module.__name__)
            and not n.startswith("_")
        }
        later = {"FE", "Exceiver", "GeneRAIN"}  # loaded when they are asked for
        assert public == set(module.__all__) - later


@every(FUNCTIONS)
def test_at_most_three_positional_parameters(name):
    found = [p for p in parameters(FUNCTIONS[name]).values() if p.kind in POSITIONAL]
    assert len(found) <= 3
    kinds = {p.kind for p in parameters(FUNCTIONS[name]).values()}
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
    # A misspelt keyword must be an error; what trains checks its options itself.
    assert (inspect.Parameter.VAR_KEYWORD in kinds) == (name in ("tl.train", "tl.sweep"))


OF_NOTHING = ("tl.models",)
READ_OFF = ("get.differences",)
"""What reads a table that another verb has returned, not an AnnData."""
OF_TABLES = {
    "pl.components_kept": "table",
    "pl.evaluate": "table",
    "pl.imputation_curve": "table",
    "pl.classify_genes": "result",
    "pl.markers": "table",
    "pl.survival": "result",
    "pl.sweep": "result",
}
"""Pictures of what the verb of the same name has returned, not of an AnnData; its name."""


MOVING = ("pl.animate",)
"""Pictures that move, of which Axes are but one moment."""


FIRST = {
    "tl.generate": "reference",  # what others take beside new samples
    "tl.align_gene_spaces": "human",  # the two sides have equal rights
    "tl.compare_gene_spaces": "a",
}


@every([n for n in of("pp", "tl", "pl", "get") if n not in [*OF_TABLES, *OF_NOTHING, *READ_OFF]])
def test_adata_is_first(name):
    first = next(iter(parameters(FUNCTIONS[name]).values()))
    assert first.name == FIRST.get(name, "adata")
    assert first.default is first.empty
    assert first.annotation in ("AnnData", "AnnData | str | Path", "AnnData | MuData")


@every(OF_TABLES)
def test_a_table_is_first(name):
    first = next(iter(parameters(FUNCTIONS[name]).values()))
    assert (first.name, first.default) == (OF_TABLES[name], first.empty)
    results = ("GeneClasses | pd.DataFrame", "Survival | pd.DataFrame", "Sweep")
    assert first.annotation in ("pd.DataFrame", *results)
    assert name.replace("pl.", "tl.") in FUNCTIONS  # the verb that returns it


@every(of("pp", "tl"))
def test_who_writes_can_copy(name):
    function = FUNCTIONS[name]
    copy = parameters(function).get("copy")
    writes = inspect.signature(function).return_annotation in ("None", "AnnData | None")
    assert (copy is not None) == writes
    if copy is not None:
        assert (copy.kind, copy.default) == (copy.KEYWORD_ONLY, False)


@every(RESULTS)
def test_a_result_is_named_by_its_public_home_and_documented(name):
    result = RESULTS[name]
    room, _, own = name.partition(".")
    assert (result.__module__, result.__qualname__) == (f"fe_anndata.{room}", own)
    returned = [
        inspect.signature(f).return_annotation for n, f in FUNCTIONS.items() if n in of(room)
    ]
    assert own in returned
    described = re.findall(r"^(\w[\w, ]*)$", sections(result)["Attributes"], re.MULTILINE)
    assert ", ".join(described).split(", ") == [field.name for field in fields(result)]
    for method, value in vars(result).items():
        assert method.startswith("_") or not inspect.isfunction(value) or value.__doc__
    assert name in (Path(__file__).parent.parent / "docs" / "api.md").read_text()


OTHER_KEYS = [("tl.transform", "key_added"), ("pp.bin_by_gene", "key_added")]
"""Whose default is the key of the training, or the verb's own."""


@pytest.mark.parametrize("shared", SHARED)
def test_a_name_means_the_same_everywhere(shared):
    found = {
        (parameter.default, parameter.annotation, parameter.kind)
        for name, function in FUNCTIONS.items()
        for parameter in parameters(function).values()
        if parameter.name == shared and (name, shared) not in OTHER_KEYS
    }
    assert len(found) == 1
    assert next(iter(found))[2] == inspect.Parameter.KEYWORD_ONLY


def test_shared_defaults():
    defaults = {p.name: p.default for f in FUNCTIONS.values() for p in parameters(f).values()}
    expected = {"rng": 0, "copy": False, "key": "fe", "basis": "fe", "ax": None, "show": None}
    assert {name: defaults[name] for name in expected} == expected


@every(of("pl"))
def test_pictures_take_ax_and_show_and_do_not_save(name):
    names = parameters(FUNCTIONS[name])
    assert {"ax", "show"} <= set(names)
    assert "save" not in names
    assert "copy" not in names


NAMES = r"^(\*{0,2}\w[\w, ]*)\n    \S"
"""Of parameters, as a section of numpydoc lists them."""


@every(FUNCTIONS)
def test_docstring(name):
    function = FUNCTIONS[name]
    found = sections(function)
    assert found[""].split("\n")[0].endswith(".")
    assert ">>>" in found["Examples"]
    names = list(parameters(function))
    if names:
        assert "Raises" in found
        described = [
            n.strip()
            for line in re.findall(NAMES, found["Parameters"], re.MULTILINE)
            for n in line.split(",")
        ]
        stars = {p.name: "**" for p in parameters(function).values() if p.kind is p.VAR_KEYWORD}
        # all of them, in their order, and no more
        assert described == [f"{stars.get(n, '')}{n}" for n in names]
    assert ("Returns" in found) == (inspect.signature(function).return_annotation != "None")


@pytest.mark.parametrize("options", OPTIONS)
def test_options_say_what_they_are_and_their_defaults(options):
    found = sections(options)
    assert found[""].split("\n")[0].endswith(".")
    described = re.findall(
        r"^(\w+) : .*, default (.+)\n    (\S.*)", found["Parameters"], re.MULTILINE
    )
    fields = dataclasses.fields(options)
    assert [name for name, _, _ in described] == [field.name for field in fields]
    assert [default for _, default, _ in described] == [repr(field.default) for field in fields]
    shown = pydoc.render_doc(options, renderer=pydoc.plaintext)  # what help() shows
    for field in fields:
        assert re.search(rf"\b{field.name}: .* = {re.escape(repr(field.default))}[,)\n]", shown)


@every(FUNCTIONS)
def test_every_parameter_has_a_type(name):
    signature = inspect.signature(FUNCTIONS[name])
    assert signature.return_annotation is not signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not parameter.empty, parameter.name


@every(FUNCTIONS)
def test_examples(name):
    runner = doctest.DocTestRunner(verbose=False)
    found = doctest.DocTestFinder(recurse=False).find(FUNCTIONS[name], name, globs={})
    report: list[str] = []
    for test in found:
        runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).attempted > 0
    assert not runner.failures, "".join(report)


# what the functions do


@pytest.fixture(scope="module")
def trained():
    adata = fe.datasets.simulated(40, 30, 4)
    fe.tl.train(adata, steps=10, record_every=5, progress=False)
    adata.obs["days"], adata.obs["died"] = np.arange(40.0), np.arange(40) % 2 == 0
    return adata


def contents(adata):
    return {
        place: {key: id(value) for key, value in getattr(adata, place).items()}
        for place in ("obsm", "varm", "layers", "uns")
    } | {"obs": list(adata.obs), "var": list(adata.var), "X": adata.X.tobytes()}


def test_the_table_of_writers_is_not_empty():
    assert {"pp.bin_by_gene", "tl.train", "tl.reconstruct"} <= set(writers())


OF_OTHERS = (
    "tl.differential", "tl.embed_genes", "tl.predict_labels", "get.attention",
    "get.token_probabilities", "pl.attention",
)  # fmt: skip
"""Verbs of what factorized embeddings do not do; their own tests say what they write."""


@every([n for n in writers() if n not in OF_OTHERS])
def test_in_place_returns_none_and_copy_leaves_the_original(name, trained):
    few = {
        "tl.train": {"steps": 5, "key_added": "new"},
        "tl.transform": {"reference": trained, "key_added": "new", "progress": False},
    }.get(name, {})
    adata = trained.copy()
    before = contents(adata)
    copied = FUNCTIONS[name](adata, copy=True, **few)
    assert isinstance(copied, AnnData)
    assert contents(adata) == before
    assert FUNCTIONS[name](adata, **few) is None
    after = contents(adata)
    assert after != before
    for place in ("obsm", "varm", "layers", "uns"):
        assert after[place].keys() == contents(copied)[place].keys()
    assert (after["obs"], after["var"]) == (list(copied.obs), list(copied.var))
    assert after["X"] == before["X"]


EVALUATE = {
    "label": "group",
    "folds": 2,
    "dims": [2],
    "methods": ["pca"],
    "classifiers": ["knn"],
}
OTHER = AnnData(
    np.empty((0, 30), np.float32),
    var=pd.DataFrame(index=[f"gene{i}" for i in range(30)]),
    varm={"fe": np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)},
)
PAIRS = pd.DataFrame({"human": OTHER.var_names, "mouse": OTHER.var_names})
SETS = {"gene_sets": {"half": [f"gene{i + 1}" for i in range(15)]}, "universe": "fe_trained"}
ARGUMENTS = {
    "tl.align_gene_spaces": {"mouse": OTHER, "orthologs": PAIRS, "folds": 3},
    "tl.compare_gene_spaces": {"b": OTHER},
    "tl.classify_genes": SETS,
    "tl.compare_models": {"models": ["pca"], "label": "group", "folds": 2, "dim": 4},
    "tl.components_kept": {"methods": ["pca"], "n_components": 3, "folds": 2},
    "tl.evaluate": EVALUATE,
    "tl.imputation_curve": {"n_genes": [5], "folds": 2, "subsets": 1, "methods": ["pca"]},
    "tl.markers": {"groupby": "group"},
    "tl.set_coherence": SETS,
    "tl.sweep": {"options": {"gene_dim": [4]}, "steps": 3},
    "tl.generate": {"coordinates": np.zeros((3, 2))},
    "tl.similar_genes": {"genes": "gene1"},
    "tl.survival": {"time": "days", "event": "died", "bases": ["pca"], "dims": [2], "folds": 2},
    "tl.gene_similarity": {"a": "gene1", "b": "gene2"},
    "tl.gene_arithmetic": {"expression": "gene1 - gene2"},
    "tl.explain_similarity": {"a": "gene1", "b": "gene2"},
    "pl.gene_arithmetic": {"expression": "gene1 - gene2 + gene3"},
    "pl.gene_lists": {"lists": {"a": ["gene1", "gene2"], "b": ["gene2", "gene3"]}},
    "pl.gene_similarity_matrix": {"genes": ["gene1", "gene2", "gene3"]},
    "pl.similar_genes": {"genes": "gene1"},
    "pl.expression_map": {"genes": "gene1"},
    "pl.similarity_map": {"profile": ("group", "group 1")},
    "pl.path": {"stops": [[0.0, 0.0], [1.0, 1.0]]},
    "get.path": {"stops": [[0.0, 0.0], [1.0, 1.0]]},
}


def of_verb(name, adata):
    """Return what a picture of a table is drawn from."""
    verb = name.replace("pl.", "tl.")
    return FUNCTIONS[verb](adata, **ARGUMENTS[verb])


@every(
    [
        n
        for n in of("tl", "get", "pl")
        if n not in [*writers(), *OF_TABLES, *OF_NOTHING, *READ_OFF, *OF_OTHERS]
    ]
)
def test_readers_write_nothing(name, trained):
    adata = trained.copy()
    before = contents(adata)
    result = FUNCTIONS[name](adata, **ARGUMENTS.get(name, {}))
    assert contents(adata) == before
    assert result is not None
    if name.startswith("pl."):
        assert isinstance(result, FuncAnimation if name in MOVING else Axes)


@every(OF_TABLES)
def test_pictures_of_tables_write_nothing(name, trained):
    result = of_verb(name, trained)
    tables = vars(result) if hasattr(result, "table") else {"table": result}
    tables = {place: of for place, of in tables.items() if isinstance(of, pd.DataFrame)}
    before = {place: table.copy() for place, table in tables.items()}
    assert isinstance(FUNCTIONS[name](result), Axes)
    for place, table in tables.items():
        pd.testing.assert_frame_equal(table, before[place])


@every([n for n in of("get") if n not in [*OF_OTHERS, *READ_OFF]])
def test_what_is_read_is_no_window_into_the_result(name, trained):
    # A change of what was returned must not reach the AnnData unseen.
    adata = trained.copy()
    result = FUNCTIONS[name](adata, **ARGUMENTS.get(name, {}))
    samples, genes = adata.obsm["X_fe"].copy(), adata.varm["fe"].copy()
    if name == "get.model":
        for parameter in result.parameters():
            parameter.data.zero_()
    elif name == "get.genes":
        result.X[:] = 0
    else:
        result.iloc[:, :] = 0
    np.testing.assert_array_equal(adata.obsm["X_fe"], samples)
    np.testing.assert_array_equal(adata.varm["fe"], genes)
    assert adata.uns["fe"]["history"]["step"].iloc[-1] == 10
    assert fe.tl.reconstruct(adata) is None


@every([n for n in of("pl") if n not in OF_OTHERS])
def test_pictures_draw_into_an_ax(name, trained):
    ax = plt.figure().add_subplot()
    first = of_verb(name, trained) if name in OF_TABLES else trained.copy()
    drawn = FUNCTIONS[name](first, ax=ax, **ARGUMENTS.get(name, {}))
    assert ax.collections if name in MOVING else drawn is ax


@pytest.mark.parametrize("wrong", [{"sampel_dim": 3}, {"random_state": 0}])
def test_a_misspelt_keyword_is_an_error(trained, wrong):
    for verb in (fe.tl.train, fe.tl.sweep, fe.tl.transform, fe.models.FE):
        with pytest.raises(TypeError, match=next(iter(wrong))):
            verb(*[trained.copy()][: verb is not fe.models.FE], **wrong)
