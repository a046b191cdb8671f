"""The command that shows a file in a browser; the app itself is in ``fe_anndata.app``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .._core.paths import expanded
from .app import app as command_line
from .arguments import Flag, Number
from .streams import say


@command_line.command
def app(
    input: Path,
    /,
    *,
    port: Number = 8765,
    open_browser: Annotated[bool, Parameter(name="--open", negative="--no-open")] = True,
    vectors: Flag = False,
) -> None:
    """Show a file in a browser: samples and genes, look-ups, new samples, and the model.

    The first line of the output is the address, with a token that the page needs. Only this
    machine can reach it, nothing is sent elsewhere, and the file is never written to. Ctrl-C ends
    it.

    Parameters
    ----------
    input
        A trained .h5ad file; any other file of samples x genes, on which the page trains; or a
        file of gene vectors, such as word2vec text.
    port
        Where to listen. If it is in use, the next one that is free is taken.
    open_browser
        Whether to open the page.
    vectors
        The file holds gene vectors, though it does not look like it.
    """
    import webbrowser

    from ..app.server import prepared

    served = prepared(expanded(input), port=port, vectors=vectors or None)
    print(served.url, flush=True)
    if served.port != port:
        say(f"port {port} is in use, so the app listens at {served.port}.")
    say("open this address in a browser of this machine; Ctrl-C ends the app.")
    if open_browser:
        webbrowser.open(served.url)
    served.run()
