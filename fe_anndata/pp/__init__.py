"""Preprocessing: values that a model takes in place of expression."""

from __future__ import annotations

from .bin_by_gene import bin_by_gene
from .join_modalities import join_modalities

__all__ = ["bin_by_gene", "join_modalities"]


def __dir__() -> list[str]:
    return sorted(__all__)
