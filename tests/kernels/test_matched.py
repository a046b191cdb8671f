import numpy as np
import pytest
import torch

from fe_anndata.kernels.entry_set import EntrySet
from fe_anndata.kernels.matched import corrected, effects_on
from fe_anndata.kernels.members import Members
from fe_anndata.kernels.products import Block, Products
from fe_anndata.kernels.svd import truncated_svd
from fe_anndata.kernels.target import Target

N, M = 240, 40


def design(groups):
    C = np.eye(groups.max() + 1)[groups]
    return torch.from_numpy((C - C.mean(0)).astype(np.float32))


def among(samples):
    return Members.numbered(samples, slice(0, N))


def mixed(shares, seed=0, shift=2.0):
    """Three kinds of samples in two batches, in which they have these shares."""
    rng = np.random.default_rng(seed)
    groups = np.arange(N) % 2
    kinds = np.array([rng.choice(3, p=shares[group]) for group in groups])
    profiles, effect = 3 * rng.normal(size=(3, M)), shift * rng.normal(size=M)
    Y = profiles[kinds] + 0.5 * rng.normal(size=(N, M))
    return Y.astype(np.float32), groups, kinds, effect


UNEVEN = [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]


def target_of(Y, hidden=None):
    device = torch.device("cpu")
    rows, cols = hidden if hidden is not None else (np.array([], int), np.array([], int))
    return Target.of(
        Products(lambda: [(slice(0, len(Y)), Block(Y, device))], Y.shape),
        (torch.from_numpy(Y.astype(np.float64).sum(0)), float(np.square(Y, dtype=float).sum())),
        EntrySet.of(rows, cols, Y[rows, cols], Y.shape, device),
        torch.ones(len(Y), 1),
        torch.from_numpy(Y.mean(0)),
    )


@pytest.mark.parametrize("shares", [[[1 / 3] * 3] * 2, UNEVEN])
def test_an_effect_is_found_whatever_the_batches_hold(shares):
    Y, groups, _, effect = mixed(shares)
    Y[groups == 1] += effect.astype(np.float32)
    found = effects_on(torch.from_numpy(Y), design(groups), torch.from_numpy(groups))
    difference = (found[1] - found[0]).numpy()
    assert np.corrcoef(difference, effect)[0, 1] > 0.99
    assert np.abs(difference - effect).mean() < 0.2
    # The regression over all samples takes other shares of kinds for an effect.
    naive = Y[groups == 1].mean(0) - Y[groups == 0].mean(0)
    if shares is UNEVEN:
        assert np.abs(naive - effect).mean() > 3 * np.abs(difference - effect).mean()


def test_no_effect_is_found_where_there_is_none():
    Y, groups, _, _ = mixed(UNEVEN)
    found = effects_on(torch.from_numpy(Y), design(groups), torch.from_numpy(groups))
    assert np.abs((found[1] - found[0]).numpy()).mean() < 0.15


def test_numbers_are_regressed_between_neighbours():
    Y, _, kinds, effect = mixed(UNEVEN)
    age = kinds + np.random.default_rng(1).normal(size=N)  # older samples are of other kinds
    Y += np.outer(age, effect).astype(np.float32) / 5
    C = torch.from_numpy(((age - age.mean()) / age.std()).astype(np.float32))[:, None]
    one = torch.zeros(N, dtype=torch.int64)
    found = effects_on(torch.from_numpy(Y), C, one)[0].numpy()
    assert np.corrcoef(found, effect)[0, 1] > 0.9


def test_products_and_squares_are_those_of_the_corrected_matrix():
    Y, groups, _, effect = mixed(UNEVEN)
    Y[groups == 1] += effect.astype(np.float32)
    target, C = target_of(Y), design(groups)
    scores, _ = truncated_svd(target, torch.randn(M, 12, generator=torch.manual_seed(0)), 10)
    found = corrected(target, scores, C, torch.from_numpy(groups), among(torch.arange(N)))
    dense = (Y - Y.mean(0)) / target.scale - (C @ found.effects.T).numpy()
    Q, P = torch.randn(M, 3), torch.randn(N, 3)
    nothing = found.nothing()
    np.testing.assert_allclose(found.times(Q, nothing), dense @ Q.numpy(), atol=1e-3)
    np.testing.assert_allclose(found.transposed_times(P, nothing), dense.T @ P.numpy(), atol=1e-3)
    assert found.squares == pytest.approx(np.square(dense).sum(), rel=1e-4)
    assert found.n_observed == N * M


def test_samples_that_are_no_members_have_no_say():
    Y, groups, _, effect = mixed(UNEVEN)
    Y[groups == 1] += effect.astype(np.float32)
    members = among(torch.arange(0, N - 40))
    target = target_of(Y)
    scores = torch.from_numpy(Y)
    before = corrected(target, scores, design(groups), torch.from_numpy(groups), members).effects
    Y2 = Y.copy()
    Y2[N - 40 :] = 100
    changed = target_of(Y2)
    object.__setattr__(changed, "offset", target.offset)
    object.__setattr__(changed, "scale", target.scale)
    after = corrected(
        changed, torch.from_numpy(Y2), design(groups), torch.from_numpy(groups), members
    ).effects
    np.testing.assert_allclose(before, after, atol=1e-5)
