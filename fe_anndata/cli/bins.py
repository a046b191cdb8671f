"""Bins by gene, as a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .app import app
from .arguments import Flag, Number, Output
from .inputs import changed
from .results import Json, print_done


@app.command
def bin_by_gene(
    input: Path,
    /,
    *,
    out: Output,
    reference: Path | None = None,
    layer: str | None = None,
    zero: float = 0.0,
    n_bins: Number = 2000,
    panel: Number = 512,
    key_added: str = "bins",
    values: Literal["bins", "z"] = "bins",
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write each value as its rank among the values of the same gene: Binning-By-Gene.

    Parameters
    ----------
    input
        An .h5ad file of samples x genes; counts or logarithms.
    out
        The .h5ad file to write: the input with the layer of bins and the panel added.
    reference
        For new samples: the .h5ad file that this command wrote for others. Its panel is used.
        Genes are found by name.
    layer
        Bin these values, not X.
    zero
        The value that means "not expressed": where logarithms have a floor, the least one. With
        --zero=-inf every value counts as expressed.
    n_bins
        Number of bins, from 2 to 65534.
    panel
        The most values of a gene that are kept to compare with.
    key_added
        Names the places of the result.
    values
        bins; or z, deviations from the mean of the gene in units of its standard deviation.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import pp

    adata = changed(
        pp.bin_by_gene, input, out, overwrite=overwrite, inputs={"the reference": reference},
        reference=reference, layer=layer, zero=zero, n_bins=n_bins, panel=panel,
        key_added=key_added, values=values,
    )  # fmt: skip
    words = f"layer {key_added}, {adata.n_obs} samples x {adata.n_vars} genes"
    print_done(as_json, [(out, words)], layer=key_added, n_samples=adata.n_obs,
               n_genes=adata.n_vars)  # fmt: skip
