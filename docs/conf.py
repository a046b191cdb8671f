"""Sphinx configuration; needs the extra ``docs``.

    sphinx-build -n -W docs docs/_build

Nothing is fetched: what other projects document is listed in ``inventories``.
"""

import importlib.metadata
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pages  # noqa: E402

project = "fe_anndata"
author = "the fe_anndata developers"
release = version = importlib.metadata.version("fe-anndata")
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "inventories", "generated/options_*", "generated/recipes_*"]
templates_path = ["_templates"]

autosummary_generate = True
autodoc_typehints = "none"  # types stand in the signatures
napoleon_google_docstring = False
napoleon_preprocess_types = True  # values of options as they are typed
napoleon_type_aliases = {
    "AnnData": ":class:`~anndata.AnnData`",
    "Axes": ":class:`~matplotlib.axes.Axes`",
    "DataFrame": ":class:`~pandas.DataFrame`",
    "FuncAnimation": ":class:`~matplotlib.animation.FuncAnimation`",
    "Series": ":class:`~pandas.Series`",
    "ndarray": ":class:`~numpy.ndarray`",
}
OTHERS = {
    "anndata": "https://anndata.readthedocs.io/en/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
    "python": "https://docs.python.org/3/",
    "scanpy": "https://scanpy.readthedocs.io/en/stable/",
    "scikit-learn": "https://scikit-learn.org/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
intersphinx_mapping = {
    name: (address, f"inventories/{name}.txt") for name, address in OTHERS.items()
}
nitpicky = True
nitpick_ignore_regex = [
    ("py:class", r"Family|Similarity"),  # what their functions explain
    (
        "py:class",
        r"pair|\w+ \| None|\(\)|dict\[str|tuple\[Any|\.\.\]\]",
    ),  # pieces of types, no names
]

smartquotes_action = "De"  # dashes, but quotes as they are typed
toc_object_entries = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3  # links to headings, as in the Markdown pages of the repository
nb_execution_mode = "off"  # tutorials hold their outputs; tests run them
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
html_title = "fe_anndata"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["page.css"]
copyright = "the fe_anndata developers"

pages.write(HERE / "generated")


def setup(app):
    """Let links to files of the repository lead to their pages."""
    app.connect("source-read", pages.lead_to_copies)
