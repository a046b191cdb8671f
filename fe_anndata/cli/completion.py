"""Commands and options, completed by the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ..models import family
from .app import app
from .train import command_of


@app.command(name="--install-completion")
def install_completion(
    *,
    shell: Literal["bash", "zsh", "fish", "powershell"] | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
) -> None:
    """Let the shell complete commands and options.

    Parameters
    ----------
    shell
        By default the one that this is typed in.
    out
        Write the script to this file, and leave it to you to load it; by default it lies where
        the shell looks for it, and the shell's own file of settings loads it.
    """
    from cyclopts.completion.detect import ShellDetectionError

    try:
        path = completed().install_completion(shell=shell, output=out, add_to_startup=out is None)
    except ShellDetectionError:
        raise ValueError("which shell this is cannot be told; name it by --shell.") from None
    print(f"wrote {path}: begin a new shell, or load it in this one")


def completed() -> App:
    """Return the command line as shells complete it: train with the options of its own family.

    Its options depend on --model otherwise, which no script can know.
    """
    known = App(name=app.name)
    for name in app:
        if not name.startswith("-"):
            command = command_of(family("fe")) if name == "train" else app[name]
            known.command(command, name=name)  # under each of its names
    return known
