"""Packages that come with an extra, and can be missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def extra(module: str, name: str, what: str) -> Any:
    """Return a module that comes with an extra of this package.

    Parameters
    ----------
    module
        To be imported.
    name
        Of the extra.
    what
        What needs it, as the user has typed it.

    Raises
    ------
    ImportError
        That says what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'{what} needs {module}: pip install "fe-anndata[{name}]"') from error
