"""Several omics of the same samples as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._core.endings import H5AD
from .._core.extras import extra
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output, Words
from .outputs import require_outputs


@app.command
def join_modalities(
    input: Path,
    /,
    *,
    out: Output,
    modalities: Words = None,
    weights: Words = None,
    reference: Path | None = None,
    overwrite: Flag = False,
) -> None:
    """Write all modalities of the same samples as one .h5ad file, to train on.

    Parameters
    ----------
    input
        An .h5mu file, or an .h5ad file with --modalities.
    out
        The .h5ad file to write.
    modalities
        Where each is, as "name=place": X, a layer or, in an .h5ad file, a key of obsm.
    weights
        By name, such as "protein=2"; 1 for those that are not named.
    reference
        A joined .h5ad file, in whose units new samples are written.
    overwrite
        Replace the output if it exists.
    """
    from .. import io, pp

    settings.verbosity()
    given = {"the input": input, "the reference": reference}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=given)
    data: Any
    if input.suffix == ".h5mu":
        data = extra("mudata", "multimodal", "an .h5mu file").read_h5mu(input)
    else:
        data = io.read_h5ad(input)
    places = None if modalities is None else dict(word.split("=", 1) for word in modalities)
    numbers = None
    if weights is not None:
        numbers = {name: float(of) for name, of in (word.split("=", 1) for word in weights)}
    known = None if reference is None else io.read_h5ad(reference)
    joined = pp.join_modalities(data, places, weights=numbers, reference=known)
    io.write_h5ad(joined, out, overwrite=overwrite)
    print(f"wrote {out}: {joined.n_obs} samples, {joined.n_vars} features")
