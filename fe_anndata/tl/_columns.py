"""Columns of obs that a run is told: what tells batches, and what sample vectors are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .._access.batches import Design, learned
from .._access.factors import digest, factors_of
from .._access.labels import labels_of
from ..training.problem import Factors, Labels


@dataclass(frozen=True)
class Columns:
    """What the columns of a run say.

    Attributes
    ----------
    batches
        How batches are told from obs, if the user named columns that tell them.
    factors
        Of which sample vectors are made, if the user named any.
    labels
        What is learned beside the expression, if the user named a column.
    obs
        Where they stand.
    """

    batches: Design | None = None
    factors: Factors | None = None
    labels: Labels | None = None
    obs: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def of(cls, obs: pd.DataFrame, identity: Mapping[str, Any], *, numbers: bool) -> Columns:
        """Read the columns that the identity of a run names; labels may be numbers if so said.

        Raises
        ------
        KeyError, TypeError, ValueError
            If one does not exist, or tells nothing.
        """
        batches, factors = (names(identity.get(key)) for key in ("batch_key", "factors"))
        both = sorted({*(batches or ())} & {*(factors or ())})
        if both:
            raise ValueError(
                f"adata.obs[{both[0]!r}] is in batch_key and in factors: what it does is taken "
                "out, or has vectors, not both; leave it out of one."
            )
        labels = labels_of(obs, identity.get("labels_key"), numbers=numbers)
        return cls(learned(obs, batches), factors_of(obs, factors), labels, obs)

    @property
    def digests(self) -> dict[str, str]:
        """What tells them from others."""
        found = {}
        if self.batches is not None:
            covariates = self.batches.covariates(self.obs).tobytes()
            found["batches"] = self.batches.digest + hashlib.sha256(covariates).hexdigest()
        if self.labels is not None:
            of = self.labels.numbers if self.labels.numbers is not None else self.labels.codes
            said = "\n".join(self.labels.classes).encode() + np.nan_to_num(of).tobytes()
            found["labels"] = hashlib.sha256(said).hexdigest()
        if self.factors is not None:
            found["factors"] = digest(self.factors)
        return found

    def require_same(self, then: Mapping[str, Any]) -> None:
        """Raise ValueError if they are not those that a run was begun with."""
        for name, found in self.digests.items():
            if then.get(name, found) != found:  # earlier versions kept no digest
                raise ValueError(
                    f"the columns of adata.obs that {name} come from are not those of the "
                    "training: bring them back, or train again."
                )


def names(stored: Any) -> tuple[str, ...] | None:
    """Return names of columns as a tuple; files hold one alone as text, and several as a list."""
    if stored is None:
        return None
    if not isinstance(stored, Iterable):
        raise TypeError(f"columns of adata.obs are named by text, one or a list, not {stored!r}.")
    return (stored,) if isinstance(stored, str) else tuple(map(str, stored))
