"""The command line itself, to which each file of commands adds its own."""

from __future__ import annotations

from cyclopts import App, Group

from .. import __version__
from .streams import NAME as NAME

FIRST_EXAMPLE = f"""\
Sample and gene embeddings of RNA-seq, learned together. With a file of samples x genes:

  {NAME} train cells.h5ad -o trained.h5ad
  {NAME} plot trained.h5ad embedding --color cell_type -o map.png
  {NAME} similar trained.h5ad CD79A

"{NAME} demo" does the same with blood cells that need no download. "{NAME} --help" lists all
commands, and "{NAME} COMMAND --help" explains one."""

app = App(
    name=NAME,
    help="Sample and gene embeddings of RNA-seq, learned together.",
    version=__version__,
    group_parameters=Group("Options", sort_key=1),
    suppress_keyboard_interrupt=False,  # main says what it left behind
)
