"""Loom files, read by anndata."""

from __future__ import annotations

from pathlib import Path

from anndata import AnnData
from anndata.io import read_loom as read_by_anndata

from ..._core.extras import extra
from ..h5ad import first_line


def read_loom(path: Path) -> AnnData:
    """Read a .loom file.

    Raises
    ------
    ImportError
        If loompy is not installed.
    ValueError
        If it is damaged, or names no genes or cells.
    """
    extra("loompy", "loom", "a .loom file")
    try:
        found: AnnData = read_by_anndata(path, obs_names=_first(path, "col_attrs", _CELLS),
                                         var_names=_first(path, "row_attrs", _GENES))  # fmt: skip
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"{path} cannot be read as .loom ({first_line(error)}).") from error
    return found


_CELLS = ("CellID", "cell_id", "obs_names", "barcode", "Barcode", "cell_names")
_GENES = ("Gene", "gene", "var_names", "gene_name", "GeneName", "Accession", "gene_names")


def _first(path: Path, group: str, known: tuple[str, ...]) -> str:
    import h5py

    with h5py.File(path, "r") as file:
        names = list(file[group])
    found = next((name for name in known if name in names), None)
    if found is None:
        raise ValueError(
            f"{path} names no {'cells' if group == 'col_attrs' else 'genes'}: {group} has "
            f"{', '.join(names[:8]) or 'nothing'}; it should have {known[0]}."
        )
    return found
