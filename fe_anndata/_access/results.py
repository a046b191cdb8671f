"""A result of training, read back from an AnnData and checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from anndata import AnnData

from .. import __version__
from .._core.errors import near
from .._core.keys import DEFAULT_KEY, Keys
from ..models import families
from ..models.trained import Trained
from ..store import uns
from ..store.checksums import require_unchanged
from ..store.schema import (
    checked_history,
    checked_params,
    checked_preprocessing,
    plain_values,
    truth,
)
from .inputs import as_table, require_anndata

OF_SCANPY = ("pca", "umap", "tsne", "diffmap")
"""Names of embeddings that no training of ours has by itself."""
_PARTS = ("params", "history", "preprocessing", "model", "fingerprint")


def require_trained(adata: AnnData, key: str, what: str = "adata") -> dict[str, Any]:
    """Return ``adata.uns[key]`` of a trained AnnData, which messages call `what`.

    Its ``params`` and ``preprocessing`` are plain Python, None for what was not given.

    Raises
    ------
    KeyError
        If there is no result under `key`.
    ValueError
        If a part of it is missing, was changed since or is of a wrong type, or the result was
        written by a newer version.
    """
    require_anndata(adata)
    stored = adata.uns.get(Keys(key).uns)
    if not _is_result(stored):
        others = [k for k, v in adata.uns.items() if _is_result(v)]
        raise KeyError(f"no trained model in {what}.uns[{key!r}]: {train_first(key, others, what)}")
    place = f"{what}.uns[{key!r}]"
    written = _format(stored, place)
    parts = (*_PARTS, "checksums") if written >= uns.WITH_CHECKSUMS else _PARTS
    missing = [name for name in parts if name not in stored]
    if missing:
        raise ValueError(
            f"{place} lacks {', '.join(missing)}: the AnnData was concatenated or "
            "changed since. Use it as it was when it was trained, or train again."
        )
    if "checksums" in stored:
        require_unchanged(stored, place)
    return {
        **stored,
        "params": checked_params(stored["params"], place),
        "preprocessing": checked_preprocessing(stored["preprocessing"], place),
        "history": checked_history(uns.unpack_history(stored["history"]), place),
    }


def train_first(key: str, others: Iterable[str], what: str = "adata") -> str:
    """Return the end of a message that there is no result under `key`: what to type.

    Parameters
    ----------
    key
        What was asked for.
    others
        What is there.
    what
        The AnnData, in the words of the user.
    """
    others = list(others)
    there = near(key, others) if others else ""
    if there.startswith("did you mean") or key in OF_SCANPY:
        return there or near(key, others)
    if key in families():
        of = "" if key == DEFAULT_KEY else f", {key!r}"
    else:
        of = f", key_added={key!r}"
    call = f"call fe.tl.train({what}{of}) first."
    return f"{there.removesuffix('.')}; or {call}" if there else call


def holds_whole_numbers(stored: Mapping[str, Any]) -> bool:
    """Return whether a result was trained on whole numbers, such as raw counts."""
    found = stored["preprocessing"]
    return bool(found.get("whole_numbers", found.get("counts", False)))


def normalize_of(adata: AnnData, key: str, layer: str | None) -> str | None:
    """Return the step that values of a layer went through before a training, if that was on it."""
    if not _is_result(adata.uns.get(Keys(key).uns)):
        return None
    params = require_trained(adata, key)["params"]
    found: str | None = params["normalize"] if params["layer"] == layer else None
    return found


def require_free(adata: AnnData, key: str) -> None:
    """Raise ValueError if ``adata.uns[key]`` holds anything but an earlier result."""
    stored = adata.uns.get(Keys(key).uns)
    if stored is not None and not _is_result(stored):
        raise ValueError(f"adata.uns[{key!r}] holds something else; choose another key_added.")


def families_in(adata: AnnData) -> dict[str, str]:
    """Return the keys of all results in an AnnData, each with the name of its family."""
    found = {key: stored for key, stored in adata.uns.items() if _is_result(stored)}
    params = {key: stored.get("params") for key, stored in found.items()}
    return {
        key: str(of.get("model", DEFAULT_KEY)) if isinstance(of, Mapping) else ""
        for key, of in params.items()
    }


def _is_result(stored: Any) -> bool:
    return isinstance(stored, Mapping) and ("model" in stored or "fingerprint" in stored)


def require_intact(adata: AnnData, key: str, *, same_samples: bool = False) -> None:
    """Raise ValueError if uns, varm and obsm of a result no longer belong together.

    Some of the samples may have been left out since, or their order changed, unless
    `same_samples`.
    """
    _require_intact(adata, Keys(key), require_trained(adata, key), same_samples)


def _require_intact(
    adata: AnnData, keys: Keys, stored: Mapping[str, Any], same_samples: bool
) -> None:
    key = keys.key
    prints = _fingerprints(stored, key)
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
    genes = _prints_of(adata.varm[keys.varm], prints["genes"], f"varm[{keys.varm!r}]")
    if not np.array_equal(genes, prints["genes"]):
        raise ValueError(
            f"the genes are not those that the model in adata.uns[{key!r}] was trained on "
            f"({len(genes)} genes here, {len(prints['genes'])} then): the AnnData was subset, "
            f"reordered or concatenated since. {cure}"
        )
    samples = _prints_of(adata.obsm[keys.obsm], prints["samples"], f"obsm[{keys.obsm!r}]")
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


def has_same_samples(adata: AnnData, key: str) -> bool:
    """Return whether the samples are those of the training, all of them and in their order."""
    keys = Keys(key)
    known = _fingerprints(require_trained(adata, key), key)["samples"]
    found = _prints_of(adata.obsm[keys.obsm], known, f"obsm[{keys.obsm!r}]")
    return bool(np.array_equal(found, known))


def require_known_rows(adata: AnnData, key: str, of: Literal["samples", "genes"]) -> None:
    """Raise ValueError if vectors are no longer those of the result that is stored beside them.

    Samples and genes may have been left out, and samples that were placed later may have come in;
    where there is no result there is nothing to compare with.
    """
    keys = Keys(key)
    stored = adata.uns.get(keys.uns)
    if not _is_result(stored) or "fingerprint" not in stored:
        return
    _format(stored, f"adata.uns[{key!r}]")
    known = _fingerprints(stored, key)[of]
    place, name = ("obsm", keys.obsm) if of == "samples" else ("varm", keys.varm)
    found = _prints_of(getattr(adata, place)[name], known, f"{place}[{name!r}]")
    if len(found) <= len(known) and not np.isin(found, known).all():
        raise ValueError(
            f"adata.{place}[{name!r}] is not what the model in adata.uns[{key!r}] was trained to: "
            f"it was changed since, or the file is damaged. Train again, or if they are others: "
            f"del adata.uns[{key!r}]."
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
    _require_intact(adata, keys, stored, same_samples=False)
    model = uns.unpack_trained(
        stored,
        as_table(adata.obsm[keys.obsm]),
        as_table(adata.varm[keys.varm]),
        adata.var[keys.trained],
        f"adata.uns[{key!r}]",
    )
    return model, trained_genes(adata, key)


def trained_genes(adata: AnnData, key: str) -> np.ndarray:
    """Return which genes were trained on, bool (n_vars,), from the column of var.

    Raises
    ------
    ValueError
        If it holds anything but true and false.
    """
    name = Keys(key).trained
    column = truth(adata.var[name])
    if column is None:
        raise ValueError(f"adata.var[{name!r}] holds others than True and False: train again.")
    return column


def _fingerprints(stored: Mapping[str, Any], key: str) -> dict[str, np.ndarray]:
    found = stored["fingerprint"]
    prints = {}
    for name in ("samples", "genes"):
        rows = np.asarray(found.get(name)) if isinstance(found, Mapping) else np.empty(0)
        if rows.ndim != 1 or rows.dtype.kind not in "iuf":
            raise ValueError(
                f"adata.uns[{key!r}]['fingerprint'][{name!r}] is no row of numbers: the file is "
                "damaged. Use a copy that is whole, or train again."
            )
        prints[name] = rows.view("u8") if rows.dtype == "i8" else rows
    return prints


def _prints_of(table: Any, known: np.ndarray, what: str) -> np.ndarray:
    """Return the fingerprint of a table, as exact as the one that is known."""
    try:
        return uns.fingerprint(as_table(table)).astype(known.dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"adata.{what} is no table of numbers: train again.") from error


def _format(stored: Mapping[str, Any], place: str) -> int:
    """Return the format of a result.

    Raises
    ------
    ValueError
        If it is not known here.
    """
    found = plain_values({"format": stored.get("format", 1)}).get("format")
    if not isinstance(found, int | float) or not math.isfinite(found) or found < 1 or found % 1:
        raise ValueError(f"{place}['format'] is {found!r}, no number of a format: train again.")
    if found > uns.FORMAT:
        raise ValueError(
            f"{place} is in format {int(found)}, of fe_anndata {stored.get('version', '')}, and "
            f"this version, {__version__}, knows formats up to {uns.FORMAT}: pip install --upgrade "
            "fe-anndata."
        )
    return int(found)
