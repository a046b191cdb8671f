"""Families of models and their options, as a table."""

from __future__ import annotations

import pandas as pd

from ..models import families
from ..models.documented import default_of, explained, written
from ..models.option import about
from ..models.options import options_of, types_of


def models() -> pd.DataFrame:
    """List the families that :func:`fe_anndata.tl.train` knows, their options and defaults.

    Returns
    -------
    DataFrame
        One row per option: ``family``, ``option``, ``default`` (as it is typed), ``type`` and
        ``meaning``, with its unit and when it applies.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> table = fe.tl.models().set_index("option")
    >>> table.loc["l2", "default"]
    '0.0'
    """
    rows = [
        {
            "family": family.name,
            "option": name,
            "default": default_of(of),
            "type": written(types_of(family.options)[name]),
            "meaning": explained(about(of)),
        }
        for family in families().values()
        for name, of in options_of(family.options).items()
    ]
    return pd.DataFrame(rows, columns=["family", "option", "default", "type", "meaning"])
