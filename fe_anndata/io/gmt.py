"""Gene sets in .gmt files, the format of MSigDB and Enrichr."""

from __future__ import annotations

from pathlib import Path

from ..genespace.gmt import load_gmt


def read_gmt(path: str | Path) -> dict[str, list[str]]:
    r"""Read gene sets.

    Parameters
    ----------
    path
        A .gmt file, plain or compressed with gzip. Each line holds a name, a description and
        genes, separated by tabs; quotes around them, and the weight in ``G1,1.0`` as Enrichr
        writes it, are left out. Lines that begin with ``#`` are comments.

    Returns
    -------
    dict
        The genes of each set by its name, in the order of the file. A gene that a line repeats is
        kept once, and descriptions are left out. A set without genes is left out with a warning.

    Raises
    ------
    ValueError
        If there is no such file, it is damaged, not in UTF-8 or unpacks to far too much, it holds
        no set, or a line is not a set or repeats a name; the message gives the number of the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import fe_anndata as fe
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sets.gmt"
    ...     _ = path.write_text("B_CELLS\tmarkers\tCD79A\tMS4A1\nT_CELLS\tmarkers\tCD3D\tCD3E\n")
    ...     fe.io.read_gmt(path)
    {'B_CELLS': ['CD79A', 'MS4A1'], 'T_CELLS': ['CD3D', 'CD3E']}
    """
    return load_gmt(path)
