"""Files of MuData, whose modalities are joined."""

from __future__ import annotations

import warnings
from pathlib import Path

from anndata import AnnData

from ..._core.extras import extra
from ..h5ad import first_line


def read_h5mu(path: Path) -> AnnData:
    """Read an .h5mu file, and join its modalities, as :func:`fe_anndata.pp.join_modalities` does.

    Raises
    ------
    ImportError
        If mudata is not installed.
    ValueError
        If it is damaged.
    """
    from ..joined import joined  # which reads what formats have read

    mudata = extra("mudata", "multimodal", "an .h5mu file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of mudata, on changes to come
            found = mudata.read_h5mu(path)
    except Exception as error:
        raise ValueError(f"{path} cannot be read as .h5mu ({first_line(error)}).") from error
    if not found.mod:
        raise ValueError(f"{path} cannot be read as .h5mu: it has no modality.")
    if len(found.mod) == 1:
        only: AnnData = next(iter(found.mod.values()))
        return only
    return joined(found)
