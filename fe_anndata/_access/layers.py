"""The layers of an AnnData, the same for every version of anndata."""

from __future__ import annotations

from typing import Any

from anndata import AnnData


def layers_of(adata: AnnData) -> dict[str, Any]:
    """Return the layers by name, without X, which anndata 0.13 lists among them as None."""
    return {name: layer for name, layer in adata.layers.items() if name is not None}
