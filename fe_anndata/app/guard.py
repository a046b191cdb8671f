"""Who may ask, and what a page may do: everything that stands before the endpoints.

The server listens on the loopback interface. Another page in the same browser could still send
requests to it, or have its own name resolved to this machine. So the Host must be this machine's,
and the first part of every path must be a token that only the printed address holds. Pages load
nothing but files of this package, run no script from text, and send no referrer.
"""

from __future__ import annotations

import secrets
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

HOSTS = ("127.0.0.1", "localhost", "[::1]")
MOST_JSON = 8 << 20
"""Bytes of a request that is no file."""
MOST_FILE = 1 << 30
"""Bytes of a file that is dropped on a page."""
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect")),
        *(f"{what} 'none'" for what in ("base-uri", "form-action", "frame-ancestors")),
        "require-trusted-types-for 'script'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def new_token() -> str:
    """Return what an address must hold; nobody can guess it."""
    return secrets.token_urlsafe(18)


class Guard:
    """An ASGI application around another one, which sees only requests that may be answered.

    Parameters
    ----------
    app
        The application behind it.
    token
        The first part of every path.
    """

    def __init__(self, app: Any, token: str) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer, or refuse, a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no endpoint is a web socket

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        limit = MOST_FILE if "/api/file/" in scope["path"] else MOST_JSON
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > limit:
            said = f"the request is larger than {limit >> 20} MB, more than the app takes."
            await PlainTextResponse(said, 413)(scope, receive, guarded)
            return
        await self.app(scope, _limited(receive, limit), guarded)

    def _refusal(self, scope: Any) -> PlainTextResponse | None:
        host = Headers(scope=scope).get("host", "")
        name, _, port = host.rpartition(":")
        if (name if port.isdigit() else host) not in HOSTS:
            return PlainTextResponse("the app answers this machine alone.", 421)
        first = scope["path"].lstrip("/").partition("/")[0]
        if not secrets.compare_digest(first.encode(), self.token.encode()):
            said = "open the address that fe-anndata app has printed; it holds a token."
            return PlainTextResponse(said, 403)
        return None


def _limited(receive: Any, limit: int) -> Any:
    """Return what receives no more than so many bytes, whatever the request has said."""
    seen = 0

    async def counted() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            return {"type": "http.disconnect"}
        return message

    return counted
