"""What the ending of a file's name says of its kind."""

from __future__ import annotations

from pathlib import Path

from .paths import destination

H5AD, TABLE, PICTURE = "an .h5ad file", "a table", "a picture"
ANIMATION = "a moving picture"
OF_KIND = {
    H5AD: (".h5ad", ".h5", ".hdf5"),
    "a .zarr folder": (".zarr",),
    TABLE: (".tsv", ".csv", ".txt", ".tab"),
    PICTURE: (".png", ".pdf", ".svg", ".svgz", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".tif",
              ".tiff", ".eps", ".ps", ".pgf"),
    ANIMATION: (".gif", ".mp4"),
    "a file of gene vectors": (".vec", ".npz"),
    "a file of gene sets": (".gmt",),
    "a file of another kind": (".parquet", ".feather", ".xlsx", ".xls", ".ods", ".json", ".html",
              ".loom", ".h5mu", ".mtx", ".npy", ".pkl", ".pickle", ".rds", ".zip", ".tar", ".bz2",
              ".xz", ".zst", ".safetensors", ".pt"),
}  # fmt: skip
"""Endings by kind of file; messages propose the first two."""


def require_ending(path: Path, kind: str) -> None:
    """Raise ValueError if the ending of an output is that of another kind of file.

    An ending that says nothing is taken. Of a link that of its target counts, too.
    """
    target = destination(path)
    if target.suffix != path.suffix:
        require_ending(target, kind)
    name = path.name.lower()
    if kind == TABLE:
        name = name.removesuffix(".gz")
    ending = Path(name).suffix
    if ending in OF_KIND[kind]:
        return
    if ending == ".gz" or any(ending in endings for endings in OF_KIND.values()):
        raise ValueError(
            f"{path} is to be {kind}, and {ending} is the ending of another kind; "
            f"name another output, which ends in {' or '.join(OF_KIND[kind][:2])}."
        )
