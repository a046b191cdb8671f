"""Predicted expression, as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output
from .outputs import require_outputs


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
    _add_layer(tl.reconstruct, input, out, layer_added, overwrite, options)


@app.command
def impute(
    input: Path,
    /,
    *,
    out: Output,
    layer_added: str = "fe_imputed",
    reference: Path | None = None,
    layer: str | None = None,
    key: str = "fe",
    overwrite: Flag = False,
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
    layer
        Fill the gaps of these values, not those of X.
    key
        The key of the training.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    options = {"reference": reference, "layer": layer, "key": key}
    _add_layer(tl.impute, input, out, layer_added, overwrite, options)


def _add_layer(
    verb: Callable[..., object],
    input: Path,
    out: Path,
    layer_added: str,
    overwrite: bool,
    options: dict[str, Any],
) -> None:
    """Read a file, let a verb add a layer, and write the result."""
    from .. import io
    from .._access.storable import require_storable

    settings.verbosity()
    reference = {"the reference": options["reference"]}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=reference)
    adata = io.read_h5ad(input)
    require_storable(adata, input)
    verb(adata, layer_added, **options)
    io.write_h5ad(adata, out, overwrite=overwrite)
    modality = options.get("modality")
    added = f"modality {modality}" if modality else f"layer {layer_added}"
    print(f"wrote {out}: {added}")
