"""Runs that are continued: from an AnnData, or from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from .._access.files import Source
from .._access.gene_mask import gene_mask
from .._access.inputs import require_same_values, same_places, trainable
from .._access.results import require_free, require_intact, require_trained, trained_genes
from .._core.keys import DEFAULT_KEY, Keys
from .._core.random import seed_of
from ..matrix.audit import Audit
from ..matrix.rows import Rows
from ..models import families, family, family_of
from ..models.base import Family
from ..models.kinds import plain
from ..models.option import AUTO
from ..models.options import Options, options_of, require_known
from ..store import uns
from ..training.problem import Origin
from ..training.state import State
from ._columns import Columns, names
from ._continued import origin_of, reference_given
from ._run import Asked, Run, description, digests, require_processes
from ._starts import (
    ARRAY,
    continues,
    given_starts,
    require_starts,
    start_tables,
    trained_rows,
)

IDENTITY = (
    "model",
    "recipe",
    "rng",
    "layer",
    "normalize",
    "mask_var",
    "batch_key",
    "labels_key",
    "factors",
)
"""What a run is named by in ``params``, beside its options."""
BUDGET = ("steps", "epochs")
"""Options that a resumed run may be given again."""


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
    place = f"adata.uns[{keys.key!r}]"
    of = uns.family_of(stored, place)
    options = uns.unpack_options(of, stored["params"], place)
    identity = {name: stored["params"].get(name) for name in IDENTITY}
    require_processes(of, options, identity["labels_key"], identity["factors"])
    mask = trained_genes(adata, keys.key)
    _require_unchanged(of, asked, options, identity, (adata.n_obs, int(mask.sum())))
    columns = Columns.of(adata.obs, identity, numbers=of.takes_numbers)
    columns.require_same(stored["preprocessing"].get("columns", {}))
    wanted = mask if isinstance(asked.mask_var, str | None) else gene_mask(adata, asked.mask_var)
    rows, audit, trained = _values(source, identity, wanted)
    if wanted is not mask and not np.array_equal(trained, mask):
        raise ValueError(
            "resume=True continues the run as it was set up, with other genes; leave out mask_var."
        )
    require_same_values(audit, stored["preprocessing"])
    _require_same_names(stored["preprocessing"].get("names", {}), digests(adata, trained))
    converged = "state" not in stored
    options = with_budget(options, asked.given)
    origin = None
    if not converged:
        _require_more_steps(stored, options, asked.given)
        origin = _origin(of, options, asked, keys, adata.var_names[trained], audit)
    state = None
    if not converged:
        parts = stored["state"], stored["history"], place, stored.get("records")
        state = uns.unpack_state(*parts)
    return Run(
        of,
        options,
        identity,
        rows,
        audit,
        trained,
        origin=origin,
        state=state,
        converged=converged,
        columns=columns,
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
    try:
        identity, expected = dict(run["identity"]), dict(run["matrix"])
        for name in ("batch_key", "factors"):
            identity[name] = names(identity.get(name))
        of = family(identity["model"])
        options = of.options(**{name: plain(value) for name, value in run["options"].items()})
        shape = (int(expected["shape"][0]), int(expected["shape"][1]))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"the checkpoint says of its run what this version of fe_anndata, {__version__}, does "
            f"not know ({error}): it is damaged, or version {run.get('version', 'unknown')} wrote "
            "it, which can continue it."
        ) from error
    _require_unchanged(of, asked, options, identity, shape)
    require_processes(of, options, identity["labels_key"], identity["factors"])
    columns = Columns.of(adata.obs, identity, numbers=of.takes_numbers)
    columns.require_same(run.get("columns", {}))
    mask_var = asked.mask_var if identity["mask_var"] == ARRAY else identity["mask_var"]
    if identity["mask_var"] == ARRAY and mask_var is None:
        raise ValueError(
            "the run in the checkpoint was begun with an array as mask_var; give it again."
        )
    rows, audit, trained = _values(source, identity, gene_mask(adata, mask_var))
    _require_same_matrix(description(audit, adata, trained), expected, audit)
    starts = {}
    origin = _origin(of, options, asked, keys, adata.var_names[trained], audit)
    if state is None:  # nothing was evaluated yet, so it starts where it did before
        given = {name: asked.options[name] for name in given_starts(of.options, asked.options)}
        _, tables = start_tables(of.options, {**options.chosen(), **given}, adata)
        starts = trained_rows(tables, trained)
        require_starts(options, starts, origin)
    options = with_budget(options, asked.given)
    if state is not None and _is_given_budget(asked.given):
        _require_enough_steps(state.history[-1], options, more=False)
    return Run(of, options, identity, rows, audit, trained, starts, origin, state, columns=columns)


def _values(
    source: Source, identity: Mapping[str, Any], mask: np.ndarray
) -> tuple[Rows, Audit, np.ndarray]:
    """Return what was trained on; what was done to its values then is done again."""
    layer, normalize = identity["layer"], identity.get("normalize")
    found = trainable(source, layer, mask, normalize, lambda _: None)
    return found.rows, found.audit, found.trained


def _origin(
    of: Family, options: Options, asked: Asked, keys: Keys, genes: pd.Index, audit: Audit
) -> Origin | None:
    """Return the model that a run began with; it has to be given again, for what it knows."""
    if not continues(options):
        return None
    origin = origin_of(reference_given(of, asked.given, keys.key), genes, audit)
    if origin is None:
        require_starts(options, dict.fromkeys(options.chosen()), None)
    return origin


def _require_same_names(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    changed = [name for name, digest in then.items() if digest != now[name]]
    if changed:
        raise ValueError(
            f"the names of the {' and '.join(changed)} are not those of the training, and random "
            "numbers are dealt out by name: bring the names back, or train again."
        )


def _require_same_matrix(
    found: Mapping[str, Any], expected: Mapping[str, Any], audit: Audit
) -> None:
    """Raise ValueError if a matrix is not the one that a checkpoint was begun with."""
    names = [name for name in ("shape", "samples", "genes") if found[name] != expected.get(name)]
    total = float(expected.get("sum", np.nan))
    if not np.isclose(found["sum"], total, rtol=1e-12):
        names.append("sum")
    elif not names and not same_places(audit, expected):
        names.append("order of values")
    if names:
        raise ValueError(
            f"the checkpoint is of another matrix: its {' and '.join(names)} differ. Give the "
            "data it was begun with, or another folder."
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
        "normalize": (asked.normalize, "auto"),
        "labels_key": (asked.labels_key, None),
        "batch_key": (asked.batch_key, None),
        "factors": (asked.factors, None),
        "mask_var": (mask_var if isinstance(mask_var, str | None) else ARRAY, None),
        "rng": (seed_of(asked.rng), 0),
    }
    changed = [
        name
        for name, (value, default) in more.items()
        if value not in (default, identity.get(name))
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
    named = {**given, **given_starts(of.options, given)}
    compared = {name: plain(value) for name, value in named.items() if name not in BUDGET}
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
    done = stored["history"].iloc[-1].to_dict()
    interrupted = stored["params"]["ended"] == "interrupted"
    if _is_given_budget(given):
        _require_enough_steps(done, options, more=not interrupted)
    elif not interrupted:
        n = int(done["step"])
        raise ValueError(f"the run has done its {n} steps; give more, such as steps={2 * n}.")


def _is_given_budget(given: Mapping[str, Any]) -> bool:
    return any(given.get(name) not in (None, AUTO) for name in BUDGET)


def _require_enough_steps(done: Mapping[str, Any], options: Options, *, more: bool) -> None:
    """Raise ValueError if a budget is less than what is done, or no more if it must be `more`."""
    n = int(done["step"])
    steps, epochs = (getattr(options, name, None) for name in BUDGET)
    if isinstance(steps, int) and steps < n + more:
        raise ValueError(f"{n} steps are done; steps must be more, not {steps}.")
    # A number of epochs is rounded up to steps.
    if isinstance(epochs, float) and n and epochs * n / done["epoch"] <= n - 1 + more:
        raise ValueError(
            f"{done['epoch']:.3g} epochs are done; epochs must be more, not {epochs:g}."
        )
