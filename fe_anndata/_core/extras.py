"""Packages that an extra installs, and that may be missing."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from .progress import remark
from .settings import settings

SLOW = {"umap": "UMAP is loaded and compiled first, once in a process: about 20 s"}
"""Modules whose first use takes long, and what is said of it."""


def extra(module: str, name: str, what: str) -> Any:
    """Return a module that an extra of this package installs.

    Parameters
    ----------
    module
        The module to import.
    name
        The extra that installs it.
    what
        What needs the module, as the user typed it.

    Raises
    ------
    ImportError
        If the module is missing; the message says what to install.
    """
    if module in SLOW and module not in sys.modules:
        remark(SLOW[module], shown=settings.progress)
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'{what} needs {module}: pip install "fe-anndata[{name}]"') from error
