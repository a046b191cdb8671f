from __future__ import annotations

import numpy as np
import pytest
import torch
from fe_anndata.training.recipes import RECIPES

from fe_anndata.models import Factorized
from fe_anndata.store import uns
from fe_anndata.training import resolve


@pytest.mark.parametrize(("recipe", "decoder"), [(r, d) for r in RECIPES for d in RECIPES[r]])
def test_a_configuration_comes_back(recipe, decoder):
    config = resolve(recipe, decoder=decoder)
    packed = uns.pack_config(config)
    assert not any(isinstance(value, tuple) for value in packed.values())
    assert uns.unpack_config(packed) == config


def test_what_an_older_version_did_not_know_did_nothing():
    packed = uns.pack_config(resolve("default"))
    del packed["neighbor_weight"]
    assert uns.unpack_config(packed).neighbor_weight == 0


def test_a_model_comes_back_with_genes_left_out():
    trained = np.array([True, False, True, True])
    model = Factorized(5, 3, decoder="concat", sample_dim=2, gene_dim=2, hidden=(4,))
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            parameter.fill_(i + 1.0)
    model.offset.copy_(torch.tensor([1.0, 2.0, 3.0]))
    arrays = uns.pack_model(model, trained)
    assert np.isnan(arrays["offset"][1])
    config = resolve("default", decoder="concat", hidden=4, gene_dim=2)
    genes = uns.scatter(model.gene_vectors().numpy(), trained)
    back = uns.unpack_model(config, arrays, model.sample_vectors().numpy(), genes, trained)
    for name, value in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], value), name


def test_a_fingerprint_knows_its_rows():
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    table[2] = np.nan
    prints = uns.fingerprint(table)
    assert prints.dtype == np.uint64
    assert np.array_equal(uns.fingerprint(table[::-1]), prints[::-1])
    changed = table.copy()
    changed[4, 1] += 1e-6
    assert (uns.fingerprint(changed) != prints).tolist() == [False] * 4 + [True, False]
