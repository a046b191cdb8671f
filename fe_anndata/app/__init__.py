"""The web app: results of an AnnData in a browser, on this machine alone.

``fe.app(adata)`` shows an AnnData from a notebook, and ``fe-anndata app FILE`` shows a file. All
arithmetic is that of the verbs. What is in ``static`` only shows it.

    data, columns   what is shown: an AnnData, and its matrix by columns
    selection       which samples an address selects
    guard           who may ask: host, token, sizes, and what a page may load
    jobs            long work, and how far it is
    site, server    the endpoints put together, and served
    pages           the endpoints of each page

The module can be called, because the folder and the function are both named ``app``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from .server import Served

__all__ = ["app"]


def app(adata: AnnData | str | Path, *, port: int = 8765, open_browser: bool = True) -> Served:
    """Show an AnnData in a browser, served to this machine alone until it is stopped.

    Parameters
    ----------
    adata
        An AnnData, trained or not, or the path of a file that :func:`fe_anndata.io.read` or
        :func:`fe_anndata.io.read_gene_vectors` reads. It is read and never written to.
    port
        Where to listen, from 1024 to 65535; if the port is in use, the next one that is free.
    open_browser
        Whether to open the page.

    Returns
    -------
    object
        Its ``url`` is the address, with a token that the page needs; ``stop()`` ends the server.
        In a notebook it is shown as a link.

    Raises
    ------
    ImportError
        If the extra ``fe-anndata[app]`` is not installed.
    ValueError, TypeError
        If `adata` is no AnnData and no file that can be read, or no port is free.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> shown = fe.app(adata, open_browser=False)
    >>> shown.url.startswith("http://127.0.0.1:")
    True
    >>> shown.stop()
    """
    from .server import serve

    return serve(adata, port=port, open_browser=open_browser)


def __dir__() -> list[str]:
    return sorted(__all__)


class _CallableModule(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> Served:
        return app(*args, **options)


_CallableModule.__call__.__doc__ = app.__doc__
sys.modules[__name__].__class__ = _CallableModule
