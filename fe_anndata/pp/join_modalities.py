"""Several omics of the same samples as one matrix, on which everything else works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anndata import AnnData

from .._access.joined import joined

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
    return joined(adata, modalities, weights, reference)
