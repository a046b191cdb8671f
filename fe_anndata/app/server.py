"""The server: a free port, an address with a token, and how it is stopped."""

from __future__ import annotations

import errno
import os
import socket
import threading
import webbrowser
from html import escape
from pathlib import Path
from typing import Any

from anndata import AnnData

from .._core.extras import extra
from .data import open_data

HOST = "127.0.0.1"
TRIED = 50
"""Ports that are tried, the first that is free is taken."""


class Served:
    """An app that is being served.

    Attributes
    ----------
    url
        Its address, with the token that the page needs.
    port
        Where it listens.
    """

    def __init__(self, server: Any, bound: socket.socket, token: str) -> None:
        self._server, self._socket = server, bound
        self.port: int = bound.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}/{token}/"
        self._thread: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"fe_anndata app at {self.url}"

    def _repr_html_(self) -> str:
        url = escape(self.url)
        return f'<a href="{url}" target="_blank" rel="noreferrer">{url}</a>'

    def run(self) -> None:
        """Serve until the process is asked to end."""
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in the background."""
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the server."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(5)
        self._socket.close()


def serve(source: AnnData | str | Path, *, port: int = 8765, open_browser: bool = True) -> Served:
    """Serve an AnnData or a file in the background; see :func:`fe_anndata.app`."""
    served = prepared(source, port=port)
    served.start()
    if open_browser:
        webbrowser.open(served.url)
    return served


def prepared(
    source: AnnData | str | Path, *, port: int = 8765, vectors: bool | None = None
) -> Served:
    """Return an app that listens, and is not served yet.

    Parameters
    ----------
    source
        What is shown.
    port
        Where to listen; if it is in use, the next one that is free.
    vectors
        Whether the file holds gene vectors; by default what it looks like.
    """
    uvicorn = extra("uvicorn", "app", "fe.app")
    extra("starlette", "app", "fe.app")
    from .guard import new_token
    from .site import Site, site_of

    bound = _bound(port)
    try:
        site, token = Site(open_data(source, vectors)), new_token()
        options = {"log_level": "error", "access_log": False, "server_header": False,
                   "timeout_graceful_shutdown": 1, "lifespan": "off"}  # fmt: skip
        config = uvicorn.Config(site_of(site, token), ws="none", **options)
    except BaseException:
        bound.close()
        raise
    return Served(uvicorn.Server(config), bound, token)


def _bound(port: int) -> socket.socket:
    """Return a socket that listens at a port, or at the next one that is free."""
    if isinstance(port, bool) or not isinstance(port, int) or not 1024 <= port <= 65535:
        raise ValueError(f"port must be a whole number from 1024 to 65535, not {port!r}.")
    for at in range(port, min(port + TRIED, 65536)):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere it would take the port of another program
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((HOST, at))
            bound.listen(128)
        except OSError as error:
            bound.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        return bound
    raise ValueError(f"no port from {port} to {min(port + TRIED, 65536) - 1} is free.")
