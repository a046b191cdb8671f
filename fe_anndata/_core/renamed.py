"""Keywords whose names have changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make each earlier name of a keyword an error that says what it is called now.

    Parameters
    ----------
    **names
        The name of today, by the earlier one.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def checked(*args: P.args, **keywords: P.kwargs) -> R:
            for name in names.keys() & keywords:
                raise TypeError(f"{name} is called {names[name]} now; give that.")
            return function(*args, **keywords)

        return checked

    return decorate
