"""Train factorized embeddings on a matrix: settle sizes, hold out, start, run."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from ..kernels.pair_mlp import Kernel, reference
from ..kernels.products import Cells, Products
from ..kernels.target import Target
from ..matrix.values import Values, column_moments, without_missing
from ..models.decoders import Inner
from ..models.factored import factored
from ..models.factorized import Factorized
from .config import Config
from .gene_coordinates import balance
from .holdout import Holdout, draw, hidden_cells
from .in_batches import RandomCells, Tiles
from .loop import Progress, State, load, run
from .names import Names
from .neighbours import Keeping
from .objectives import Objective
from .residuals import Residuals, finish, in_expression, spacing
from .sizes import build, settle
from .start import draw_network, principal_components, start
from .whole_matrix import Alternating, JointSteps

MOST_STEPS_BETWEEN_EVALUATIONS = 500
BLOCK = 1024


@dataclass(frozen=True)
class Fitted:
    """A trained model and the record of its training.

    Attributes
    ----------
    model
        At its best evaluation.
    config
        With every size settled.
    history
        One record per evaluation.
    ended
        ``"converged"``, ``"steps"`` or ``"interrupted"``.
    best_step
        When the model was at its best.
    resumable
        The state from which the run can go on.
    residuals
        What the model leaves, for new samples.
    validation_loss
        Of the model, NaN if nothing was held out.
    """

    model: Factorized
    config: Config
    history: list[dict[str, Any]]
    ended: str
    best_step: int
    resumable: State
    residuals: Residuals
    validation_loss: float


def fit(
    X: Values,
    config: Config,
    *,
    seed: int,
    names: Names,
    sample_start: np.ndarray | None = None,
    gene_start: np.ndarray | None = None,
    state: State | None = None,
    device: torch.device | str = "cpu",
    kernel: Kernel = reference.loss_and_gradients,
    progress: bool = False,
) -> Fitted:
    """Train factorized embeddings on `X`.

    Parameters
    ----------
    X
        Samples x genes, a float32 array or CSR matrix; NaN marks a missing value.
    config
        From :func:`~fe_anndata.training.config.resolve`.
    seed, names
        They decide all that is random.
    sample_start, gene_start
        Tables to start at, float32 (n_obs, sample_dim) and (n_vars, gene_dim).
    state
        Where an earlier run stopped.
    device, kernel
        Where to compute, and what computes tiles of the concat decoder.
    progress
        Whether to show a bar.

    Raises
    ------
    ValueError
        If the sizes do not suit the matrix, or the loss becomes NaN or infinite.
    """
    started = time.perf_counter()
    device = torch.device(device)
    config = settle(config, X.shape)
    holdout = draw(X, config.validation, config.validation_by, seed, names)
    model = build(config, *X.shape)
    draw_network(model, config, seed)
    model.to(device)
    target = _fixed_numbers(model, X, config, holdout)
    components = keeping = None
    if target is not None and (state is None or config.neighbor_weight):
        components = principal_components(model, config, seed, names, target)
    if state is None:
        noise = start(model, config, seed, names, target, components, sample_start, gene_start)
        state = State(Progress(noise=noise))
    if config.neighbor_weight:
        assert target is not None
        assert components is not None
        keeping = Keeping.of(components[0], target.counted, names, config, seed)
    del components
    objective = _objective(
        model, X, config, seed, names, holdout, target, state.progress.noise, keeping, kernel
    )
    steps = config.steps or math.ceil((config.epochs or 1) * objective.steps_per_epoch)
    every = config.evaluate_every or _steps_between_evaluations(objective.steps_per_epoch)
    resumable, final, ended = run(objective, model, config, steps, every, state, started, progress)
    load(model, final.best)
    residuals = _finish(model, X, config, holdout, target)
    return Fitted(
        model.cpu(),
        replace(config, sample_prior=residuals.prior),
        final.history,
        ended,
        final.progress.best_step,
        resumable,
        residuals,
        objective.validation_loss(),
    )


def _steps_between_evaluations(steps_per_epoch: int) -> int:
    """Return half an epoch, but no more than it takes to see progress on a large matrix."""
    return min(max(1, steps_per_epoch // 2), MOST_STEPS_BETWEEN_EVALUATIONS)


def _fixed_numbers(model: Factorized, X: Values, config: Config, holdout: Holdout) -> Target | None:
    """Set offset and scale, or the bounds, of `model` from the training cells.

    Returns the whole matrix as a target, if it is needed.
    """
    if config.output == "bounded":
        model.bounds.copy_(torch.tensor(_bounds(X, holdout)))
    if not config.needs_target:
        return None
    if config.center:
        model.offset.copy_(torch.from_numpy(_gene_means(X, holdout)))
    target = _target(X, holdout, model.offset, config.center)
    model.scale.fill_(target.scale)
    return target


def _target(X: Values, holdout: Holdout, centre: Tensor, standardise: bool) -> Target:
    """Return the whole matrix around `centre`, on its device."""
    unseen = hidden_cells(X, holdout.cells)
    return Target.of(
        Products.of(without_missing(X), centre.device),
        Cells.of(unseen.rows, unseen.cols, unseen.values, X.shape, centre.device),
        torch.from_numpy(holdout.counted[:, None].astype(np.float32)).to(centre.device),
        centre,
        standardise,
    )


def _finish(
    model: Factorized, X: Values, config: Config, holdout: Holdout, target: Target | None
) -> Residuals:
    """Move the samples where they fit best, if the configuration says so; return what is left."""
    table = model.sample_vectors()
    # The basis that another decoder is given has to be the same when new samples are placed.
    dtype = torch.float32 if isinstance(model.decoder, Inner) else torch.float64
    view = factored(model, table, dtype)
    if target is None:
        target = _target(X, holdout, view.centre.float(), config.center)
    # The held-out cells of samples held out whole are half of what these have.
    cells = holdout.cells if holdout.counted.all() else None
    residuals = finish(
        view, table, target, config.noise, config.sample_prior, config.relocate, cells
    )
    if config.gene_metric == "balanced":
        # Last, for which errors genes share is estimated in the coordinates of the training.
        forth, noise = balance(model), residuals.noise
        shared = forth.T @ noise.factors.double() @ forth
        noise = replace(noise, factors=shared.to(noise.factors.dtype))
        residuals = replace(residuals, noise=noise)
    if config.metric == "expression":
        assert isinstance(model.decoder, Inner)
        forth, back = in_expression(view, table)
        model.decoder.change_coordinates(back)
        table.copy_(table @ forth)
    return replace(residuals, spacing=spacing(table))


def _objective(
    model: Factorized,
    X: Values,
    config: Config,
    seed: int,
    names: Names,
    holdout: Holdout,
    target: Target | None,
    noise: float,
    keeping: Keeping | None,
    kernel: Kernel,
) -> Objective:
    if config.batch == "full":
        assert target is not None
        whole = (model, target, holdout, names, seed, noise, keeping)
        if config.gene_step == "solve":
            assert isinstance(config.solve_every, int)
            return Alternating(*whole, config.solve_every, config.gene_prior, config.l2)
        return JointSteps(*whole)
    if config.batch == "tiles":
        assert isinstance(config.batch_size, tuple)
        size, row_wise = config.batch_size, config.row_wise
        return Tiles(model, X, holdout, names, seed, size, kernel, row_wise)
    assert isinstance(config.batch_size, int)
    return RandomCells(model, X, holdout, names, seed, config.batch_size)


def _gene_means(X: Values, holdout: Holdout) -> np.ndarray:
    """Return the mean of the observed training cells of each gene, float32; 0 where none is."""
    total, number = column_moments(X)
    counted = holdout.counted
    if not counted.all():
        total_out, number_out = column_moments(X[~counted])
        total, number = total - total_out, number - number_out
    else:
        held_out, n_vars = holdout.cells, X.shape[1]
        total -= np.bincount(held_out.cols, weights=held_out.values, minlength=n_vars)
        number -= np.bincount(held_out.cols, minlength=n_vars)
    return np.where(number > 0, total / np.maximum(number, 1), 0.0).astype(np.float32)


def _bounds(X: Values, holdout: Holdout) -> tuple[float, float]:
    """Return least and greatest observed training value, by blocks of rows."""
    least, greatest = math.inf, -math.inf
    held_out = holdout.cells
    for first in range(0, X.shape[0], BLOCK):
        block = X[first : first + BLOCK]
        block = block.toarray() if sparse.issparse(block) else block.copy()
        inside = (held_out.rows >= first) & (held_out.rows < first + BLOCK)
        block[held_out.rows[inside] - first, held_out.cols[inside]] = np.nan
        block = block[holdout.counted[first : first + BLOCK]]
        if len(block):
            least, greatest = min(least, np.nanmin(block)), max(greatest, np.nanmax(block))
    return float(least), float(greatest)
