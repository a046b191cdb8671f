"""The loop, on a task of two numbers: steps, evaluations, the falling rate, the ends of a run."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fe_anndata.training import fit, loop
from fe_anndata.training.loop import NonFiniteLossError
from fe_anndata.training.optimisers import Group
from fe_anndata.training.state import State
from fe_anndata.training.task import Schedule, Task


class Valley(Task):
    """Go down to the origin; the losses may be given instead, one for each evaluation."""

    steps_per_epoch, entries_per_step, n_held_out = 4, 100, 7
    facts = {"depth": 3.0}  # noqa: RUF012

    def __init__(self, losses=None, start=5.0, **schedule):
        self.schedule = Schedule(**{"steps": 20, "evaluate_every": 5, **schedule})
        self.place = torch.nn.Parameter(torch.tensor([start, 0.0]))
        self.parameters = {"place": self.place}
        self.groups = [Group(self.parameters, 0.1, "rmsprop")]
        self.losses = None if losses is None else iter(losses)
        self.ends = []

    def backward(self, step):
        loss = self.place.square().sum()
        loss.backward()
        return float(loss.detach())

    def after(self, steps, *, ends=False):
        if ends:
            self.ends.append(steps)

    def validation_loss(self):
        if not self.n_held_out:
            return math.nan
        return float(self.place.detach()[0] ** 2) if self.losses is None else next(self.losses)

    def finish(self):
        return self.place.detach().clone()


def column(fitted, name):
    return [record[name] for record in fitted.history]


def rates(losses, **schedule):
    """Return the factor of the rates in every step, and the result."""
    used = []

    class Optimisers(loop.Optimisers):
        def step(self, factor, unexplained=1.0):
            used.append(factor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "Optimisers", Optimisers)
        return used, fit(Valley(losses, **schedule))


def test_history_tells_steps_epochs_and_losses():
    fitted = fit(Valley(steps=12))
    assert column(fitted, "step") == [0, 5, 10, 12]
    assert column(fitted, "epoch") == [0, 1.25, 2.5, 3]
    assert math.isnan(fitted.history[0]["train_loss"])
    losses, seconds = column(fitted, "validation_loss"), column(fitted, "seconds")
    assert losses == sorted(losses, reverse=True)
    assert seconds == sorted(seconds)
    assert fitted.history[0]["entries_per_second"] == 0
    assert fitted.history[1]["entries_per_second"] > 0
    # The mean of the losses that the steps since the last evaluation began with.
    assert losses[1] < fitted.history[1]["train_loss"] < losses[0]
    assert fitted.ended == "steps"
    assert fitted.best_step == 12
    assert fitted.resumable.counters.step == 10


def test_the_rate_falls_to_three_tenths_when_the_loss_does_not():
    # Progress, none, none: after two without it the rate falls; once more, and it is the end.
    losses = [9, 5, 5, 5, 4, 4, 4, 4]
    used, fitted = rates(losses, steps=100, patience=2, learning_rate_drops=1)
    assert used == pytest.approx([1.0] * 15 + [0.3] * 15)
    assert fitted.ended == "converged"
    assert column(fitted, "step") == [0, 5, 10, 15, 20, 25, 30]
    used, _ = rates([9] + [5] * 9, steps=100, patience=1, learning_rate_drops=3)
    expected = [1.0] * 10 + [0.3] * 5 + [0.09] * 5 + [0.027] * 5
    assert used == pytest.approx(expected)


def test_without_patience_it_never_ends_before_its_steps():
    used, fitted = rates([1.0] * 10, steps=40, patience=None)
    assert used == [1.0] * 40
    assert fitted.ended == "steps"


def test_progress_is_a_fall_by_more_than_the_tolerance():
    # 2 % each, of which two together are more than 3 %: then the count begins again.
    losses = [100, 98, 96.04, 95, 94, 93, 93, 93, 93, 93]
    _, fitted = rates(losses, steps=100, patience=2, learning_rate_drops=0, tolerance=0.03)
    assert column(fitted, "step")[-1] == 20
    _, fitted = rates(losses, steps=100, patience=3, learning_rate_drops=0, tolerance=0.03)
    assert column(fitted, "step")[-1] == 40


def test_rates_rise_at_first():
    used, _ = rates([9.0] * 9, steps=6, warm_up=4)
    assert used == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])


def test_the_best_evaluation_is_kept():
    task = Valley(losses=[9, 3, 8, 7, 6, 2], steps=20)
    fitted = fit(task)
    assert fitted.best_step == 5
    assert fitted.validation_loss == 2  # of what is returned, looked at again
    place = fitted.resumable.best["place"]
    assert np.array_equal(fitted.trained.numpy(), place)
    assert not np.array_equal(fitted.resumable.parameters["place"], place)


def test_with_nothing_held_out_the_last_is_the_best():
    class Blind(Valley):
        n_held_out = 0

    fitted = fit(Blind(steps=20))
    assert fitted.best_step == 20
    assert fitted.resumable.best is fitted.resumable.parameters
    assert math.isnan(fitted.validation_loss)
    stuck = Blind(steps=100, patience=1)
    stuck.groups = [Group(stuck.parameters, 1e-30, "rmsprop")]
    fitted = fit(stuck)  # whose training loss does not fall
    assert fitted.ended == "converged"
    assert fitted.history[-1]["step"] == 10


def test_what_is_due_at_the_end_is_done_once():
    for steps in (20, 12):
        task = Valley(steps=steps)
        fit(task)
        assert task.ends == [steps]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
@pytest.mark.parametrize("step", [0, 3, 7])
def test_a_loss_that_is_not_finite_is_an_error(loss, step):
    class Lost(Valley):
        def backward(self, now):
            return loss if now == step else super().backward(now)

    with pytest.raises(NonFiniteLossError, match=f"became {loss} at step {step};.*learning_rate"):
        fit(Lost())


def test_an_evaluation_that_is_not_finite_is_an_error():
    with pytest.raises(NonFiniteLossError, match="nan at step 5"):
        fit(Valley(losses=[1.0, math.nan]))


def test_the_last_step_is_looked_at_even_if_nothing_is_held_out():
    class Blind(Valley):
        n_held_out = 0

        def backward(self, step):
            return math.inf if step == 20 else super().backward(step)

    with pytest.raises(NonFiniteLossError, match="inf at step 20"):
        fit(Blind(steps=20))


def test_a_step_with_nothing_to_see_moves_nothing():
    class Empty(Valley):
        def backward(self, step):
            return None if step % 2 else super().backward(step)

    half, whole = Empty(steps=10, evaluate_every=10), Valley(steps=5)
    assert torch.equal(fit(half).trained, fit(whole).trained)


def test_the_state_is_kept_at_each_evaluation():
    kept = []
    fitted = fit(Valley(steps=12), keep=kept.append)
    assert [state.counters.step for state in kept] == [0, 5, 10]
    assert kept[-1] is fitted.resumable
    assert kept[-1].facts == {"depth": 3.0}


def test_a_resumed_run_is_the_same_to_the_byte():
    whole = fit(Valley(steps=30, warm_up=8))
    for first in (5, 7, 20):
        part = fit(Valley(steps=first, warm_up=8))
        rest = fit(Valley(steps=30, warm_up=8, start=-1.0), part.resumable)
        assert torch.equal(rest.trained, whole.trained)
        for name in ("step", "train_loss", "validation_loss"):
            np.testing.assert_array_equal(column(rest, name), column(whole, name))
        assert rest.resumable.moments.keys() == whole.resumable.moments.keys()
        for name, array in whole.resumable.moments.items():
            assert np.array_equal(rest.resumable.moments[name], array)
        seconds = column(rest, "seconds")
        assert seconds == sorted(seconds)
        assert rest.resumable.counters == whole.resumable.counters


@pytest.mark.parametrize("at", [6, 10, 13])
def test_an_interrupted_run_falls_back_on_its_last_evaluation(at):
    class Interrupted(Valley):
        def backward(self, step):
            if step == at:
                raise KeyboardInterrupt
            return super().backward(step)

    fitted = fit(Interrupted(steps=30))
    assert fitted.ended == "interrupted"
    assert fitted.resumable.counters.step == at - at % 5
    assert torch.equal(fitted.trained, fit(Valley(steps=at - at % 5)).trained)
    rest = fit(Valley(steps=30), fitted.resumable)
    assert torch.equal(rest.trained, fit(Valley(steps=30)).trained)


def test_an_interrupt_before_the_first_evaluation_is_one():
    class Interrupted(Valley):
        def validation_loss(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(Interrupted())


def test_a_converged_state_stays():
    fitted = fit(Valley(losses=[1.0] * 9, steps=100, patience=1, learning_rate_drops=0))
    assert fitted.ended == "converged"
    again = fit(Valley(losses=[1.0] * 9, steps=200, patience=1), fitted.resumable)
    assert again.ended == "converged"
    assert again.history == fitted.history


def test_a_state_is_not_changed_by_what_follows():
    part = fit(Valley(steps=5)).resumable
    copies = {name: array.copy() for name, array in {**part.parameters, **part.moments}.items()}
    fit(Valley(steps=20), replace(part))
    for name, array in {**part.parameters, **part.moments}.items():
        assert np.array_equal(array, copies[name])
    assert len(part.history) == 2


def test_an_empty_state_is_a_start():
    assert torch.equal(fit(Valley(), State()).trained, fit(Valley()).trained)
