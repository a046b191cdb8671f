"""After the training: samples placed where they fit best, coordinates settled, what is left."""

from __future__ import annotations

from dataclasses import replace

import torch

from .decoders import Inner
from .gene_coordinates import balance
from .reduced_basis import reduced
from .residuals import in_expression, left_over, spacing
from .setting import Setting
from .target import Sums, target_of
from .trained import TrainedFE


def finish(setting: Setting) -> TrainedFE:
    """Return the trained model of a setting, whose model is at its best parameters."""
    model, options = setting.model, setting.options
    table = model.sample_vectors()
    # The basis that another decoder is given has to be the same when new samples are placed.
    dtype = torch.float32 if isinstance(model.decoder, Inner) else torch.float64
    view = reduced(model, table, dtype)
    target = setting.target
    if target is None:
        problem, holdout = setting.problem, setting.holdout
        sums, centre = Sums.of(problem, holdout), view.centre.float()
        target = target_of(problem, holdout, sums, centre, standardise=bool(options.center))
    # The held-out entries of samples held out whole are half of what these have.
    held_out = setting.holdout.entries if setting.holdout.counted.all() else None
    residuals = left_over(view, table, target, options, held_out)
    if options.gene_metric == "balanced":
        # Last, for which errors genes share is estimated in the coordinates of the training.
        forth, noise = balance(model), residuals.noise
        shared = forth.T @ noise.factors.double() @ forth
        noise = replace(noise, factors=shared.to(noise.factors.dtype))
        residuals = replace(residuals, noise=noise)
    if options.metric == "expression":
        assert isinstance(model.decoder, Inner)
        forth, back = in_expression(view, table)
        model.decoder.change_coordinates(back)
        table.copy_(table @ forth)
    residuals = replace(residuals, spacing=spacing(table))
    return TrainedFE(model.cpu(), replace(options, sample_prior=residuals.prior), residuals)
