"""The recipes of Exceiver: a name, and the options that it changes."""

from __future__ import annotations

from ..base import Recipe

RECIPES: dict[str, Recipe] = {
    "default": Recipe("ours, for counts of hundreds to hundreds of thousands of cells"),
}
