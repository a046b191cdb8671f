"""Packages that an extra installs, and that may be missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


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
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'{what} needs {module}: pip install "fe-anndata[{name}]"') from error
