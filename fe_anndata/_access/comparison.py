"""Groups of samples, each to be compared with all others or with one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .._core.errors import near
from .._core.warn import warn_user
from .samples import groups as groups_of

REST = "rest"
"""The reference that is no group: all other samples that have one."""


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Attributes
    ----------
    names
        All groups that have samples, (k,).
    codes
        The group of each sample, (n_obs,); -1 if it has none.
    asked
        The groups to be compared.
    reference
        The group that they are compared with, or ``"rest"``.
    """

    names: np.ndarray
    codes: np.ndarray
    asked: list[str]
    reference: str

    @property
    def sizes(self) -> np.ndarray:
        """The number of samples of each group, (k,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    @property
    def against(self) -> int | None:
        """The number of the reference; None if it is the rest."""
        return None if self.reference == REST else int(np.flatnonzero(self._is(self.reference))[0])

    @property
    def compared(self) -> np.ndarray:
        """Which samples are on a side of any comparison, bool (n_obs,)."""
        found: np.ndarray = self.codes >= 0
        if self.reference == REST:
            return found
        on_a_side = np.isin(self.names, [*self.asked, self.reference])
        found = np.append(on_a_side, False)[self.codes]  # the last is for samples without a group
        return found

    def sides(self, group: str) -> tuple[np.ndarray, np.ndarray]:
        """Return which groups are compared: that one, and those it is compared with, bool (k,)."""
        this = self._is(group)
        return this, ~this if self.reference == REST else self._is(self.reference)

    def _is(self, group: str) -> np.ndarray:
        found: np.ndarray = self.names == group
        return found


def comparison(
    obs: pd.DataFrame, groupby: str, groups: Sequence[str] | None, reference: str
) -> Comparison:
    """Return what to compare; each side has a sample.

    It warns if ``"rest"`` could also mean a group of that name.

    Raises
    ------
    KeyError, TypeError, ValueError
        If there is no such column or group, or nothing to compare.
    """
    found = groups_of(obs, groupby).remove_unused_categories()
    known = list(found.categories)
    if groups is not None and (isinstance(groups, str) or not isinstance(groups, Iterable)):
        raise TypeError(f"groups must be a list of groups, such as ['{groups}'], not one name.")
    if len(known) < 2:
        raise ValueError(
            f"adata.obs[{groupby!r}] names {len(known)} groups; two at least are needed to "
            "compare them."
        )
    asked = list(dict.fromkeys(known if groups is None else groups))
    for name in [*asked, *([] if reference == REST else [reference])]:
        if name not in known:
            raise KeyError(f"no group {name!r} in adata.obs[{groupby!r}]: {near(name, known)}")
    if reference != REST:
        asked = [name for name in asked if name != reference]
    if not asked:
        raise ValueError("groups names no group beside the reference; name another one.")
    if reference == REST and REST in known and len(known) > 2:
        warn_user(
            f"adata.obs[{groupby!r}] has a group {REST!r}, but reference={REST!r} means all other "
            f"samples. To compare with that group, rename it: adata.obs[{groupby!r}] = "
            f"adata.obs[{groupby!r}].astype(object).replace({REST!r}, 'others')."
        )
    return Comparison(np.array(known, dtype=object), np.asarray(found.codes), asked, reference)
