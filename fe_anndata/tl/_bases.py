"""What risks are computed from: embeddings, columns of obs, and both beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.inputs import require_anndata
from .._core.errors import near
from ._methods import known_methods


@dataclass(frozen=True)
class Basis:
    """Covariates that are used together.

    Attributes
    ----------
    name
        How the table calls it.
    methods
        Names of methods that embed.
    columns
        Columns of obs.
    """

    name: str
    methods: tuple[str, ...]
    columns: tuple[str, ...]

    def covariates(
        self,
        coordinates: dict[str, tuple[np.ndarray, np.ndarray]],
        train: pd.DataFrame,
        new: pd.DataFrame,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariates of the training samples and of the new ones.

        Parameters
        ----------
        coordinates
            Of both, by the name of the method.
        train, new
            Columns of obs of both. Categories are those of the training samples; a new sample of
            another one has none.
        """
        parts = [coordinates[name] for name in self.methods]
        if self.columns:
            parts.append(_encoded(train[list(self.columns)], new[list(self.columns)]))
        fitted, placed = zip(*parts, strict=True)
        return np.hstack(fitted), np.hstack(placed)


def bases_of(
    adata: AnnData, given: Sequence[str | Sequence[str]], outcome: Sequence[str]
) -> list[Basis]:
    """Return the bases that were named, each a name or a list of names.

    Parameters
    ----------
    adata
        Whose columns of obs may be named.
    given
        As the user gave them.
    outcome
        Columns that are to be predicted, and hence are no basis.

    Raises
    ------
    ValueError, KeyError, TypeError
        If there is none, a name is unknown or that of the outcome, or two are the same.
    """
    require_anndata(adata)
    given = [given] if isinstance(given, str) else list(given)
    if not given:
        raise ValueError("bases is empty; give at least one, such as bases=['fe', 'age'].")
    bases = [_basis(basis, adata) for basis in given]
    names = [basis.name for basis in bases]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"the basis {twice!r} is there twice; leave one out.")
    known = next((of.name for of in bases if set(of.columns) & set(outcome)), None)
    if known is not None:
        raise ValueError(f"the basis {known!r} holds what is to be predicted; leave it out.")
    return bases


def _basis(given: str | Sequence[str], adata: AnnData) -> Basis:
    if isinstance(given, str):
        parts = [part.strip() for part in given.split("+")]
        parts = [given] if given in adata.obs.columns else parts
    else:
        parts = list(given) if isinstance(given, Sequence) else []
        if not parts or not all(isinstance(part, str) for part in parts):
            raise TypeError(f"a basis must be a name, or a list of names, not {given!r}.")
    methods = [part for part in parts if part in known_methods()]
    columns = [part for part in parts if part not in methods]
    for column in columns:
        _require_column(column, adata)
    return Basis("+".join(parts), tuple(methods), tuple(columns))


def _require_column(name: str, adata: AnnData) -> None:
    if name in adata.obs.columns:
        return
    fitted = [key for key in (name, f"X_{name}") if key in adata.obsm]
    if fitted:
        raise KeyError(
            f"no method and no column of adata.obs is named {name!r}. adata.obsm[{fitted[0]!r}] "
            "was fitted to all samples, those to be tested among them, so it is not used: name a "
            f"method ({', '.join(map(repr, known_methods()))}), which is fitted in each fold."
        )
    known = [*known_methods(), *map(str, adata.obs.columns)]
    raise KeyError(f"no method and no column of adata.obs is named {name!r}: {near(name, known)}")


def _encoded(train: pd.DataFrame, new: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers as they are, and a column of 0 and 1 for each category of the training."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    named = [column for column in train if train[column].dtype == object]
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float64)
    encoder = ColumnTransformer([("named", one_hot, named)], remainder="passthrough")
    return encoder.fit_transform(train), encoder.transform(new)
