"""A result of training, read back from an AnnData and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData

from .. import __version__
from .._core.errors import near
from .._core.keys import Keys
from ..models.base import Trained
from ..store import uns
from .inputs import require_anndata

_PARTS = ("params", "history", "preprocessing", "model", "fingerprint")


def require_trained(adata: AnnData, key: str, what: str = "adata") -> dict[str, Any]:
    """Return ``adata.uns[key]`` of a trained AnnData, which messages call `what`.

    Raises
    ------
    KeyError
        If there is no result under `key`.
    ValueError
        If a part of it is missing, or it was written by a newer version.
    """
    require_anndata(adata)
    stored = adata.uns.get(Keys(key).uns)
    if not _is_result(stored):
        others = [k for k, v in adata.uns.items() if _is_result(v)]
        hint = near(key, others) if others else f"call fe.tl.train({what}) first."
        raise KeyError(f"no trained model in {what}.uns[{key!r}]: {hint}")
    _require_readable(stored)
    missing = [name for name in _PARTS if name not in stored]
    if missing:
        raise ValueError(
            f"adata.uns[{key!r}] lacks {', '.join(missing)}: the AnnData was concatenated or "
            "changed since. Use it as it was when it was trained, or train again."
        )
    return dict(stored)


def holds_whole_numbers(stored: Mapping[str, Any]) -> bool:
    """Return whether a result was trained on whole numbers, such as raw counts."""
    found = stored["preprocessing"]
    return bool(found.get("whole_numbers", found.get("counts", False)))


def require_free(adata: AnnData, key: str) -> None:
    """Raise ValueError if ``adata.uns[key]`` holds anything but an earlier result."""
    stored = adata.uns.get(Keys(key).uns)
    if stored is not None and not _is_result(stored):
        raise ValueError(f"adata.uns[{key!r}] holds something else; choose another key_added.")


def _is_result(stored: Any) -> bool:
    return isinstance(stored, Mapping) and ("model" in stored or "fingerprint" in stored)


def require_intact(adata: AnnData, key: str, *, same_samples: bool = False) -> None:
    """Raise ValueError if uns, varm and obsm of a result no longer belong together.

    Some of the samples may have been left out since, or their order changed, unless
    `same_samples`.
    """
    keys = Keys(key)
    prints = require_trained(adata, key)["fingerprint"]
    cure = "Use it as it was when it was trained, or train again."
    for place, names, name in (
        ("obsm", adata.obsm, keys.obsm),
        ("varm", adata.varm, keys.varm),
        ("var", adata.var, keys.trained),
    ):
        if name not in names:
            raise ValueError(
                f"adata.uns[{key!r}] holds a model, but adata.{place}[{name!r}] is missing. {cure}"
            )
    genes = uns.fingerprint(np.asarray(adata.varm[keys.varm]))
    if not np.array_equal(genes, prints["genes"]):
        raise ValueError(
            f"the genes are not those that the model in adata.uns[{key!r}] was trained on "
            f"({len(genes)} genes here, {len(prints['genes'])} then): the AnnData was subset, "
            f"reordered or concatenated since. {cure}"
        )
    samples = uns.fingerprint(np.asarray(adata.obsm[keys.obsm]))
    known = (
        np.array_equal(samples, prints["samples"])
        if same_samples
        else np.isin(samples, prints["samples"]).all()
    )
    if not known:
        raise ValueError(
            f"adata.obsm[{keys.obsm!r}] is not what the model in adata.uns[{key!r}] was trained "
            f"to: the AnnData was subset, reordered, concatenated or changed since. {cure}"
        )


def trained_model(adata: AnnData, key: str) -> tuple[Trained, np.ndarray]:
    """Return the trained model of an AnnData, and which genes it knows, bool (n_vars,).

    Raises
    ------
    KeyError, ValueError
        If there is none under `key`, it was changed since, or was written by a newer version.
    """
    keys = Keys(key)
    stored = require_trained(adata, key)
    require_intact(adata, key)
    trained = adata.var[keys.trained].to_numpy(dtype=bool)
    model = uns.unpack_trained(
        stored,
        np.asarray(adata.obsm[keys.obsm], dtype=np.float32),
        np.asarray(adata.varm[keys.varm], dtype=np.float32),
        trained,
    )
    return model, trained


def _require_readable(stored: Mapping[str, Any]) -> None:
    if int(stored.get("format", 1)) > uns.FORMAT:
        raise ValueError(
            f"the model was written by fe_anndata {stored.get('version', '')}, whose files this "
            f"version, {__version__}, does not know: pip install --upgrade fe-anndata."
        )
