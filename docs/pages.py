"""What pages are made of that is kept elsewhere: tutorials, texts of the repository, options."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import fe_anndata as fe

TEXTS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""At the root of the repository, where people look for them."""


def write(folder: Path) -> None:
    """Write into `folder`, where Sphinx reads them, all pages that are not kept in docs."""
    shutil.rmtree(folder, ignore_errors=True)
    root = Path(__file__).parents[1]
    shutil.copytree(root / "tutorials", folder / "tutorials")
    for name in TEXTS:
        shutil.copy(root / name, folder / name.lower())
    _write_options(folder)


def lead_to_copies(app: object, page: str, source: list[str]) -> None:
    """Let links to what was copied lead to the copies, and those of the copies to pages."""
    text = source[0].replace("](../tutorials/", "](generated/tutorials/")
    for name in TEXTS:
        text = text.replace(f"](../{name}", f"](generated/{name.lower()}")
        text = text.replace(f"]({name}", f"]({name.lower()}")
    if page.startswith("generated/"):
        text = text.replace("](docs/", "](../").replace("](../docs/", "](../../")
    source[0] = text


def _write_options(folder: Path) -> None:
    """Write the options and recipes of each family as tables."""
    options = fe.tl.models()
    for family in fe.models.families():
        of = options[options["family"] == family]
        rows = zip(of["option"], of["default"], of["meaning"], strict=True)
        written = [(f"`{option}`", f"`{default}`", meaning) for option, default, meaning in rows]
        _write_table(folder / f"options_{family}.md", ("option", "default", "what it is"), written)
        recipes = [
            (
                f"`{name}`",
                of.doc,
                ", ".join(f"`{key}={value!r}`" for key, value in of.changes.items()),
            )
            for name, of in fe.models.family(family).recipes.items()
        ]
        head = "recipe", "where it comes from", "what it sets"
        _write_table(folder / f"recipes_{family}.md", head, recipes)


def _write_table(path: Path, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = [head, tuple("---" for _ in head), *rows]
    cells = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    path.write_text("".join(f"| {' | '.join(line)} |\n" for line in cells))
