"""The published layout: the network on counted genes against a dense one in plain torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

import fe_anndata as fe
from benchmarks import exceiver_published
from fe_anndata.models.exceiver.counts import of_block
from fe_anndata.models.exceiver.published.network import Published
from fe_anndata.models.exceiver.published.values import Scaling, hide, number_hidden, rows
from fe_anndata.models.exceiver.sizes import sized
from tests.models.exceiver.conftest import cohort


def network(n_genes, **changes):
    """Return options and a network whose weights, biases and norms are all drawn."""
    given = {"latents": 7, "feed_forward": 12, "blocks": 2, **changes}
    options = fe.models.family("exceiver").choose("exceiver2022", given, {})
    made = Published(sized(options, (50, n_genes)), n_genes)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, p in made.named_parameters():
            p.normal_(
                1.0 if "norm" in name and name.endswith("weight") else 0.0, 0.5, generator=rng
            )
    return made


def samples(n=11, m=60):
    """Return counts, dense and as lists; one sample has a gene alone, and one every gene."""
    X = cohort(n, m, total=60).X.toarray()
    X[3], X[4] = 0, X[4] + 1
    X[3, 5] = 2
    return X, of_block(X, np.arange(m))


def drawn(i, genes):
    return np.random.default_rng(i).permutation(len(genes))


def both(n_hidden=6):
    """Return counts, their values, and what is hidden, as lists and as dense rows."""
    X, counts = samples()
    scaling = Scaling.of(counts, X.shape[1])
    hidden = hide(counts, n_hidden, drawn)
    dense = np.zeros(X.shape, dtype=bool)
    dense[counts.sample[hidden], counts.genes[hidden]] = True
    return X, counts, scaling.values(counts), hidden, dense


def attended(part, queries, keys, away):
    """Return what an attention gives, by torch's own with its weights in full; `away` are none."""
    width = queries.shape[-1]
    given = part.norm_queries(queries), part.norm_keys(keys), part.norm_keys(keys)
    q, k, v = (x.transpose(0, 1) for x in given)
    seen, weights = functional.multi_head_attention_forward(
        q, k, v, width, part.heads,
        torch.cat([part.query.weight, part.key_value.weight]),
        torch.cat([part.query.bias, part.key_value.bias]),
        None, None, False, 0.0, part.out.weight, part.out.bias,
        key_padding_mask=away, need_weights=True, average_attn_weights=False,
    )  # fmt: skip
    if away is not None:
        assert (weights.permute(0, 3, 1, 2)[away] == 0).all()
    x = queries + seen.transpose(0, 1)
    return x + part.down(functional.gelu(part.up(part.norm_hidden(x))))


def plain(made, X, hidden):
    """Return latent vectors and predictions (n, m) by rows of all genes, and their values."""
    logs = np.log1p(1e4 * X.astype(np.float64) / X.sum(1, keepdims=True))
    z = StandardScaler().fit_transform(logs)
    values = torch.from_numpy(np.minimum(z, 10) + 1).float()
    hidden = torch.from_numpy(hidden)
    shown = values.masked_fill(hidden, 1.0)
    vectors = made.genes.expand(len(X), -1, -1).masked_fill(hidden[..., None], 0.0)
    away = torch.from_numpy(X == 0)
    x = attended(made.gather, made.latents.expand(len(X), -1, -1), shown[..., None] * vectors, away)
    for block in made.blocks:
        x = encoder_layer(block, x)
    everything = made.genes.expand(len(X), -1, -1)
    y = made.norm(attended(made.ask, everything, x, None))
    found = functional.linear(functional.gelu(functional.linear(y, *weights(made.head))),
                              *weights(made.last))  # fmt: skip
    return x, found[..., 0], values


def encoder_layer(block, x):
    """Return what torch's own encoder layer, normalised at its end, gives with these weights."""
    width, heads = block.sizes.width, block.sizes.heads
    layer = nn.TransformerEncoderLayer(
        width, heads, block.sizes.feed_forward, 0.0, "gelu", batch_first=True
    )
    names = {
        "self_attn.in_proj_": block.qkv, "self_attn.out_proj.": block.out,
        "linear1.": block.up, "linear2.": block.down, "norm1.": block.norm_1,
        "norm2.": block.norm_2,
    }  # fmt: skip
    given = {
        f"{n}{of}": getattr(part, of) for n, part in names.items() for of in ("weight", "bias")
    }
    return torch.func.functional_call(layer, given, x)


def weights(layer):
    return layer.weight, layer.bias


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_it_is_the_dense_network(blocks):
    X, counts, values, hidden, dense = both()
    made = network(X.shape[1], blocks=blocks)
    few = rows(counts, values, hidden)
    latent = made.latent_vectors(few)
    found = made.predicted(few, latent)
    of_dense, expected, dense_values = plain(made, X, dense)
    torch.testing.assert_close(latent, of_dense, rtol=1e-5, atol=1e-5)
    at = counts.sample[hidden], counts.genes[hidden]
    torch.testing.assert_close(found[few.wanted], expected[at], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(few.answers[few.wanted], dense_values[at], rtol=1e-5, atol=1e-5)
    summed, n = made.losses(few)
    errors = (expected - dense_values)[at].square()
    assert n == len(errors)
    ours = torch.autograd.grad(summed.sum() / n, list(made.parameters()))
    theirs = torch.autograd.grad(errors.mean(), list(made.parameters()))
    for (name, _), one, other in zip(made.named_parameters(), ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5, msg=name)


def test_what_is_measured_as_published_is_the_same():
    of = exceiver_published.task(cohort(80), "exceiver2022", blocks=1, minibatch_size=16)
    ours, dense = of.network, exceiver_published.Dense(80, 1)
    block, layer = ours.blocks[0], dense.blocks.layers[0]
    pairs = [
        (layer.self_attn.out_proj, block.out), (layer.linear1, block.up),
        (layer.norm1, block.norm_1),
        (layer.linear2, block.down), (layer.norm2, block.norm_2), (dense.head[0], ours.norm),
        (dense.head[1], ours.head), (dense.head[3], ours.last),
    ]  # fmt: skip
    for theirs, part in ((dense.gather, ours.gather), (dense.ask, ours.ask)):
        norms = part.norm_queries, part.norm_keys, part.norm_hidden
        pairs += zip(theirs.norms, norms, strict=True)
        pairs += [(theirs.attention.out_proj, part.out)]
        pairs += [(theirs.mlp[0], part.up), (theirs.mlp[2], part.down)]
        inputs = torch.cat([part.query.weight, part.key_value.weight])
        theirs.attention.in_proj_weight.data.copy_(inputs)
        theirs.attention.in_proj_bias.data.zero_()
    for theirs, part in pairs:
        theirs.load_state_dict(part.state_dict())
    layer.self_attn.in_proj_weight.data.copy_(block.qkv.weight)
    dense.genes.weight.data[:-1] = ours.genes
    dense.latents.data.copy_(ours.latents)
    cells = of.rows(of.samples(0), 0)
    found = ours.predicted(cells, ours.latent_vectors(cells))
    expected = dense(*exceiver_published.as_dense(cells, 80), cells.asked)
    at = cells.wanted
    torch.testing.assert_close(found[at], expected[at], rtol=1e-5, atol=1e-5)


def test_company_and_padding_change_nothing():
    _, counts, values, hidden, _ = both()
    made = network(60)
    together = made.latent_vectors(rows(counts, values, hidden))
    for i in range(len(counts)):
        own = slice(counts.starts[i], counts.starts[i + 1])
        one = rows(counts.take(np.array([i])), values[own], hidden[own])
        assert one.there is None
        torch.testing.assert_close(made.latent_vectors(one)[0], together[i], rtol=1e-5, atol=1e-5)


def test_hidden_genes_are_constant_keys():
    _, counts, values, hidden, _ = both()
    made = network(60)
    expected = made.latent_vectors(rows(counts, values, hidden))
    other = np.where(hidden, values + 3, values).astype(np.float32)
    assert torch.equal(made.latent_vectors(rows(counts, other, hidden)), expected)
    # Which genes they are tells nothing, either; that they are there does.
    exchanged = counts.genes.copy()
    exchanged[hidden] = 0
    swapped = type(counts)(counts.starts, exchanged, counts.counts)
    assert torch.equal(made.latent_vectors(rows(swapped, values, hidden)), expected)
    seen = counts.where(~hidden)
    without = made.latent_vectors(rows(seen, values[~hidden], np.zeros(len(seen.genes), bool)))
    assert not torch.allclose(without, expected, atol=1e-3)


def test_how_many_are_hidden():
    _, counts = samples()
    hidden = hide(counts, 6, drawn)
    n = np.bincount(counts.sample[hidden], minlength=len(counts))
    lengths = np.diff(counts.starts)
    assert n.tolist() == [min(6, length // 2) for length in lengths]
    assert lengths[3] == 1
    assert n[3] == 0
    assert number_hidden(counts, 0.15) == int(0.15 * np.median(lengths))


def test_values_are_scaled_by_training_samples_alone(small):
    adata, changed = cohort(), cohort()
    fe.tl.train(adata, "exceiver", validation=0.0, **small)
    of = adata.uns["exceiver"]["scaling"]
    X = adata.X.toarray()
    scaler = StandardScaler().fit(np.log1p(1e4 * X / X.sum(1, keepdims=True)))
    np.testing.assert_allclose(of["mean"], scaler.mean_, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(of["spread"], scaler.scale_, rtol=1e-4, atol=1e-6)
    fe.tl.train(adata, "exceiver", validation=0.3, **small)
    held_out = held_out_of(adata, small)
    values = changed.X.toarray()
    values[held_out] = values[held_out][:, ::-1] * 3
    changed.X = values
    fe.tl.train(changed, "exceiver", validation=0.3, **small)
    one, other = adata.uns["exceiver"], changed.uns["exceiver"]
    for name in ("mean", "spread"):
        assert one["scaling"][name].tobytes() == other["scaling"][name].tobytes()
    assert one["fit"]["n_hidden"] == other["fit"]["n_hidden"]
    ours, theirs = one["history"], other["history"]
    assert ours["train_loss"].equals(theirs["train_loss"])
    assert (ours["validation_loss"] != theirs["validation_loss"]).all()


def held_out_of(adata, small):
    """Return the rows that are held out: their number, by the task itself."""
    from fe_anndata.models.exceiver.published import task

    found = []
    gather = task.gather

    def watched(problem, options):
        material = gather(problem, options)
        found.append(material.held_out)
        return material

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "gather", watched)
        fe.tl.train(adata.copy(), "exceiver", validation=0.3, **small)
    assert len(found[0]) == 18
    return found[0]
