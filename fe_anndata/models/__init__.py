"""The families of models: each is one folder, of which all but the options is loaded when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .._core.errors import require_choice

if TYPE_CHECKING:
    from .base import Family
    from .exceiver.options import Exceiver
    from .fe.options import FE
    from .generain.options import GeneRAIN
    from .options import Options

__all__ = ["Exceiver", "FE", "GeneRAIN", "families", "family", "family_of", "register"]  # noqa: RUF022

_BUILT_IN = {"fe": ".fe", "generain": ".generain", "exceiver": ".exceiver"}
"""Name of a family, and the module whose ``FAMILY`` it is: one line for each."""
_OPTIONS = {
    "FE": ".fe.options",
    "GeneRAIN": ".generain.options",
    "Exceiver": ".exceiver.options",
}
_registered: dict[str, Family] = {}


def register(added: Family) -> None:
    """Make a family known to ``tl.train`` and to all that reads results.

    Parameters
    ----------
    added
        The family, under its name.

    Raises
    ------
    ValueError
        If the name is taken by another one.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.models.register(fe.models.family("fe"))
    """
    known = _registered.get(added.name)
    if added.name in _BUILT_IN and added is not family(added.name):
        raise ValueError(f"the name {added.name!r} belongs to a family of fe_anndata.")
    if known is not None and type(known) is not type(added):
        raise ValueError(f"there is another family named {added.name!r}.")
    _registered[added.name] = added


def families() -> dict[str, Family]:
    """Return all families by name.

    Returns
    -------
    dict
        Those of this package and those that were registered.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> list(fe.models.families())
    ['fe', 'generain', 'exceiver']
    """
    built_in = {name: import_module(at, __name__).FAMILY for name, at in _BUILT_IN.items()}
    return {**built_in, **_registered}


def family(name: str) -> Family:
    """Return a family by its name.

    Parameters
    ----------
    name
        Such as ``"fe"``.

    Returns
    -------
    Family
        Its name, options and recipes.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.models.family("fe").name
    'fe'
    """
    known = families()
    require_choice(name, known, "model")
    return known[name]


def family_of(options: Options) -> Family:
    """Return the family whose options these are.

    Parameters
    ----------
    options
        Such as ``fe.models.FE()``.

    Returns
    -------
    Family
        Its name, options and recipes.

    Raises
    ------
    TypeError
        If they belong to no family.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> fe.models.family_of(fe.models.FE(sample_dim=8)).name
    'fe'
    """
    for known in families().values():
        if type(options) is known.options:
            return known
    raise TypeError(
        f"model must be the name of a family or its options, such as fe.models.FE(), not "
        f"{type(options).__name__}."
    )


def __getattr__(name: str) -> Any:
    if name in _OPTIONS:
        return getattr(import_module(_OPTIONS[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
