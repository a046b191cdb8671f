"""Bins by gene, as a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Number, Output
from .outputs import require_outputs


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
    from .. import io, pp
    from .._access.storable import require_storable

    settings.verbosity()
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs={"the reference": reference})
    adata = io.read_h5ad(input)
    require_storable(adata, input)
    pp.bin_by_gene(
        adata,
        reference=reference,
        layer=layer,
        zero=zero,
        n_bins=n_bins,
        panel=panel,
        key_added=key_added,
        values=values,
    )
    io.write_h5ad(adata, out, overwrite=overwrite)
    print(f"wrote {out}: layer {key_added}, {adata.n_obs} samples x {adata.n_vars} genes")
