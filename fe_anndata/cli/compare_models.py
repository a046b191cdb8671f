"""Train several models on the same folds, and write one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from .._core.endings import TABLE
from .app import NAME, app
from .arguments import Flag, Number, Output, Words, json_or_text, named
from .groups import ADVANCED, BASICS, DATA, TRAINING
from .inputs import read, sets_among
from .outputs import require_outputs
from .results import Json, print_done


@Parameter(name="*")
@dataclass(frozen=True)
class Comparing:
    """How models are compared; see ``tl.compare_models``.

    Parameters
    ----------
    label
        Column of obs to read off the embeddings of new samples: categories, or numbers.
    gene_sets
        .gmt or .gmt.gz files, or boolean columns of var, to read off the gene vectors.
    dim
        Dimensions of the embeddings of samples.
    folds
        Number of folds.
    groups
        Column of obs whose groups, such as patients, are each kept in one fold.
    classifier
        logistic, knn or network.
    layer
        Train on these values, not on X.
    mask_var
        Genes to use: a boolean column of var.
    rng
        Seed.
    progress
        Whether to show a progress bar.
    """

    label: str | None = None
    gene_sets: Words = None
    dim: Number = 64
    folds: Annotated[Number, TRAINING] = 5
    groups: Annotated[str | None, DATA] = None
    classifier: Annotated[str, TRAINING] = "logistic"
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    rng: Annotated[Number, ADVANCED] = 0
    progress: Annotated[bool | None, ADVANCED] = None


@app.command(
    usage=f"Usage: {NAME} compare-models INPUT MODELS... --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def compare_models(
    input: Path,
    models: list[str],
    /,
    *,
    out: Output,
    options: Words = None,
    comparing: Comparing | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Train several models on the same folds, print what each is good for, and write the table.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes.
    models
        fe, generain, pca and others that the command evaluate knows.
    out
        The table to write, separated by tabs, or by commas if its name ends in .csv.
    options
        Options of models, such as generain.zero=-2 fe.steps=100.
    overwrite
        Replace the table if it exists.
    """
    from .. import tl
    from .tables import write_table

    chosen = vars(comparing or Comparing())
    inputs: dict[str, str | Path] = {"the input": input, **sets_among(chosen["gene_sets"])}
    require_outputs(((out, TABLE),), overwrite=overwrite, inputs=inputs)
    given = _with_options(models, options or [])
    table = tl.compare_models(read(input), given, **chosen)
    write_table(table, out, overwrite=overwrite, index=True)
    shown = table.reset_index() if as_json else table.T.rename_axis("").reset_index()
    print_done(as_json, [(out, "")], table=shown)


def _with_options(models: Sequence[str], options: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the options of each model; values are JSON, or text."""
    found: dict[str, dict[str, Any]] = {name: {} for name in models}
    form = f"MODEL.NAME=VALUE, with a model among {', '.join(found)}"
    for place, text in named(options, "--options", form).items():
        model, _, name = place.partition(".")
        if not name or model not in found:
            raise ValueError(f"--options must be like {form}; got {f'{place}={text}'!r}.")
        found[model][name] = json_or_text(text)
    return found
