"""Messages of verbs in the words of the command line: options as they are typed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache

from cyclopts import App, MissingArgumentError

from .streams import NAME

NAMED = ("sweep", "compare-models", "evaluate", "survival")
"""Commands in which options of families are typed as ``name=value``."""
BOTH = re.compile(r"\b\w+=True \((--[\w-]+) on the command line\)")
VERB = re.compile(r"\bfe\.(?:tl|pp)\.(\w+)(?!\w)(?:\((?:adata)?\))?(?!\()")
QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
VALUE = r"""'[^']*'|"[^"]*"|\[[^\]]*\]|\([^)]*\)|[^\s,;:()]*[^\s,;:.()]"""


def as_typed(message: str) -> str:
    """Return a message in which options of verbs stand as they are typed.

    Names between quotes are those of the user's data, and stay.
    """
    from ..models import families

    names = _names(next(iter(sys.argv[1:]), ""), tuple(families()))
    message = BOTH.sub(r"\1", message)
    message = VERB.sub(lambda found: _command(found[0], found[1]), message)
    any_name = "|".join(sorted(names, key=len, reverse=True))
    message = re.sub(
        rf"(?<![\w.\-'\"])({any_name})=({VALUE})", lambda found: _option(*found.groups()), message
    )
    alone = "|".join(name for name in sorted(names, key=len, reverse=True) if "_" in name)
    bare = re.compile(rf"(?<![\w.\-\[])({alone})(?![\w(=\]])")
    parts = QUOTED.split(message)
    parts[::2] = [bare.sub(lambda found: _dashed(found[0]), part) for part in parts[::2]]
    return "".join(parts)


def swallowed(error: MissingArgumentError) -> str:
    """Return what to do if an option that takes several words has taken what is missing.

    Such an option is one that was typed with two words or more behind it.
    """
    if error.argument is None or error.argument.name.startswith("-"):
        return ""
    option, words = "", list[str]()
    for word in sys.argv[1:]:
        if re.match(r"--?[a-z]", word):
            if len(words) > 1:
                break
            option, words = word, []
        elif option:
            words.append(word)
    if len(words) < 2:
        return ""
    missing = error.argument.name
    taken = f"{option} takes all words behind it, also {words[-1]!r}"
    return f" {taken}: type {missing} first, and {option} behind it."


@cache
def _names(command: str, of: tuple[str, ...]) -> frozenset[str]:
    """Return the options that a message of a command may name, as verbs call them.

    They are those of all commands, and of the families of the names `of`, since it may say how
    another one is to be called. Where options of families are typed as ``name=value`` they are the
    command's own.
    """
    from ..models import family
    from .commands import app
    from .train import command_of

    if command in NAMED:
        return frozenset(_of_all([app[command]]))
    commands = [app[name] for name in app if not name.startswith("-")]
    commands += [command_of(family(name)) for name in of]
    return frozenset(_of_all(commands))


def _of_all(commands: Sequence[App]) -> Iterable[str]:
    for command in commands:
        for argument in command.assemble_argument_collection():
            if argument.name.startswith("--"):
                yield argument.name.removeprefix("--").replace("-", "_")


def _command(text: str, verb: str) -> str:
    from .commands import app

    command = verb.replace("_", "-")
    return f'"{NAME} {command}"' if command in app else text


def _option(name: str, value: str) -> str:
    if value in ("True", "False"):
        return _dashed(name) if value == "True" else _dashed(f"no_{name}")
    if value[0] in "[(":
        value = " ".join(re.sub(r"[\[\]()',\"]", " ", value).split()) or "none"
    elif value == "None":
        value = "none"
    elif value[0] in "'\"" and not re.search(r"\s", value) and len(value) > 2:
        value = value[1:-1]
    return f"{_dashed(name)} {value}"


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"
