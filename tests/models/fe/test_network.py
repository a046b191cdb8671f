from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models.fe.network import Factorized
from fe_anndata.models.fe.start import draw_network, start
from tests.helpers import choose, problem

CASES = {
    "inner": {
        "hidden": (8, 8),
        "gene_hidden": (5,),
        "fourier": 3,
        "sample_dim": 2,
        "gene_dim": 7,
    },
    "concat": {"hidden": (8, 6), "sample_dim": 2, "gene_dim": 3},
    "dot": {"sample_dim": 4, "gene_dim": 4},
}


def model_of(decoder, output="linear"):
    model = Factorized(6, 9, decoder=decoder, output=output, **CASES[decoder])
    options = choose(
        decoder=decoder, sample_start="random", gene_start="random", **CASES[decoder]
    ).settled()
    draw_network(model.requires_grad_(False), options, 0)
    start(model, options, problem(np.ones((6, 9), np.float32)), None, None)
    model.offset.copy_(torch.linspace(1, 2, 9))
    model.scale.fill_(3.0)
    model.bounds.copy_(torch.tensor([-1.0, 5.0]))
    return model


@pytest.mark.parametrize("output", ["linear", "bounded"])
@pytest.mark.parametrize("decoder", CASES)
def test_entries_and_tiles_agree(decoder, output):
    model = model_of(decoder, output)
    rows, cols = torch.tensor([5, 0, 3]), torch.tensor([8, 1])
    tile = model.tile(rows, cols)
    pairs = model.entries(rows.repeat_interleave(2), cols.repeat(3)).reshape(3, 2)
    torch.testing.assert_close(tile, pairs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tile, model.decode(model.sample_vectors()[rows], cols))
    if output == "bounded":
        assert ((tile > -1) & (tile < 5)).all()


@pytest.mark.parametrize("decoder", CASES)
def test_architecture_rebuilds_the_model(decoder):
    model = model_of(decoder)
    twin = Factorized(6, 9, **model.architecture)
    twin.load_state_dict(model.state_dict())
    everything = torch.arange(6), torch.arange(9)
    assert torch.equal(model.tile(*everything), twin.tile(*everything))
    assert torch.equal(twin.gene_vectors(), model.genes)


def test_dot_is_a_product_and_two_biases():
    model = model_of("dot")
    u, v = model.sample_vectors().numpy(), model.gene_vectors().numpy()
    y = u[:, :3] @ v[:, :3].T + u[:, 3:] + v[:, 3]
    expected = model.offset.numpy() + 3 * y
    got = model.tile(torch.arange(6), torch.arange(9)).detach().numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_inner_has_a_linear_path_on_both_sides():
    model = model_of("inner")
    with torch.no_grad():
        for mlp in (model.decoder.phi_mlp, model.decoder.psi_mlp):
            mlp[-1].weight.zero_()
            mlp[-1].bias.zero_()
    linear = model.samples @ model.decoder.linear.weight.T @ model.genes.T
    got = model.tile(torch.arange(6), torch.arange(9))
    torch.testing.assert_close(got, model.offset + 3 * linear)
