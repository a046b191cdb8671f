"""The main job, end to end, on cells that come with Scanpy."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import H5AD, PICTURE
from .._core.paths import expanded
from .._core.settings import settings
from .app import app
from .outputs import require_outputs

MARKERS = ("CD79A", "LYZ")
"""Of B cells and of monocytes."""
MARK = "fe_demo"
"""What tells the file of a demo from others, in uns."""
NAMES = ("pbmc.h5ad", "density.png", "cell_types.png", "history.png", "similar_genes.png")


@app.command
def demo(*, out: Path = Path("fe-demo")) -> None:
    """Train on blood cells that come with Scanpy, and draw the result.

    Files of an earlier demo are replaced.

    Parameters
    ----------
    out
        The folder to write to; it is made if it does not exist.
    """
    from .. import datasets, io, pl, tl
    from .pictures import save

    settings.verbosity()
    out = expanded(out)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; name a folder.")
    out.mkdir(parents=True, exist_ok=True)
    outputs = [(out / name, H5AD if name.endswith(".h5ad") else PICTURE) for name in NAMES]
    require_outputs(outputs, overwrite=_is_of_a_demo(out / NAMES[0]), inputs={})
    adata = datasets.pbmc68k_reduced()
    print(f"{adata.n_obs} blood cells x {adata.n_vars} genes (Zheng et al. 2017)")
    tl.train(adata)
    for gene in MARKERS:
        print(f"\ngenes most similar to {gene}")
        print(tl.similar_genes(adata, gene).to_string(index=False, float_format="%.3f"))
    save(pl.density(adata, show=False), out / "density.png", overwrite=False)
    save(pl.embedding(adata, "bulk_labels", show=False), out / "cell_types.png", overwrite=False)
    save(pl.history(adata, show=False), out / "history.png", overwrite=False)
    save(
        pl.similar_genes(adata, MARKERS[0], show=False), out / "similar_genes.png", overwrite=False
    )
    adata.uns[MARK] = True
    io.write_h5ad(adata, out / NAMES[0], overwrite=_is_of_a_demo(out / NAMES[0]))
    print(f"\nwrote {out}/{', '.join(NAMES)}")
    print("next, for example:")
    print(f"  fe-anndata app {out}/pbmc.h5ad")
    print(f"  fe-anndata similar {out}/pbmc.h5ad CD3D")
    print(f"  fe-anndata plot {out}/pbmc.h5ad embedding --color LYZ -o {out}/LYZ.png")


def _is_of_a_demo(path: Path) -> bool:
    """Return whether a file may be replaced, since a demo wrote it."""
    import h5py

    try:
        with h5py.File(path) as file:
            return f"uns/{MARK}" in file
    except OSError:
        return False
