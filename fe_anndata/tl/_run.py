"""A run of training: gathered from an AnnData and checked, and its result written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from anndata import AnnData

from .. import __version__
from .._access.files import Source
from .._access.inputs import gene_mask, ranks_of, require_same_values, trainable
from .._access.results import require_free, require_intact, require_trained
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from .._core.random import Rng, seed_of
from ..kernels.device import Compute
from ..matrix.audit import Audit
from ..matrix.memory import require_memory
from ..matrix.rows import ByBlocks, Rows
from ..models import families, family, family_of
from ..models.base import Family
from ..models.options import AUTO, Options, options_of, plain, require_known
from ..store import uns
from ..training import Fitted, Problem
from ..training.state import State
from ._starts import ARRAY, start_tables, trained_rows

IDENTITY = ("model", "recipe", "rng", "layer", "mask_var", "batch_key", "labels_key")
"""What a run is named by in ``params``, beside its options."""
BUDGET = ("steps", "epochs")
"""Options that a resumed run may be given anew."""


@dataclass(frozen=True)
class Asked:
    """What the user has asked for, as it was given.

    Attributes
    ----------
    model, recipe, layer, mask_var, rng
        Arguments of :func:`fe_anndata.tl.train`.
    options
        Options of the family, by name.
    """

    model: str | Options
    recipe: str
    layer: str | None
    mask_var: str | np.ndarray | None
    rng: Rng
    options: Mapping[str, Any]

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
    state
        Where an earlier run stopped.
    converged
        Whether that run has converged, so that there is nothing left to do.
    """

    family: Family
    options: Options
    identity: Mapping[str, Any]
    rows: Rows
    audit: Audit
    trained: np.ndarray
    starts: Mapping[str, np.ndarray] = field(default_factory=dict)
    state: State | None = None
    converged: bool = False

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
        return Problem(rows, self.audit, ranks, seed, compute, self.starts)

    def described(self, adata: AnnData) -> dict[str, Any]:
        """Return what a checkpoint says of the run, so that it can be told from others."""
        return {
            "identity": dict(self.identity),
            "options": self.options.chosen(),
            "matrix": _description(self.audit, adata, self.trained),
            "version": __version__,
        }


def _loaded(rows: ByBlocks, why: str) -> Rows:
    try:
        require_memory(rows.X, kept=rows.shape[1] / max(1, rows.X.shape[1]))
    except MemoryError as error:
        raise MemoryError(f"{why}. {error}") from None
    return rows.load()


def _description(found: Audit, adata: AnnData, trained: np.ndarray) -> dict[str, Any]:
    return {
        "shape": list(found.shape),
        "sum": found.total,
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
        return family(asked.model)
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
    masked = gene_mask(adata, asked.mask_var)
    # What names a table becomes its name, and the width of the table is that of the embedding.
    names, starts = start_tables(of.options, asked.given, adata)
    if isinstance(asked.model, Options):
        options = replace(asked.model, **names)
    else:
        others = {name: other.options for name, other in families().items()}
        options = of.choose(asked.recipe, {**asked.options, **names}, others)
    rows, audit, trained = trainable(source, asked.layer, masked)
    mask_var = asked.mask_var
    identity = {
        "model": of.name,
        "recipe": asked.recipe,
        "rng": seed_of(asked.rng),
        "layer": asked.layer,
        "mask_var": mask_var if isinstance(mask_var, str | None) else ARRAY,
        "batch_key": None,
        "labels_key": None,
    }
    return Run(of, options, identity, rows, audit, trained, trained_rows(starts, trained))


def resumed_run(source: Source, keys: Keys, asked: Asked) -> Run:
    """Return the run under `keys` from where it stopped.

    Raises
    ------
    KeyError, ValueError
        If there is none, the AnnData has changed since, or options but the budget are changed.
    """
    adata = source.adata
    stored = require_trained(adata, keys.key)
    require_intact(adata, keys.key, same_samples=True)
    of = uns.family_of(stored)
    options = uns.unpack_options(of, stored["params"])
    identity = {name: stored["params"].get(name) for name in IDENTITY}
    identity["rng"] = int(stored["params"]["rng"])
    mask = adata.var[keys.trained].to_numpy(dtype=bool)
    _require_unchanged(of, asked, options, identity, (adata.n_obs, int(mask.sum())))
    rows, audit, trained = trainable(source, identity["layer"], mask)
    require_same_values(audit, stored["preprocessing"]["sum"])
    converged = "state" not in stored
    options = with_budget(options, asked.given)
    if not converged:
        _require_more_steps(stored, options, asked.given)
    return Run(
        of,
        options,
        identity,
        rows,
        audit,
        trained,
        state=None if converged else uns.unpack_state(stored["state"], stored["history"]),
        converged=converged,
    )


def checkpointed_run(
    source: Source, keys: Keys, asked: Asked, run: Mapping[str, Any], state: State | None
) -> Run:
    """Return the run that a checkpoint holds, from where it stopped.

    Raises
    ------
    ValueError
        If it is of another matrix, or options but the budget are changed.
    """
    adata = source.adata
    require_free(adata, keys.key)
    identity = dict(run["identity"])
    of = family(identity["model"])
    options = of.options(**{name: plain(value) for name, value in run["options"].items()})
    shape = (int(run["matrix"]["shape"][0]), int(run["matrix"]["shape"][1]))
    _require_unchanged(of, asked, options, identity, shape)
    mask_var = asked.mask_var if identity["mask_var"] == ARRAY else identity["mask_var"]
    if identity["mask_var"] == ARRAY and mask_var is None:
        raise ValueError(
            "the run in the checkpoint was begun with an array as mask_var; give it again."
        )
    rows, audit, trained = trainable(source, identity["layer"], gene_mask(adata, mask_var))
    found, expected = _description(audit, adata, trained), run["matrix"]
    different = [
        name
        for name in found
        if not (np.isclose(found[name], expected[name], rtol=1e-12) if name == "sum"
                else found[name] == expected[name])
    ]  # fmt: skip
    if different:
        raise ValueError(
            f"the checkpoint is of another matrix: its {' and '.join(different)} differ. Give the "
            "data it was begun with, or another folder."
        )
    starts = {}
    if state is None:  # nothing was evaluated yet, so it starts where it did before
        arrays = {k: v for k, v in asked.options.items() if isinstance(v, np.ndarray)}
        _, tables = start_tables(of.options, {**options.chosen(), **arrays}, adata)
        starts = trained_rows(tables, trained)
        _require_arrays(options, starts)
    options = with_budget(options, asked.given)
    return Run(of, options, identity, rows, audit, trained, starts, state)


def _require_arrays(options: Options, starts: Mapping[str, np.ndarray]) -> None:
    for name, value in options.chosen().items():
        if isinstance(value, str) and value == ARRAY and name not in starts:
            raise ValueError(
                f"the run in the checkpoint was begun with an array as {name} and had no "
                "evaluation yet; give it again."
            )


def _require_unchanged(
    of: Family,
    asked: Asked,
    options: Options,
    identity: Mapping[str, Any],
    shape: tuple[int, int],
) -> None:
    """Raise ValueError if the user asks for something else than the run was set up with."""
    model = asked.model if isinstance(asked.model, str) else family_of(asked.model).name
    mask_var = asked.mask_var
    more = {
        "model": (model, DEFAULT_KEY),
        "recipe": (asked.recipe, "default"),
        "layer": (asked.layer, None),
        "mask_var": (mask_var if isinstance(mask_var, str | None) else ARRAY, None),
        "rng": (asked.rng if isinstance(asked.rng, int) else -1, 0),
    }
    changed = [
        name for name, (value, default) in more.items() if value not in (default, identity[name])
    ]
    if "model" not in changed:
        changed = _changed_options(of, asked.given, options, shape) + changed
    if changed:
        raise ValueError(
            f"resume=True continues the run as it was set up; leave out {', '.join(changed)}."
        )


def _changed_options(
    of: Family, given: Mapping[str, Any], options: Options, shape: tuple[int, int]
) -> list[str]:
    """Return which of the given options are not those of the run, the budget apart.

    They are compared as they were used: 10 steps may have become 15, and ``"auto"`` anything.
    """
    require_known(of.options, of.name, given, {k: f.options for k, f in families().items()})
    compared = {
        name: plain(value)
        for name, value in given.items()
        if name not in BUDGET and not isinstance(value, np.ndarray)
    }
    now, then = {**options.chosen(), **compared}, options.chosen()
    try:
        now = of.settled(of.options(**now), shape).chosen()
        then = of.settled(options, shape).chosen()
    except ValueError:
        pass  # They do not go together with those of the run, so one at least is another.
    return [name for name in compared if now[name] not in (then[name], AUTO)]


def with_budget(options: Options, given: Mapping[str, Any]) -> Options:
    """Return the options with another budget, if one is given, in steps or in epochs."""
    known = [name for name in BUDGET if name in options_of(type(options))]
    budget = {name: given[name] for name in known if given.get(name) not in (None, AUTO)}
    if len(budget) > 1:
        raise ValueError("give steps or epochs, not both.")
    return replace(options, **{**dict.fromkeys(known), **budget}) if budget else options


def _require_more_steps(
    stored: Mapping[str, Any], options: Options, given: Mapping[str, Any]
) -> None:
    done = int(stored["history"]["step"].iloc[-1])
    if stored["params"]["ended"] == "interrupted":
        return
    if not any(given.get(name) not in (None, AUTO) for name in BUDGET):
        raise ValueError(f"the run has done its {done} steps; give more, such as steps={2 * done}.")
    steps = getattr(options, "steps", None)
    if isinstance(steps, int) and steps <= done:
        raise ValueError(f"{done} steps are done; steps must be more, not {steps}.")


def write(adata: AnnData, keys: Keys, run: Run, fitted: Fitted) -> None:
    """Write the places of the contract, and say so."""
    samples = fitted.trained.samples()
    genes = uns.scatter(fitted.trained.genes(), run.trained)
    packed = uns.pack_fitted(run.family, fitted, run.identity, run.trained)
    n_obs, n_vars = run.audit.shape
    packed["preprocessing"] = {
        **packed.get("preprocessing", {}),
        "n_obs": n_obs,
        "n_vars": n_vars,
        "sum": run.audit.total,
        "counts": run.audit.counts,
    }
    packed["version"] = __version__
    packed["fingerprint"] = {
        "samples": uns.fingerprint(samples),
        "genes": uns.fingerprint(genes),
    }
    adata.obsm[keys.obsm] = samples
    adata.varm[keys.varm] = genes
    adata.var[keys.trained] = run.trained
    adata.uns[keys.uns] = packed
    if fitted.ended == "interrupted":
        logger.warning(
            "interrupted: kept the result of step %d; resume=True continues", fitted.best_step
        )
    logger.info(
        "trained %d samples x %d genes for %d steps (%s), best at step %d; wrote obsm[%r] %s, "
        "varm[%r] %s, var[%r] and uns[%r]",
        adata.n_obs,
        run.trained.sum(),
        fitted.history[-1]["step"],
        fitted.ended,
        fitted.best_step,
        keys.obsm,
        samples.shape,
        keys.varm,
        genes.shape,
        keys.trained,
        keys.uns,
    )
