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
napoleon_preprocess_types = True  # values of options as they are typed
smartquotes_action = "De"  # dashes, but quotes as they are typed
toc_object_entries = False
myst_heading_anchors = 3  # links to headings, as in the Markdown pages of the repository
nb_execution_mode = "off"
templates_path = ["_templates"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1060px", "body_max_width": "820px"}
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["page.css"]
