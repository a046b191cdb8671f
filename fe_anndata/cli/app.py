"""The command line itself, to which each file of commands adds its own."""

from __future__ import annotations

from cyclopts import App

from .. import __version__
from .streams import NAME as NAME

app = App(
    name=NAME,
    help="Sample and gene embeddings of RNA-seq, learned together.",
    version=__version__,
    suppress_keyboard_interrupt=False,  # main says what it left behind
)
