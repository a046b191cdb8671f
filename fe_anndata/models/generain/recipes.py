"""The recipes of GeneRAIN: a name, and the options that it changes."""

from __future__ import annotations

from ..base import Recipe

RECIPES: dict[str, Recipe] = {
    "default": Recipe("ours, for cohorts of hundreds or thousands of samples on a processor"),
    "generain2024": Recipe(
        "the published sizes and training, for log10(x + 1) of counts scaled to 10 million in a "
        "sample; on a processor a night for some hundreds of samples",
        {
            "layout": "published",
            "tokens": 2048,
            "layers": 6,
            "heads": 4,
            "width": 200,
            "feed_forward": 800,
            "norm_eps": 1e-10,
            "dropout": 0.05,
            "attention_dropout": 0.05,
            "start": "random",
            "negatives": 0,
            "minibatch_size": 60,  # 12 that are accumulated 5 times
            "learning_rate": 1e-4,
            "table_learning_rate": 1e-4,
            "weight_decay": 0.01,
            "clip": 0.0,
            "decay": "onecycle",
            "warm_up": 0.2,
            "epochs": 40.0,
            "validation": 0.1,
            "patience": None,
        },
    ),
}
