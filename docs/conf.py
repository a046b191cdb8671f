"""Sphinx configuration. Build with ``sphinx-build docs docs/_build``; needs the extra ``docs``."""

import importlib.metadata

project = "fe_anndata"
author = "the fe_anndata developers"
release = version = importlib.metadata.version("fe-anndata")
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
autosummary_generate = True
autodoc_typehints = "none"  # types stand in the signatures
napoleon_google_docstring = False
nb_execution_mode = "off"
html_theme = "alabaster"
