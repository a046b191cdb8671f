"""The likelihoods: their values against torch.distributions, their gradients against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.distributions import Multinomial, NegativeBinomial, Poisson

from fe_anndata.models import Exceiver
from fe_anndata.models.exceiver.likelihoods import Hidden, losses

KINDS = ("multinomial", "nb", "poisson")


def drawn(n=5, m=13, width=3, rng=0, total=20.0):
    """Return counts (n, m), which genes are visible and hidden, and parameters."""
    draw = np.random.default_rng(rng)
    X = draw.poisson(2.0, (n, m))
    X[:, 3] = 0
    part = draw.integers(3, size=(n, m))  # visible, hidden, or neither
    hidden = part == 1
    X[-1, hidden[-1]] = 0  # a sample that has no hidden count
    parameters = [draw.normal(0, 1, s).astype(np.float32) for s in ((n, width), (m, width), m, m)]
    visible = part == 0
    rows, genes = np.nonzero(X * hidden)
    of = Hidden(
        torch.from_numpy(visible),
        torch.from_numpy(hidden),
        torch.from_numpy((X * visible).sum(1).astype(np.float32)),
        torch.from_numpy(rows),
        torch.from_numpy(genes),
        torch.from_numpy(X[rows, genes].astype(np.float32)),
    )
    return torch.from_numpy(X), of, [torch.from_numpy(p) for p in parameters]


def plain(kind, X, of, states, table, offset, dispersion):
    """Return the same by torch.distributions."""
    scores = states @ table.T + offset
    found = []
    for x, row, seen, asked, total in zip(X, scores, of.visible, of.hidden, of.total, strict=True):
        counts = x[asked].to(row.dtype)
        if kind == "multinomial":
            ways = torch.lgamma(counts.sum() + 1) - torch.lgamma(counts + 1).sum()
            n = int(counts.sum())
            found.append(ways - Multinomial(n, logits=row[asked]).log_prob(counts))
            continue
        mean = row[asked].exp() * total / row[seen].exp().sum()
        if kind == "poisson":
            found.append(-Poisson(mean).log_prob(counts).sum())
        else:
            size = dispersion[asked].exp()
            of_counts = NegativeBinomial(size, logits=mean.log() - dispersion[asked])
            found.append(-of_counts.log_prob(counts).sum())
    return torch.stack(found)


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients(kind):
    X, of, parameters = drawn()
    given = [p.double().requires_grad_() for p in parameters]
    of_double = Hidden(*of_fields(of, torch.float64))
    used = given if kind == "nb" else given[:3]
    options = Exceiver(likelihood=kind)
    found = losses(options, *given[:3], given[3] if kind == "nb" else None, of_double)
    expected = plain(kind, X, of_double, *given)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    weight = torch.arange(1.0, len(found) + 1, dtype=torch.float64)
    ours = torch.autograd.grad((found * weight).sum(), used)
    theirs = torch.autograd.grad((expected * weight).sum(), used)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_in_float32(kind):
    X, of, parameters = drawn(rng=1)
    dispersion = parameters[3] if kind == "nb" else None
    found = losses(Exceiver(likelihood=kind), *parameters[:3], dispersion, of)
    expected = plain(kind, X, of, *parameters)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_hidden_costs_nothing(kind):
    _, of, parameters = drawn()
    none = Hidden(
        of.visible, torch.zeros_like(of.hidden), of.total, *(a[:0] for a in (of.rows, of.genes)),
        of.counts[:0],
    )  # fmt: skip
    given = [p.requires_grad_() for p in parameters]
    found = losses(Exceiver(likelihood=kind), *given[:3], given[3] if kind == "nb" else None, none)
    assert (found == 0).all()
    gradients = torch.autograd.grad(found.sum(), given[:3])
    assert all(torch.isfinite(g).all() for g in gradients)


def of_fields(of, dtype):
    fields = (of.visible, of.hidden, of.total, of.rows, of.genes, of.counts)
    return [f.to(dtype) if f.is_floating_point() else f for f in fields]
