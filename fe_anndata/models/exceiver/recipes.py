"""The recipes of Exceiver: a name, and the options that it changes."""

from __future__ import annotations

from ..base import Recipe

RECIPES: dict[str, Recipe] = {
    "default": Recipe("ours, for counts of hundreds to hundreds of thousands of cells"),
    "exceiver2022": Recipe(
        "the published sizes and training; on a processor hours for some thousands of cells",
        {
            "layout": "published",
            "width": 4,
            "latents": 128,
            "heads": 4,
            "blocks": 8,
            "learning_rate": 3e-4,
            "weight_decay": 1e-5,
            "clip": 0.0,
            "epochs": 300.0,
            "validation": 0.3,
            "patience": 10,
            "tolerance": 0.0,
        },
        {"layout": ("published",)},
    ),
}
