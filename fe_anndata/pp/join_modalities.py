"""Several omics of the same samples as one matrix, on which everything else works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.modalities import MODALITY, SCALE, Modality, modalities_of, scales_in
from .._core.errors import near
from .._core.log import logger
from ..matrix.beside import beside, deviation

if TYPE_CHECKING:
    from mudata import MuData


def join_modalities(
    adata: AnnData | MuData,
    modalities: Mapping[str, str] | None = None,
    *,
    weights: Mapping[str, float] | None = None,
    reference: AnnData | None = None,
) -> AnnData:
    """Return one AnnData of all modalities, such as RNA and proteins, of the same samples.

    Train on it as on any other: samples get one embedding, and the features of all modalities
    vectors in one space. New samples may lack a modality, which :func:`fe_anndata.tl.reconstruct`
    then predicts.

    Each modality is multiplied by a number so that its deviations from the means of its features
    have the same sum of squares: a few proteins count as much as thousands of genes. Its weight
    multiplies that sum. (Multiple factor analysis balances tables alike.)

    Parameters
    ----------
    adata
        A MuData (of the extra ``multimodal``), or an AnnData with `modalities`.
    modalities
        Where each modality is, by the name that it is to have. In an AnnData ``"X"``, a layer, or a
        key of ``obsm`` whose columns are features, named if it is a DataFrame. In a MuData ``"X"``
        or a layer of the modality; by default its ``X``, of all modalities.
    weights
        By the name of the modality; 1 for those that are not named.
    reference
        A joined AnnData: multiply each modality as there, so that new samples are in its units.
        Modalities that the reference does not have are an error, and some of its own may be absent.

    Returns
    -------
    AnnData
        Samples x features of all modalities, float32. Samples without a modality have NaN there;
        with any such the matrix is dense, as it is unless all modalities are sparse. ``obs`` is
        that of `adata`; ``var["modality"]`` names the modality of each feature, and
        ``var["modality_scale"]`` is what its values were multiplied with. A name that comes in
        several modalities has that of its modality before it, ``"protein:CD3E"``.

    Raises
    ------
    KeyError, ValueError, TypeError
        If a modality, a layer or a key of obsm does not exist, no sample is in more than one
        modality, values are constant, or a weight is not positive.
    ImportError
        If `adata` is a MuData and mudata is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.simulated(60, 40, 3)
    >>> adata.obsm["protein"] = np.asarray(adata.X[:, :5]) * 100
    >>> joint = fe.pp.join_modalities(adata, {"rna": "X", "protein": "protein"})
    >>> joint.shape
    (60, 45)
    >>> fe.tl.train(joint, steps=20, progress=False)
    >>> new = joint[:, joint.var["modality"] == "rna"][:10].copy()
    >>> del new.obsm["X_fe"], new.uns["fe"], new.varm["fe"]
    >>> fe.tl.transform(new, joint, progress=False)
    >>> fe.tl.reconstruct(new, reference=joint, modality="protein")
    >>> new.obsm["fe_protein"].shape
    (10, 5)
    """
    found, obs = modalities_of(adata, modalities)
    scales = _scales(found, weights) if reference is None else _known(found, reference, weights)
    _require_shared(found, len(obs))
    parts = [(part.X, part.rows, scales[part.name]) for part in found]
    var = pd.concat([_features(part, scales[part.name]) for part in found])
    several = var.index.duplicated(keep=False)
    names = var.index.to_series().where(~several, var[MODALITY] + ":" + var.index.to_series())
    var.index = pd.Index(names.to_numpy(dtype=object).astype(str))
    joined = AnnData(beside(parts, len(obs)), obs=obs.copy(), var=var)
    said = ", ".join(f"{part.name} {part.X.shape[1]} features x {part.n} samples" for part in found)
    logger.info("joined %s", said)
    return joined


def _features(part: Modality, scale: float) -> pd.DataFrame:
    return pd.DataFrame({MODALITY: part.name, SCALE: np.float32(scale)}, index=part.features)


def _scales(found: list[Modality], weights: Mapping[str, float] | None) -> dict[str, float]:
    """Return what each modality is multiplied with; all entries together have unit variance."""
    weights, names = dict(weights or {}), [part.name for part in found]
    for name, weight in weights.items():
        if name not in names:
            raise KeyError(f"weights: there is no modality {name!r}: {near(name, names)}")
        if not (isinstance(weight, int | float) and 0 < weight < np.inf):
            raise ValueError(
                f"weights: that of {name!r} must be a positive number, not {weight!r}."
            )
    n_features = sum(part.X.shape[1] for part in found)
    scales = {}
    for part in found:
        spread = deviation(part.X)
        if not spread > 0:
            raise ValueError(f"the modality {part.name!r} holds no values that vary: leave it out.")
        share = n_features / (len(found) * part.X.shape[1])
        scales[part.name] = float(np.sqrt(weights.get(part.name, 1.0) * share)) / spread
    return scales


def _known(
    found: list[Modality], reference: AnnData, weights: Mapping[str, float] | None
) -> dict[str, float]:
    if weights is not None:
        raise ValueError("weights are those of the reference; leave them out.")
    scales = scales_in(reference.var, "reference")
    for part in found:
        if part.name not in scales:
            raise KeyError(
                f"the reference has no modality {part.name!r}: {near(part.name, scales)}"
            )
    return scales


def _require_shared(found: list[Modality], n_obs: int) -> None:
    if len(found) < 2:
        return
    number = np.zeros(n_obs, dtype=int)
    for part in found:
        number[part.rows] += 1
    if not (number > 1).any():
        raise ValueError(
            "no sample is in two modalities, so that nothing ties them together: name samples "
            "alike in all of them."
        )
