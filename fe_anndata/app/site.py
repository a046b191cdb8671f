"""The endpoints of all pages, and what they share: the data that are shown, and the work begun."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from .._core.log import logger
from .asking import BAD_INPUT, Asked, Packed, explained, plain
from .data import Data, open_data
from .guard import Guard
from .jobs import Jobs

STATIC = Path(__file__).parent / "static"


@dataclass
class Site:
    """What the endpoints are given.

    Attributes
    ----------
    data
        What is shown, to all windows alike: the file. What a window shows of it stands in its
        address.
    jobs
        Long work.
    """

    data: Data
    jobs: Jobs = field(default_factory=Jobs)
    edition: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def show(self, data: Data) -> None:
        """Show another AnnData from now on, such as one that was trained meanwhile."""
        with self._lock:
            self.data, self.edition = data, self.edition + 1

    def reopen(self) -> None:
        """Read the file again, or look at the AnnData again."""
        data = self.data
        self.show(
            open_data(data.adata if data.path is None else data.path, data.vectors_alone or None)
        )


Endpoint = Callable[[Site, Asked], Any]
"""Returns JSON, or Packed, or a Response."""


def api(path: str, endpoint: Endpoint, method: str = "GET") -> Route:
    """Return the route of an endpoint; its work is done in a thread, and its errors are said."""

    async def answer(request: Request) -> Response:
        site: Site = request.app.state.site
        try:
            values: Any = dict(request.query_params)
            if method == "POST":
                values |= _object(await request.body())
            made = await run_in_threadpool(endpoint, site, Asked(values))
        except ClientDisconnect:
            return PlainTextResponse("the request is too large.", 413)
        except Exception as error:
            return failed(error)
        return _response(made, site)

    return Route(path, answer, methods=[method])


def failed(error: Exception) -> JSONResponse:
    """Return what is answered after an error: one that a user can cause, or a fault."""
    said = explained(error)
    if not isinstance(error, BAD_INPUT):
        logger.error("%s", said)
    return JSONResponse({"error": said}, 400 if isinstance(error, BAD_INPUT) else 500)


def site_of(site: Site, token: str) -> Guard:
    """Return the application of a site."""
    from .pages import ROUTES

    async def index(_: Request) -> Response:
        return Response((STATIC / "index.html").read_bytes(), media_type="text/html")

    within = [
        Route("/", index),
        Mount("/api", routes=ROUTES),
        Mount("/static", StaticFiles(directory=STATIC, follow_symlink=False)),
    ]
    mimetypes.add_type("text/javascript", ".js")  # Windows may have another one
    app = Starlette(routes=[Mount(f"/{token}", routes=within)])
    app.state.site = site
    return Guard(app, token)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
        json.dumps(found, ensure_ascii=False).encode()  # half a character is no text to answer with
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("the request is no object of JSON.")
    return found


def _response(made: Any, site: Site) -> Response:
    headers = {"X-Edition": str(site.edition), "X-Changed": str(int(site.data.was_changed))}
    if isinstance(made, Packed):
        return Response(made.content(), media_type="application/octet-stream", headers=headers)
    if isinstance(made, Response):
        return made
    return JSONResponse(plain(made), headers=headers)
