"""After the training: samples placed where they fit best, coordinates settled, what is left."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..._core import processes
from ...kernels.noise import Noise
from .decoders import Inner
from .gene_coordinates import balance
from .gene_views import joined
from .many import Everyone
from .options import FE
from .reduced_basis import Reduced, reduced
from .residuals import Residuals, in_expression, left_over, spacing
from .setting import Setting
from .target import Sums, target_of
from .trained import TrainedFE

ROUNDS = 8
"""How often samples are placed where they shape what places them: the basis of the decoder, the
prior, the noise. :func:`fe_anndata.tl.transform` does one more round, and is to find them there."""


def finish(setting: Setting) -> TrainedFE:
    """Return the trained model of a setting, whose model is at its best parameters."""
    model, options = setting.model, setting.options
    table = model.sample_vectors()
    if options.place_samples and not isinstance(model.decoder, Inner):
        for _ in range(ROUNDS):
            prior = _left_over(setting, options, table)[1].prior
        # What is left is that of the basis that new samples meet, which is of the moved samples.
        options = replace(options, place_samples=False, sample_prior=prior)
    view, residuals = _left_over(setting, options, table)
    options = replace(options, place_samples=setting.options.place_samples)
    everyone = table
    if setting.many is not None:
        assert setting.target is not None
        whole = Everyone(setting.many, setting.problem, setting.target, setting.holdout)
        prior = float(options.gene_prior)
        model.genes.data.copy_(whole.genes(view, residuals, table, prior, options.l2))
        view, residuals = _left_over(setting, options, table)
        everyone = whole.places(view, residuals, table)
        table.copy_(everyone[whole.rows])
    if options.gene_metric == "balanced":
        # Last, for which errors genes share is estimated in the coordinates of the training.
        forth, completion = balance(model), residuals.completion
        assert completion is not None
        completion = replace(completion, noise=_changed(completion.noise, forth))
        noise = _changed(residuals.noise, forth)
        residuals = replace(residuals, noise=noise, completion=completion)
    change = None
    if options.metric == "expression":
        assert isinstance(model.decoder, Inner)
        change, back = in_expression(view, table)
        model.decoder.change_coordinates(back)
        table.copy_(table @ change)
        everyone = table if setting.many is None else everyone @ change
    residuals = replace(residuals, spacing=spacing(everyone))
    options = replace(options, sample_prior=residuals.prior)
    levels = None if setting.tables is None else setting.tables.concluded(change)
    vectors = None
    if options.gene_views is not None:
        whole_problem = setting.problem if setting.many is None else setting.many.problem
        vectors = joined(model.gene_vectors(), whole_problem).cpu()
    trained_on = model.with_samples(processes.gathered(everyone))
    trained = TrainedFE(trained_on, options, residuals, change, None, levels, vectors)
    if setting.naming is None:
        return trained
    named = setting.naming.concluded(trained.factors(table.cpu()))
    return TrainedFE(trained_on, options, residuals, change, named, levels, vectors)


def _changed(noise: Noise, forth: Tensor) -> Noise:
    """Return the noise in the gene coordinates in which factors are multiplied by a matrix."""
    shared = forth.T @ noise.factors.double() @ forth
    return replace(noise, factors=shared.to(noise.factors.dtype))


def _left_over(setting: Setting, options: FE, table: Tensor) -> tuple[Reduced, Residuals]:
    """Return the decoder and what it leaves; move the samples of `table`, in place, if told to."""
    model = setting.model
    # The basis that another decoder is given has to be the same when new samples are placed.
    dtype = torch.float32 if isinstance(model.decoder, Inner) else torch.float64
    view = reduced(model, table, dtype)
    target = setting.target
    if target is None:
        problem, holdout = setting.problem, setting.holdout
        sums, centre = Sums.of(problem, holdout), view.centre.float()
        target = target_of(problem, holdout, sums, centre, standardise=bool(options.center))
    # The held-out entries of samples held out whole are half of what these have.
    whole = processes.agree(not setting.holdout.counted.all())
    held_out = None if whole else setting.holdout.entries
    covariates = setting.covariates
    batches = None if covariates is None else (covariates, model.effects.detach())
    return view, left_over(view, table, target, options, held_out, batches)
