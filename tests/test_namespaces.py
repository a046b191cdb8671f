"""What completion in a notebook shows, and what a verb says whose package is missing."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

import fe_anndata as fe
from fe_anndata._core import extras
from fe_anndata._core.extras import extra

ROOT = Path(fe.__file__).parent
PROJECT = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
DISTRIBUTIONS = {"umap": "umap-learn", "sklearn": "scikit-learn"}
"""Modules that are not named like what installs them."""
OF_OTHERS = ("triton", "cycler")
"""Packages that come with torch, where they run, and with matplotlib."""


@pytest.mark.parametrize("name", [n for n in fe.__all__ if inspect.ismodule(getattr(fe, n))])
def test_dir_shows_what_is_public_alone(name):
    module = getattr(fe, name)
    assert dir(module) == sorted(module.__all__)


def names_of(requirements):
    return {re.match(r"[\w-]+", line)[0] for line in requirements}


def calls():
    """Return the module and the extra of every call of `extra`."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "extra":
                yield tuple(of.value for of in node.args[:2])


def test_every_extra_is_one_and_in_all():
    found = set(calls())
    assert {"umap", "survival", "modules", "multimodal"} <= {name for _, name in found}
    everything = re.findall(r"\w+", EXTRAS["all"][0].partition("[")[2])
    for module, name in found:
        top = module.partition(".")[0]
        assert DISTRIBUTIONS.get(top, top) in names_of(EXTRAS[name]), (module, name)
        assert name in everything


def test_no_other_package_is_imported():
    known = {*names_of(PROJECT["dependencies"]), *OF_OTHERS, "fe_anndata", *sys.stdlib_module_names}
    for path in ROOT.rglob("*.py"):
        of_app = names_of(EXTRAS["app"]) if path.is_relative_to(ROOT / "app") else set()
        for node in ast.walk(ast.parse(path.read_text())):
            imported = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported = [node.module]
            for name in imported:
                top = name.partition(".")[0]
                assert DISTRIBUTIONS.get(top, top) in known | of_app or _for_types(path, node), (
                    path,
                    name,
                )


def _for_types(path, node):
    """Return whether an import stands under ``if TYPE_CHECKING``."""
    for test in ast.walk(ast.parse(path.read_text())):
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.unparse(test.test):
            lines = range(test.lineno, (test.end_lineno or 0) + 1)
            if node.lineno in lines:
                return True
    return False


def test_what_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lifelines", None)
    adata = fe.datasets.simulated(20, 10, 2)
    adata.obs["days"], adata.obs["died"] = 1.0, 1
    with pytest.raises(ImportError, match=r'needs lifelines: pip install "fe-anndata\[survival\]"'):
        fe.tl.survival(adata, "days", "died")


def test_a_slow_first_import_is_announced(monkeypatch):
    said = []
    monkeypatch.setattr(extras, "remark", lambda text, *, shown: said.append((text, shown)))
    monkeypatch.delitem(sys.modules, "umap", raising=False)
    monkeypatch.setattr(extras, "import_module", lambda name: name)
    assert extra("umap", "umap", "this") == "umap"
    assert extra("lifelines", "survival", "this") == "lifelines"
    monkeypatch.setitem(sys.modules, "umap", object())
    extra("umap", "umap", "this")
    assert [(text[:4], shown) for text, shown in said] == [("UMAP", fe.settings.progress)]
