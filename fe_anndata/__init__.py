"""Sample and gene embeddings of RNA-seq, learned together, for AnnData and Scanpy.

>>> import fe_anndata as fe
>>> adata = fe.datasets.pbmc68k_reduced()
>>> fe.tl.train(adata)  # doctest: +SKIP

The verbs are in :mod:`~fe_anndata.pp` (preprocessing), :mod:`~fe_anndata.tl` (tools),
:mod:`~fe_anndata.pl` (plots), :mod:`~fe_anndata.get` (read results), :mod:`~fe_anndata.io` (files)
and :mod:`~fe_anndata.datasets`; ``fe.app(adata)`` shows results in a browser. Each is imported when
it is first used, so that the numerical floors below them (kernels, models, training) can be used
without anndata.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ._core.settings import settings

if TYPE_CHECKING:
    from . import app, datasets, get, io, models, pl, pp, tl

__version__ = version("fe-anndata")
__all__ = ["__version__", "app", "datasets", "get", "io", "models", "pl", "pp", "settings", "tl"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
