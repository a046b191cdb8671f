"""List the families of models and their options."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from .app import app
from .results import Json, print_table

if TYPE_CHECKING:
    import pandas as pd

LEAST_WIDTH = 30
"""Of explanations, however narrow the terminal is."""


@app.command
def models(*, family: str | None = None, as_json: Json = False) -> None:
    """Print the families of models that train knows, their options and defaults.

    Parameters
    ----------
    family
        Print this one only.
    """
    from .. import tl
    from ..models import families
    from ..models import family as family_named

    table = tl.models()
    names = list(families()) if family is None else [family_named(family).name]
    if as_json:
        print_table(table[table["family"].isin(names)], as_json)
        return
    width = shutil.get_terminal_size().columns
    print("\n\n".join(_of_family(name, table[table["family"] == name], width) for name in names))


def _of_family(name: str, options: pd.DataFrame, width: int) -> str:
    """Return a family as lines of text: option, default and meaning, the last one wrapped."""
    shown = ["option", "default", "meaning"]
    cells = [shown, *options[shown].to_numpy().tolist()]
    first, second = (max(len(row[i]) for row in cells) + 2 for i in (0, 1))
    room = max(LEAST_WIDTH, width - first - second)
    lines = [f"family {name}"]
    for option, default, meaning in cells:
        start = f"{option:{first}}{default:{second}}"
        lines += textwrap.wrap(
            meaning,
            len(start) + room,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_on_hyphens=False,
        )
    return "\n".join(lines)
