"""Every public verb has a command, and every keyword of it an option of the same name."""

from __future__ import annotations

import inspect

import pytest

import fe_anndata as fe
from fe_anndata.cli.commands import GROUPS, app
from fe_anndata.cli.drawing import FUNCTIONS, OF_TABLES, Drawing, Picture
from fe_anndata.cli.pictures import PLACES
from fe_anndata.cli.train import command_of

ELSEWHERE = {
    "gene_embedding": "export-genes",
    "genes": "export-genes",
    "sample_embedding": "export-samples",
    "grid": "generate",
    "path": "generate",
}
"""Verbs of ``get`` whose results another command gives."""
WITHOUT = {
    "get.model": "returns a module of torch",
    "pl.sweep": "of a Sweep, which is no file; the command sweep draws it",
}
COMMANDS = {
    f"{room}.{name}": ELSEWHERE.get(name, name.replace("_", "-"))
    for room in ("pp", "tl", "get")
    for name in getattr(fe, room).__all__
    if inspect.isfunction(getattr(getattr(fe, room), name)) and f"{room}.{name}" not in WITHOUT
}
PICTURES = {
    name: next((typed for typed, of in FUNCTIONS.items() if of == name), name.replace("_", "-"))
    for name in fe.pl.__all__
    if f"pl.{name}" not in WITHOUT
}
NOT_TYPED = {
    "copy": "commands write files",
    "obs_names": "the first column of --coordinates",
}
RENAMED = {"grid": {"points": "grid"}, "evaluate": {}, "path": {"stops": "path"}}
"""Keywords that a command calls otherwise."""
NOT_DRAWN = ("ax", "show")
NAMES = sorted({app[name].name[0] for name in app if not name.startswith("-")})
"""Of all commands."""


def options(command):
    """Return the names of all arguments of a command, as verbs call them."""
    found = set()
    for argument in command.assemble_argument_collection():
        found |= {name.strip("-").replace("-", "_").lower() for name in argument.names}
    return found


def typed(name):
    return options(command_of(fe.models.family("fe")) if name == "train" else app[name])


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_a_command_with_its_words(verb):
    room, name = verb.split(".")
    command = COMMANDS[verb]
    assert command in app, f"{verb} has no command"
    keywords = inspect.signature(getattr(getattr(fe, room), name)).parameters.values()
    renamed = RENAMED.get(name, {})
    wanted = {
        renamed.get(p.name, p.name)
        for p in list(keywords)[1:]
        if p.kind is not p.VAR_KEYWORD and p.name not in NOT_TYPED
    }
    assert wanted <= typed(command), f"{command} lacks {wanted - typed(command)}"


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_drawn_by_plot_with_its_words(name):
    assert PICTURES[name] in Picture.__args__, f"plot has no {name}"
    keywords = list(inspect.signature(getattr(fe.pl, name)).parameters)[1:]
    known = {PLACES.get(option, option) for option in vars(Drawing())}
    assert {word for word in keywords if word not in NOT_DRAWN} <= known


def test_exceptions_are_still_some():
    public = {f"{room}.{name}" for room in ("pp", "tl", "get", "pl")
              for name in getattr(fe, room).__all__}  # fmt: skip
    assert set(WITHOUT) <= public
    assert {f"get.{name}" for name in ELSEWHERE} <= public
    assert set(Picture.__args__) == set(PICTURES.values())
    assert set(OF_TABLES) <= set(Picture.__args__)


def test_every_command_stands_in_a_group_of_the_help():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted({*NAMES, "--install-completion", "--help", "--version"})


LARGE = ("train", "sweep", "evaluate", "imputation-curve", "survival", "compare-models",
         "classify-genes", "plot", "align-gene-spaces", "components-kept")  # fmt: skip
MANY = 13
"""Options without groups that can still be read at a glance."""


def groups_of(name):
    command = command_of(fe.models.family("fe")) if name == "train" else app[name]
    found = {}
    for argument in command.assemble_argument_collection():
        if argument.name.startswith("--"):
            for group in argument.parameter.group:
                found.setdefault(getattr(group, "name", group), []).append(argument.name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_options_of_large_commands_are_grouped(name):
    found = groups_of(name)
    if name not in LARGE:
        assert len(found) <= 1
        assert sum(map(len, found.values())) <= MANY
        return
    assert {"Basics", "Data"} <= set(found)
    assert len(found["Basics"]) <= 9
    assert "--out" in found["Basics"]


@pytest.mark.parametrize("name", NAMES)
def test_no_half_number_is_taken_for_a_whole_one(name):
    command = command_of(fe.models.family("fe")) if name == "train" else app[name]
    for argument in command.assemble_argument_collection():
        if int in (argument.hint, *getattr(argument.hint, "__args__", ())):
            assert argument.parameter.converter is not None, argument.name


QUIET = ("app", "demo")
"""Commands whose result no program reads."""


def test_every_command_has_json():
    assert {name for name in NAMES if "json" not in typed(name)} == set(QUIET)
