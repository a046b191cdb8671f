"""Several omics of the same samples as one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._core.endings import H5AD
from .._core.extras import extra
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output, Words, named
from .inputs import read
from .outputs import require_outputs
from .results import Json, print_done


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
    as_json: Json = False,
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
    places = None if modalities is None else named(modalities, "--modalities", "NAME=PLACE")
    numbers = None if weights is None else _numbers(weights)
    given = {"the input": input, "the reference": reference}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=given)
    data: Any
    if input.suffix == ".h5mu":
        data = extra("mudata", "multimodal", "an .h5mu file").read_h5mu(input)
    else:
        data = read(input)
    known = None if reference is None else read(reference)
    joined = pp.join_modalities(data, places, weights=numbers, reference=known)
    io.write_h5ad(joined, out, overwrite=overwrite)
    n, n_vars = joined.shape
    words = f"{n} samples, {n_vars} features"
    print_done(as_json, [(out, words)], n_samples=n, n_features=n_vars)


def _numbers(words: Sequence[str]) -> dict[str, float]:
    found = {}
    for name, text in named(words, "--weights", "NAME=NUMBER").items():
        try:
            found[name] = float(text)
        except ValueError:
            raise ValueError(f"--weights must be like NAME=NUMBER; got {name}={text}.") from None
    return found
