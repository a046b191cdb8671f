"""A run of training: what is asked for, gathered from an AnnData and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from anndata import AnnData

from .. import __version__
from .._access.batches import warn_of_confounded
from .._access.files import Source
from .._access.formats.orientation import (
    Orientation,
    require_orientation,
    require_samples_are_rows,
)
from .._access.gene_mask import gene_mask
from .._access.inputs import ranks_of, trainable
from .._access.results import require_free
from .._access.units import step_for
from .._core import processes
from .._core.errors import require_choice
from .._core.keys import Keys
from .._core.log import logger
from .._core.random import Rng, seed_of
from ..kernels.device import Compute
from ..matrix.audit import Audit
from ..matrix.memory import require_memory
from ..matrix.normalize import STEPS, Normalize
from ..matrix.rows import ByBlocks, Rows
from ..models import families, family, family_of
from ..models.base import Family
from ..models.option import about
from ..models.options import Options, changed, options_of, settle
from ..training import Problem
from ..training.problem import Origin
from ..training.state import State
from ._columns import Columns
from ._continued import decided, origin_of, reference_given
from ._starts import ARRAY, require_starts, start_tables, trained_rows


@dataclass(frozen=True)
class Asked:
    """What the user has asked for, as it was given.

    Attributes
    ----------
    model, recipe, layer, normalize, mask_var, batch_key, labels_key, factors, rng, orientation
        Arguments of :func:`fe_anndata.tl.train`.
    options
        Options of the family, by name.
    """

    model: str | Options
    recipe: str = "default"
    layer: str | None = None
    normalize: Normalize = "auto"
    mask_var: str | Sequence[str] | np.ndarray | None = None
    batch_key: tuple[str, ...] | None = None
    labels_key: str | None = None
    factors: tuple[str, ...] | None = None
    rng: Rng = 0
    orientation: Orientation = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> Mapping[str, Any]:
        """Options that were given, by name; an object of options gives all of them."""
        return self.model.chosen() if isinstance(self.model, Options) else self.options


@dataclass(frozen=True)
class Run:
    """All that a training needs.

    Attributes
    ----------
    family, options
        What is trained.
    identity
        What the run is named by in ``params``, beside its options.
    rows, audit
        The matrix of the trained genes.
    trained
        Which genes they are, bool (n_vars,).
    starts
        Tables to start at by option, if the user gave any.
    origin
        The trained model to start at, if the user gave one.
    state
        Where an earlier run stopped.
    converged
        Whether that run has converged, so that there is nothing left to do.
    columns
        What columns of obs tell of the samples.
    """

    family: Family
    options: Options
    identity: Mapping[str, Any]
    rows: Rows
    audit: Audit
    trained: np.ndarray
    starts: Mapping[str, np.ndarray] = field(default_factory=dict)
    origin: Origin | None = None
    state: State | None = None
    converged: bool = False
    columns: Columns = field(default_factory=Columns)

    def problem(self, adata: AnnData, compute: Compute) -> Problem:
        """Return what is learned from.

        Raises
        ------
        ValueError, MemoryError
            If the options need the matrix in memory, and it is too large.
        """
        rows, why = self.rows, self.family.needs_whole(self.options)
        if why is not None and isinstance(rows, ByBlocks):
            rows = _loaded(rows, why)
        ranks, seed = ranks_of(adata, self.trained), int(self.identity["rng"])
        design = self.columns.batches
        batches = None if design is None else design.of(adata.obs).of_rows(ranks.own)
        known = self.starts, self.origin, self.columns.labels, batches, self.columns.factors
        return Problem(rows, self.audit, ranks, seed, compute, *known)

    def described(self, adata: AnnData) -> dict[str, Any]:
        """Return what a checkpoint says of the run, so that it can be told from others."""
        return {
            "identity": dict(self.identity),
            "options": self.options.chosen(),
            "matrix": description(self.audit, adata, self.trained),
            "columns": self.columns.digests,
            "version": __version__,
        }


def _loaded(rows: ByBlocks, why: str) -> Rows:
    try:
        require_memory(rows.X, kept=rows.shape[1] / max(1, rows.X.shape[1]))
    except MemoryError as error:
        raise MemoryError(f"{why}. {error}") from None
    return rows.load()


def description(found: Audit, adata: AnnData, trained: np.ndarray) -> dict[str, Any]:
    """Return what tells a matrix from others."""
    return {
        "shape": list(found.shape),
        "sum": found.total,
        "mark": found.mark,
        **digests(adata, trained),
    }


def digests(adata: AnnData, trained: np.ndarray) -> dict[str, str]:
    """Return what tells the names of samples and trained genes, by which numbers are drawn."""
    return {
        "samples": _digest(adata.obs_names),
        "genes": _digest(adata.var_names[trained]),
    }


def _digest(names: Any) -> str:
    return hashlib.sha256("\n".join(map(str, names)).encode()).hexdigest()


def family_asked(asked: Asked) -> Family:
    """Return the family that was asked for.

    Raises
    ------
    TypeError, ValueError
        If there is none, or an options object comes with a recipe or options beside it.
    """
    if isinstance(asked.model, str):
        of = family(asked.model)
        for name, other in families().items():
            if asked.recipe in other.recipes and asked.recipe not in of.recipes:
                raise ValueError(
                    f"recipe {asked.recipe!r} is one of the family {name!r}, not of {of.name!r}: "
                    f"give model={name!r} as well."
                )
        return of
    if not isinstance(asked.model, Options):
        raise TypeError(
            "model must be the name of a family or its options, such as fe.models.FE(), not "
            f"{type(asked.model).__name__}."
        )
    if asked.options:
        raise ValueError(
            f"options come twice, as {type(asked.model).__name__}(...) and as "
            f"{', '.join(asked.options)}; give all of them in one place."
        )
    if asked.recipe != "default":
        raise ValueError(
            f"recipe={asked.recipe!r} does not apply to {type(asked.model).__name__}(...); give "
            "options as keywords beside the recipe."
        )
    return family_of(asked.model)


def new_run(source: Source, keys: Keys, of: Family, asked: Asked) -> Run:
    """Return a run from the start.

    Raises
    ------
    ValueError, KeyError, TypeError
        For anything that cannot be trained on, or does not fit together.
    """
    adata = source.adata
    require_free(adata, keys.key)
    require_choice(asked.normalize, ["auto", *STEPS, None], "normalize")
    require_orientation(asked.orientation)
    if not source.turned:
        require_samples_are_rows(adata, asked.orientation, source.path)
    if keys.uns in adata.uns:
        logger.info("this training takes the place of the one under %r", keys.key)
    columns = Columns.of(adata.obs, vars(asked), numbers=of.takes_numbers)
    masked = gene_mask(adata, asked.mask_var)
    # What names a table becomes its name, and the width of the table is that of the embedding.
    names, starts = start_tables(of.options, asked.given, adata)
    reference = reference_given(of, asked.given, keys.key)
    earlier = None if reference is None else reference.model.options
    if isinstance(asked.model, Options):
        names |= decided(of, changed(asked.model), "default", earlier)
        options = replace(asked.model, **names)
    else:
        others = {name: other.options for name, other in families().items()}
        names |= decided(of, asked.options, asked.recipe, earlier)
        options = of.choose(asked.recipe, {**asked.options, **names}, others)
    _require_taken(of, options, asked)
    require_processes(of, options, asked.labels_key, asked.factors)
    _require_beside(options, asked)
    if columns.batches is not None:
        warn_of_confounded(adata.obs, columns.batches, asked.labels_key)
    recipe = "default" if isinstance(asked.model, Options) else asked.recipe
    found = trainable(source, asked.layer, masked, asked.normalize, step_for(of, recipe))
    trained, mask_var = found.trained, asked.mask_var
    origin = origin_of(reference, adata.var_names[trained], found.audit)
    require_starts(options, starts, origin)
    identity = {
        "model": of.name,
        "recipe": asked.recipe,
        "rng": seed_of(asked.rng),
        "layer": asked.layer,
        "normalize": found.normalize,
        "mask_var": mask_var if isinstance(mask_var, str | None) else ARRAY,
        "batch_key": asked.batch_key,
        "labels_key": asked.labels_key,
        "factors": asked.factors,
    }
    tables = trained_rows(starts, trained)
    matrix = found.rows, found.audit, trained
    return Run(of, options, identity, *matrix, tables, origin, columns=columns)


def require_processes(
    of: Family, options: Options, labels_key: str | None, factors: Sequence[str] | None
) -> None:
    """Raise ValueError if one process alone trains what was asked for, and there are several."""
    if processes.number() == 1:
        return
    why = of.without_processes(options)
    if why is None and of.shares_rows:
        given = {"labels_key": labels_key, "factors": factors}
        named = [name for name, value in given.items() if value]
        why = f"{' and '.join(named)} needs one process alone" if named else None
    if why is not None:
        raise ValueError(
            f"{processes.number()} processes cannot train this ({why}). Change that, or start one "
            "process, without torchrun."
        )


def _require_beside(options: Options, asked: Asked) -> None:
    """Raise ValueError for an option that was given without the argument it is about."""
    model = asked.model
    for name in changed(model) if isinstance(model, Options) else asked.options:
        of = options_of(type(options))[name]
        argument = about(of).beside
        if argument is None or getattr(asked, argument) is not None:
            continue
        # What a result says of itself can be given again, also the value of "auto".
        others = {n: value for n, value in options.chosen().items() if n != name}
        if asked.given[name] not in (of.default, settle(type(options), others)[name]):
            raise ValueError(
                f"{name} does not apply without {argument}; give that too, or leave {name} out."
            )


def _require_taken(of: Family, options: Options, asked: Asked) -> None:
    """Raise ValueError if a model with these options takes no batches, or no labels."""
    for name, given, method in (
        ("batch_key", asked.batch_key, "without_batches"),
        ("labels_key", asked.labels_key, "without_labels"),
        ("factors", asked.factors, "without_factors"),
    ):
        why = None if given is None else getattr(of, method)(options)
        if why is None:
            continue
        others = [n for n, o in families().items() if getattr(o, method)(o.options()) is None]
        takes = " or ".join(repr(other) for other in others if other != of.name)
        raise ValueError(f"{why}; leave {name} out{f', or train {takes}' if takes else ''}.")
