"""Predicted expression, as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from .app import app
from .arguments import Flag, Output
from .inputs import changed
from .results import Json, print_done


@app.command
def reconstruct(
    input: Path,
    /,
    *,
    out: Output,
    layer_added: str = "fe",
    reference: Path | None = None,
    key: str = "fe",
    batches: Literal["own", "mean"] = "own",
    modality: str | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write the predicted expression of every sample and gene to a layer.

    Parameters
    ----------
    input
        A trained .h5ad file, or new samples as transform wrote them.
    out
        The .h5ad file to write: the input with the layer added.
    layer_added
        The layer to write.
    reference
        For new samples: the trained .h5ad file. Genes are found by name.
    key
        The key of the training.
    batches
        Of a model with batches: predict samples in their own one, or all in the mean of them.
    modality
        Of a model of several modalities: predict this one alone, to obsm, in its own units.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    options = {"reference": reference, "key": key, "batches": batches, "modality": modality}
    _add_layer(tl.reconstruct, input, out, layer_added, overwrite, as_json, options)


@app.command
def impute(
    input: Path,
    /,
    *,
    out: Output,
    layer_added: str = "fe_imputed",
    reference: Path | None = None,
    method: Literal["model", "ridge", "auto"] = "model",
    layer: str | None = None,
    key: str = "fe",
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write a layer in which predictions stand for missing values, and all else as it was.

    Parameters
    ----------
    input
        A trained .h5ad file, or new samples as transform wrote them.
    out
        The .h5ad file to write: the input with the layer added.
    layer_added
        The layer to write.
    reference
        For new samples: the trained .h5ad file. Genes are found by name.
    method
        The model alone; kernel ridge regression from the genes that a sample has, learned from the
        samples that the model was trained on; or both, weighed by samples that are kept aside.
    layer
        Fill the gaps of these values, not those of X.
    key
        The key of the training.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    options = {"reference": reference, "method": method, "layer": layer, "key": key}
    _add_layer(tl.impute, input, out, layer_added, overwrite, as_json, options)


def _add_layer(
    verb: Callable[..., object],
    input: Path,
    out: Path,
    layer_added: str,
    overwrite: bool,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """Read a file, let a verb add a layer, and write the result."""
    reference = {"the reference": options["reference"]}
    changed(verb, input, out, layer_added, overwrite=overwrite, inputs=reference, **options)
    modality = options.get("modality")
    kind, name = ("modality", modality) if modality else ("layer", layer_added)
    print_done(as_json, [(out, f"{kind} {name}")], **{kind: name})
