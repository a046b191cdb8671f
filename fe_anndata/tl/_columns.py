"""Columns of obs that a run is told: what tells batches, and what sample vectors are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .._access.batches import Design, learned
from .._access.factors import digest, factors_of
from ..training.problem import Factors


@dataclass(frozen=True)
class Columns:
    """What the columns of a run say.

    Attributes
    ----------
    batches
        How batches are told from obs, if the user named columns that tell them.
    factors
        Of which sample vectors are made, if the user named any.
    """

    batches: Design | None = None
    factors: Factors | None = None

    @classmethod
    def of(cls, obs: pd.DataFrame, identity: Mapping[str, Any]) -> Columns:
        """Read the columns that the identity of a run names.

        Raises
        ------
        KeyError, TypeError, ValueError
            If one does not exist, or tells nothing.
        """
        batches, factors = (names(identity.get(key)) for key in ("batch_key", "factors"))
        return cls(learned(obs, batches), factors_of(obs, factors))

    @property
    def digests(self) -> dict[str, str]:
        """What tells them from others."""
        found = {}
        if self.batches is not None:
            found["batches"] = self.batches.digest
        if self.factors is not None:
            found["factors"] = digest(self.factors)
        return found

    def require_same(self, then: Mapping[str, Any]) -> None:
        """Raise ValueError if they are not those that a run was begun with."""
        for name, found in self.digests.items():
            if found != then.get(name):
                raise ValueError(
                    f"the columns of adata.obs that tell {name} are not those of the training: "
                    "bring them back, or train again."
                )


def names(stored: Any) -> tuple[str, ...] | None:
    """Return names of columns as a tuple; files hold one alone as text, and several as a list."""
    if stored is None:
        return None
    return (stored,) if isinstance(stored, str) else tuple(map(str, stored))
