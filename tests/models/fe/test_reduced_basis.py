"""Any decoder as loadings times factors of the coordinates: exact, or as good as it takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models.fe import reduced_basis
from fe_anndata.models.fe.reduced_basis import reduced
from tests.helpers import choose, fit

RUNS = {
    "inner": ({"steps": 30}, 1e-5),
    "psi": ({"steps": 30, "gene_hidden": (6,)}, 1e-5),
    "concat": ({"decoder": "concat", "hidden": (16, 8), "steps": 60}, 0.05),
    "bounded": ({"decoder": "concat", "hidden": (16, 8), "output": "bounded", "steps": 60}, 0.05),
    "dot": ({"decoder": "dot", "sample_dim": 5, "epochs": 3, "output": "linear"}, 1e-5),
}


@pytest.fixture(params=RUNS)
def case(request, X):
    changes, tolerance = RUNS[request.param]
    model = fit(X, choose(**changes)).trained.module
    return model, reduced(model, model.sample_vectors()), tolerance


def test_it_decodes_what_the_model_does(case, monkeypatch):
    model, view, tolerance = case
    u = model.sample_vectors()
    expected = model.decode(u, torch.arange(90)).double()

    def decoded(view):
        return view.centre + view.scale * view.factors(u.double()) @ view.loadings.T

    found = decoded(view)
    apart = (found - expected).norm() / (expected - expected.mean(0)).norm()
    assert float(apart) < tolerance
    monkeypatch.setattr(reduced_basis, "ACTIVATIONS", 200)
    torch.testing.assert_close(decoded(reduced(model, u)), found, rtol=1e-4, atol=1e-3)


def test_tangents_are_those_of_the_factors(case):
    model, view, _ = case
    u = model.sample_vectors()[:4].double()
    P, J = view.with_tangents(u)
    expected = torch.stack(
        [torch.autograd.functional.jacobian(lambda x: view.factors(x[None])[0], row) for row in u]
    )
    torch.testing.assert_close(P, view.factors(u))
    torch.testing.assert_close(J, expected.mT, rtol=1e-4, atol=1e-5)


def test_the_model_stays_as_it_was(case):
    model, view, _ = case
    assert model.samples.dtype == torch.float32
    assert view.loadings.dtype == torch.float64
    assert not view.loadings.requires_grad
    assert np.isfinite(view.loadings.numpy()).all()
