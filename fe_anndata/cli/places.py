"""Samples, groups and coordinates as they are typed."""

from __future__ import annotations

from anndata import AnnData


def named(adata: AnnData, word: str) -> str | tuple[str, str]:
    """Return what names a sample, or, as ``column=value``, a group."""
    column, sign, value = word.partition("=")
    return word if not sign or word in adata.obs_names else (column, value)


def stop(adata: AnnData, word: str) -> str | tuple[str, str] | list[float]:
    """Return a stop of a path: a sample, a group, or coordinates such as ``0.5,-1``."""
    if word not in adata.obs_names:
        try:
            return [float(part) for part in word.split(",")]
        except ValueError:
            pass
    return named(adata, word)
