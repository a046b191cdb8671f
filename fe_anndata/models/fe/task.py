"""The training of factorized embeddings: from a problem and options to a task of the trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch

from ...kernels.matched import Corrected
from ...kernels.target import Target
from ...training.holdout import Holdout, draw
from ...training.problem import Problem
from ...training.task import Schedule
from ..option import AUTO
from .enough_memory import require_memory
from .factors import Tables
from .labels import Naming
from .many import Many
from .minibatches import RandomEntries, Tiles
from .neighbours import Keeping
from .network import Factorized
from .objective import Objective
from .options import FE
from .setting import Setting
from .sizes import build, number, sized
from .start import draw_network, principal_components, start, without_batches
from .target import Sums, bounds, gene_means, target_of
from .whole_matrix import Alternating, JointSteps

MOST_STEPS_BETWEEN_EVALUATIONS = 500


def task(problem: Problem, options: FE, facts: Mapping[str, float] | None) -> Objective:
    """Return the training of factorized embeddings.

    Parameters
    ----------
    problem
        What is learned from.
    options
        What was chosen.
    facts
        ``"sample_noise"`` of the run that is continued, None for a new one.

    Raises
    ------
    ValueError
        If the sizes do not suit the matrix.
    MemoryError
        If a model of these sizes does not fit.
    """
    options = sized(options, problem.shape)
    if problem.factors is not None and not problem.factors.own:
        # Samples that are made of factors alone lie where these say.
        options = replace(options, place_samples=False)
    require_memory(options, problem.rows.shape)
    many = Many.of(problem, options)
    if many is not None:
        problem = many.chosen()
    holdout = draw(
        problem.rows, options.validation, options.validation_by, problem.seed, problem.ranks
    )
    batches = problem.batches
    n_covariates = 0 if batches is None else batches.covariates.shape[1]
    model = build(options, *problem.rows.shape, n_covariates)
    draw_network(model, options, problem.seed)
    model.to(problem.compute.device)
    target = _fixed_numbers(model, problem, options, holdout, many)
    components = keeping = covariates = None
    apart: Target | Corrected | None = target
    if batches is not None:
        covariates = torch.from_numpy(batches.covariates).to(problem.compute.device)
    if target is not None and (facts is None or options.neighbor_weight):
        if covariates is not None:
            apart = without_batches(problem, target, covariates)
        components = principal_components(model, options, problem, apart or target)
    if facts is None:
        noise = start(model, options, problem, apart, components)
    else:
        noise = facts["sample_noise"]
    if options.neighbor_weight:
        assert target is not None
        assert components is not None
        keeping = Keeping.of(components[0], target.counted, problem.ranks, options, problem.seed)
    del components
    naming = Naming.of(problem, holdout.counted, float(options.labels_weight), model.genes.shape[1])
    tables = None
    if problem.factors is not None:
        form, dim = options.factors_form, number(options.sample_dim)
        tables = Tables(problem.factors, dim, form).to_device(problem.compute.device)
        if facts is None:
            tables.begin(model.samples)
            with torch.no_grad():
                model.samples.copy_(tables.samples())
    terms = keeping, covariates, naming, tables, many
    setting = Setting(model, problem, options, holdout, target, noise, *terms)
    objective = _objective(setting)
    objective.schedule = _schedule(options, objective.steps_per_epoch)
    return objective


def _objective(setting: Setting) -> Objective:
    options = setting.options
    if options.minibatch == "full":
        return Alternating(setting) if options.gene_step == "solve" else JointSteps(setting)
    return Tiles(setting) if options.minibatch == "tiles" else RandomEntries(setting)


def _schedule(options: FE, steps_per_epoch: int) -> Schedule:
    every = options.evaluate_every
    if every == AUTO:
        # Half an epoch, but no more than it takes to see progress on a large matrix.
        every = min(max(1, steps_per_epoch // 2), MOST_STEPS_BETWEEN_EVALUATIONS)
    epochs = options.epochs if isinstance(options.epochs, float) else 1.0
    steps = options.steps if isinstance(options.steps, int) else math.ceil(epochs * steps_per_epoch)
    assert not isinstance(options.patience, str)
    return Schedule(
        steps=steps,
        evaluate_every=number(every),
        warm_up=options.warm_up,
        patience=options.patience,
        learning_rate_drops=int(options.learning_rate_drops),
        tolerance=float(options.tolerance),
        record_every=options.record_every,
    )


def _fixed_numbers(
    model: Factorized, problem: Problem, options: FE, holdout: Holdout, many: Many | None
) -> Target | None:
    """Set offset and scale, or the bounds, of `model` from the training entries.

    Returns the whole matrix as a target, if it is needed.
    """
    if options.output == "bounded":
        model.bounds.copy_(torch.tensor(bounds(problem, holdout)))
    by_components = options.sample_start == "pca" or options.gene_start == "svd"
    if not (options.center or by_components or options.minibatch == "full"):
        return None
    sums = Sums.of(problem, holdout)
    if options.center:
        of_all = sums if many is None else many.sums(problem, sums)
        model.offset.copy_(torch.from_numpy(gene_means(of_all, holdout)))
    target = target_of(problem, holdout, sums, model.offset, standardise=bool(options.center))
    model.scale.fill_(target.scale)
    return target
