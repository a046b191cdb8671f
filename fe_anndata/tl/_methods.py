"""Embeddings that can place new samples, each fitted to the training samples alone.

A method is a function of the training samples, the number of dimensions and a seed. It returns an
embedder: a function that gives the coordinates of an AnnData's samples, (n_obs, dim). The embedder
is called first with the object that holds the training samples, then with new samples. It may have
attributes: ``decode``, a function from coordinates to expression in the units of the matrix (or
None), ``decoder``, the name of that function, ``genes``, which returns gene vectors, and ``nats``,
which returns what the model says of new samples once they are placed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from anndata import AnnData

from .._access.labelled import filled, gene_means
from .._access.results import trained_model
from .._core.errors import require_choice
from .._core.extras import extra
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import warnings_only
from ..models import families, family
from ..models.base import Family
from ..models.options import require_known
from .train import train as train_model
from .transform import transform

Embedder: TypeAlias = Callable[[AnnData], np.ndarray]
Method: TypeAlias = Callable[[AnnData, int, int], Embedder]

IN_NATS = ("cross-entropy", "nll")
COMPONENTS = 50
"""Principal components on which UMAP is fitted."""


class OfFamily:
    """A model of a family, trained by :func:`fe_anndata.tl.train` under the family's name."""

    def __init__(
        self, family: Family, train: AnnData, dim: int, seed: int, **keywords: Any
    ) -> None:
        self.train, self.keys, self.layer = train, Keys(family.name), keywords.get("layer")
        with warnings_only():
            train_model(
                train,
                family.name,
                rng=seed,
                progress=False,
                **{**family.embedded_in(dim), **keywords},
            )
        if self.result["params"]["ended"] == "interrupted":
            raise KeyboardInterrupt  # what is not trained to its end is not judged

    @property
    def result(self) -> dict[str, Any]:
        """What training wrote to uns."""
        written: dict[str, Any] = self.train.uns[self.keys.uns]
        return written

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return where training left its samples, or where new ones are placed."""
        if adata is not self.train:
            with warnings_only():
                transform(adata, self.train, layer=self.layer, key=self.keys.key, progress=False)
        coordinates: np.ndarray = adata.obsm[self.keys.obsm]
        return coordinates

    @property
    def decoder(self) -> str:
        """Return the name of the decoder, empty if the family has but one or none."""
        return str(self.result["params"].get("decoder", ""))

    @property
    def decode(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """What predicts expression at coordinates, NaN for genes not trained on; None if nothing.

        So it is where the family cannot decode, or has learned another layer.
        """
        model, trained = trained_model(self.train, self.keys.key)

        def decode(coordinates: np.ndarray) -> np.ndarray:
            decoded = np.full((len(coordinates), len(trained)), np.nan, dtype=np.float32)
            decoded[:, trained] = model.decode(coordinates, np.arange(int(trained.sum())))
            return decoded

        return decode if model.can_decode and self.layer is None else None

    def genes(self) -> np.ndarray:
        """Return the gene vectors, (n_vars, d); NaN for genes that have none."""
        return np.asarray(self.train.varm[self.keys.varm])

    def nats(self, new: AnnData) -> dict[str, Any]:
        """Return what the model says of samples it was not fitted to, in nats, if it says any.

        Parameters
        ----------
        new
            Samples that were placed.
        """
        loss = str(self.result.get("loss", ""))
        column = self.keys.of_sample(loss.replace("-", "_"))
        if loss not in IN_NATS or column not in new.obs:
            return {}
        params, known = self.result["params"], dict(self.result.get("baselines", {}))
        name = min(known, key=lambda name: float(known[name]), default="")
        return {
            "nats_new": float(new.obs[column].mean()),
            "nats_held_out": float(params["validation_loss"]),
            "baseline_nats_held_out": float(known.get(name, np.nan)),
            "baseline": name,
        }


class Pca:
    """Principal components of the deviations from the gene means, in the units of the matrix.

    The mean of a gene stands for its missing values.
    """

    decoder = "linear"

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        from sklearn.decomposition import PCA

        self.means = gene_means(train)
        X = filled(train, self.means)
        # Both solvers are exact; ARPACK finds a few components much faster than "full" finds all.
        solver = "arpack" if dim < min(X.shape) else "full"
        self.pca = PCA(dim, svd_solver=solver, random_state=seed).fit(X)

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return the scores of the components."""
        scores: np.ndarray = self.pca.transform(filled(adata, self.means))
        return scores

    def decode(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the expression of all genes."""
        decoded: np.ndarray = self.pca.inverse_transform(coordinates)
        return decoded

    def genes(self) -> np.ndarray:
        """Return the loadings of all components but the last, and the mean of the gene."""
        return np.column_stack([self.pca.components_[:-1].T, self.means])


class Umap:
    """UMAP on 50 principal components of the training samples; it places new ones itself."""

    decoder = ""

    def __init__(self, train: AnnData, dim: int, seed: int) -> None:
        umap = extra("umap", "umap", "the method 'umap'")
        self.train = train
        self.components = Pca(train, min(COMPONENTS, *(n - 1 for n in train.shape)), seed)
        neighbours = min(15, train.n_obs - 1)
        # With a seed umap-learn runs one job anyway, after a warning.
        self.umap = umap.UMAP(n_neighbors=neighbours, n_components=dim, random_state=seed, n_jobs=1)
        self.umap.fit(self.components(train))

    def __call__(self, adata: AnnData) -> np.ndarray:
        """Return where the fit left its samples, or where new ones are placed."""
        coordinates: np.ndarray = (
            self.umap.embedding_
            if adata is self.train
            else self.umap.transform(self.components(adata))
        )
        return coordinates


def pca(train: AnnData, dim: int, seed: int) -> Embedder:
    """Fit principal components."""
    return Pca(train, dim, seed)


def umap(train: AnnData, dim: int, seed: int) -> Embedder:
    """Fit UMAP."""
    return Umap(train, dim, seed)


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "fe_linear": ("fe", {"recipe": "linear"}),
    "fe_concat": ("fe", {"decoder": "concat"}),
}
"""Names of a family with some of its options."""
OTHERS: dict[str, Method] = {"pca": pca, "umap": umap}
"""Methods that are no family; they take no keywords."""
OWN = ("adata", "model", "mask_var", "batch_key", "labels_key", "factors", "key_added",
       "checkpoint", "resume", "rng", "orientation", "progress", "copy")  # fmt: skip
"""Arguments of training that are decided where methods are compared."""
ARGUMENTS = [
    name
    for name, of in inspect.signature(train_model).parameters.items()
    if of.kind is not of.VAR_KEYWORD
]
"""All of them, beside the options of a family."""


def known_methods() -> list[str]:
    """Return the names of all methods; each family is one."""
    return list(dict.fromkeys([*families(), *VARIANTS, *OTHERS]))


def family_named(name: str) -> Family | None:
    """Return the family that a method trains; None if it trains none."""
    return None if name in OTHERS else family(VARIANTS.get(name, (name, {}))[0])


def named(name: str, keywords: Mapping[str, Any]) -> Method:
    """Return a method by its name.

    Parameters
    ----------
    name
        One of :func:`known_methods`.
    keywords
        Of :func:`fe_anndata.tl.train`, if it trains.
    """
    of = family_named(name)
    if of is None:
        return OTHERS[name]
    return partial(OfFamily, of, **{**VARIANTS.get(name, (name, {}))[1], **keywords})


def keywords_of_each(
    names: Sequence[str], train: Mapping[str, Any], dims: Sequence[int], verb: str
) -> dict[str, dict[str, Any]]:
    """Return the keywords of training of each method that trains, which may be common to all.

    Parameters
    ----------
    names
        Of methods.
    train
        Keywords, or those of each method by its name.
    dims
        Of the embeddings.
    verb
        Which decides some of the keywords.
    """
    families = {name: of for name in names if (of := family_named(name)) is not None}
    of_each = {name: of for name, of in train.items() if isinstance(of, Mapping)}
    for name in of_each:
        require_choice(name, families or ["nothing"], "a name in train")
    common = {name: value for name, value in train.items() if name not in of_each}
    found = {name: {**common, **of_each.get(name, {})} for name in families}
    for name, of in families.items():
        for dim in dims:
            require_keywords(of, found[name], dim, verb)
    if not families:  # a loop over methods may give them to all
        require_keywords(family(DEFAULT_KEY), common, dims[0], verb)
    return found


def layers_of(keywords: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the layers that some models are to be trained on, of the keywords of each."""
    found = (of.get("layer") for of in keywords)
    return list(dict.fromkeys(layer for layer in found if layer is not None))


def want_logarithms(models: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
    """Return whether no model takes the matrix in any unit, as those of counts do.

    Parameters
    ----------
    models
        Of each the method, and its keywords; one that is trained on a layer does not count.
    """
    found = ((family_named(name), keywords) for name, keywords in models)
    return not any(
        of is not None and of.any_unit and keywords.get("layer") is None for of, keywords in found
    )


def require_keywords(of: Family, keywords: Collection[str], dim: int, verb: str) -> None:
    """Raise an error for keywords of training that are unknown, or that are decided elsewhere.

    Parameters
    ----------
    of
        The family that is trained.
    keywords
        Their names.
    dim
        Of the embedding.
    verb
        Which decides some of them.
    """
    decided = {*OWN, *of.embedded_in(dim)}
    for name in keywords:
        if name in decided:
            raise ValueError(f"the option {name!r} is decided by {verb}; leave it out.")
    others = {name: other.options for name, other in families().items() if other is not of}
    require_known(of.options, of.name, [name for name in keywords if name not in ARGUMENTS], others)
