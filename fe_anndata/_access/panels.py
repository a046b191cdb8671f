"""The panel of a reference that new samples are compared with, from an AnnData or a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.errors import near
from ..store.panels import panels_in
from .files import opened


def panel_of(reference: Any, key: str) -> Mapping[str, Any]:
    """Return the panel of a reference as it is stored.

    Parameters
    ----------
    reference
        An AnnData, or the path of one, with ``uns[key]`` of :func:`fe_anndata.pp.bin_by_gene`, or
        with one panel under another key: of that verb, or of a model that was trained on bins.
    key
        Where it is looked for first.

    Raises
    ------
    KeyError
        If there is no panel, or there are several and none is under `key`.
    TypeError, ValueError
        If it is no AnnData or file of one.
    """
    with opened(reference, "reference") as source:
        found = dict(panels_in(source.adata.uns))
    if key not in found and len(found) != 1:
        hint = (
            f"{near(key, found)} Give that as key_added."
            if found
            else "call fe.pp.bin_by_gene(reference) first."
        )
        raise KeyError(f"no panel in reference.uns[{key!r}]: {hint}")
    return found[key] if key in found else next(iter(found.values()))
