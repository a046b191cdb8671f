"""A run of training: gathered from an AnnData and checked, and its result written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from anndata import AnnData

from .. import __version__
from .._access.inputs import gene_mask, require_same_values, start_table, total_of, trainable
from .._access.results import require_free, require_intact, require_trained
from .._core.keys import Keys
from .._core.log import logger
from .._core.random import Rng, seed_of
from ..matrix.audit import looks_like_counts
from ..matrix.values import Values, stored
from ..store import uns
from ..training import Config, Fitted, resolve
from ..training.config import with_budget
from ..training.loop import State

IDENTITY = ("model", "recipe", "rng", "layer", "mask_var")
"""What a run is named by in ``params``, beside its configuration."""


@dataclass(frozen=True)
class Run:
    """All that a training needs.

    Attributes
    ----------
    X
        The matrix of the trained genes.
    trained
        Which genes they are, bool (n_vars,).
    params
        What the run is named by; see ``IDENTITY``.
    config
        What was chosen.
    sample_start, gene_start
        Tables to start at, if the user gave any.
    state
        Where an earlier run stopped.
    converged
        Whether that run has converged, so that there is nothing left to do.
    """

    X: Values
    trained: np.ndarray
    params: dict[str, Any]
    config: Config
    sample_start: np.ndarray | None = None
    gene_start: np.ndarray | None = None
    state: State | None = None
    converged: bool = False


def new_run(
    adata: AnnData,
    keys: Keys,
    model: str,
    recipe: str,
    given: dict[str, Any],
    layer: str | None,
    mask_var: str | np.ndarray | None,
    rng: Rng,
) -> Run:
    """Return a run from the start; `given` are the parameters of the user, None for the recipe's.

    Raises
    ------
    ValueError, KeyError, TypeError
        For anything that cannot be trained on, or does not fit together.
    """
    require_free(adata, keys.key)
    params = {
        "model": model,
        "recipe": recipe,
        "rng": seed_of(rng),
        "layer": layer,
        "mask_var": mask_var if mask_var is None or isinstance(mask_var, str) else "array",
    }
    X, trained = trainable(adata, layer, gene_mask(adata, mask_var))
    everyone = np.ones(adata.n_obs, dtype=bool)
    samples, sample_start = start_table(given["sample_start"], "pca", adata.obsm, "obsm", everyone)
    genes, gene_start = start_table(given["gene_start"], "svd", adata.varm, "varm", trained)
    given = {**given, "sample_start": sample_start, "gene_start": gene_start}
    for name, table in (("sample_dim", samples), ("gene_dim", genes)):
        if table is not None:
            given[name] = _same_width(name, given[name], table)
    return Run(X, trained, params, resolve(recipe, **given), samples, genes)


def resumed_run(
    adata: AnnData, keys: Keys, changed: list[str], steps: int | None, epochs: float | None
) -> Run:
    """Return the run under `keys` from where it stopped.

    Raises
    ------
    KeyError, ValueError
        If there is none, the AnnData has changed since, or parameters but the budget are given.
    """
    stored = require_trained(adata, keys.key)
    require_intact(adata, keys.key, same_samples=True)
    changed = [name for name in changed if name not in ("steps", "epochs")]
    if changed:
        raise ValueError(
            f"resume=True continues the run as it was set up; leave out {', '.join(changed)}."
        )
    params = {name: stored["params"][name] for name in IDENTITY}
    params["rng"] = int(params["rng"])
    X, trained = trainable(adata, params["layer"], adata.var[keys.trained].to_numpy(dtype=bool))
    require_same_values(X, stored["preprocessing"]["sum"])
    converged = "state" not in stored
    config = with_budget(uns.unpack_config(stored["params"]), steps, epochs)
    done = int(stored["history"]["step"].iloc[-1])
    interrupted = stored["params"]["ended"] == "interrupted"
    if not converged and not interrupted and steps is None and epochs is None:
        raise ValueError(f"the run has done its {done} steps; give more, such as steps={2 * done}.")
    if not converged and config.steps is not None and config.steps <= done and not interrupted:
        raise ValueError(f"{done} steps are done; steps must be more, not {config.steps}.")
    return Run(
        X,
        trained,
        params,
        config,
        state=None if converged else uns.unpack_state(stored["state"], stored["history"]),
        converged=converged,
    )


def write(adata: AnnData, keys: Keys, run: Run, fitted: Fitted) -> None:
    """Write the places of the contract, and say so."""
    samples = fitted.model.sample_vectors().numpy()
    genes = uns.scatter(fitted.model.gene_vectors().numpy(), run.trained)
    packed = uns.pack_fitted(fitted, run.params, run.trained)
    packed["preprocessing"]["sum"] = total_of(run.X)
    packed["preprocessing"]["counts"] = looks_like_counts(stored(run.X))
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


def _same_width(name: str, given: int | None, table: np.ndarray) -> int:
    if given is not None and given != table.shape[1]:
        raise ValueError(f"{name}={given}, but the start has {table.shape[1]} columns.")
    return int(table.shape[1])
