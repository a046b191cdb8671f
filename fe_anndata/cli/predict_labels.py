"""Name the classes of new samples."""

from __future__ import annotations

from pathlib import Path

from .._core.settings import settings
from .app import app
from .arguments import Flag, Output
from .outputs import expect
from .results import Json, print_done


@app.command
def predict_labels(
    input: Path,
    reference: Path,
    /,
    *,
    out: Output,
    least: float = 0.5,
    layer: str | None = None,
    key: str = "fe",
    key_added: str | None = None,
    progress: bool | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Name the classes of new samples by a reference that was trained with --labels-key.

    Parameters
    ----------
    input
        An .h5ad file of new samples x genes, or a .zarr folder; its matrix is read by parts.
    reference
        A trained .h5ad file.
    out
        The .h5ad file to write: the input with the classes, their probabilities, and which
        samples abstain. For a .zarr folder also another one, if its name ends in .zarr.
    least
        The probability from which on a class is named.
    layer
        Read these values, not X.
    key
        The key of the training.
    key_added
        Names the columns of the result; by default the key.
    progress
        Whether to show a progress bar.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl
    from ..io.h5ad import require_beside, write_beside

    settings.verbosity()
    require_beside(input, out, overwrite=overwrite, inputs={"the reference": reference})
    expect(out)
    found = tl.predict_labels(
        input, reference, layer=layer, key=key, key_added=key_added, least=least, progress=progress
    )
    assert found is not None  # for a path
    write_beside(input, found, out, overwrite=overwrite)
    abstained = found.obs[f"{key if key_added is None else key_added}_abstained"]
    n, n_named = found.n_obs, int((~abstained).sum())
    words = f"{n_named} of {n} samples named"
    print_done(as_json, [(out, words)], n_samples=n, n_named=n_named)
