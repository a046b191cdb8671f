"""Given the same weights, hidden states, scores and gradients are those of transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fe_anndata.models import GeneRAIN
from fe_anndata.models.generain.network import Batch, Network
from fe_anndata.models.generain.objectives import objective_of
from fe_anndata.models.generain.sizes import sized

transformers = pytest.importorskip("transformers")
GENES, TOKENS, WIDTH, LAYERS, HEADS = 97, 24, 20, 3, 4
EPS = 1e-10
LISTS = (24, 24, 24)


def close(ours, theirs):
    scale = float(theirs.detach().abs().max())
    np.testing.assert_allclose(
        ours.detach().numpy() / scale, theirs.detach().numpy() / scale, atol=1e-5, rtol=0
    )


def drawn(model):
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2, generator=rng)
    return model.eval()


def options(objective):
    chosen = GeneRAIN(
        objective=objective, layout="published", tokens=TOKENS, width=WIDTH, layers=LAYERS,
        heads=HEADS, feed_forward=52, norm_eps=EPS, dropout=0.0,
    )  # fmt: skip
    return sized(chosen, (50, GENES))


def lists(lengths=LISTS):
    rng = np.random.default_rng(0)
    tokens = np.zeros((len(lengths), max(lengths)), np.int64)
    for i, n in enumerate(lengths):
        tokens[i, :n] = rng.permutation(GENES)[:n]
    levels = rng.random(tokens.shape).astype(np.float32)
    return Batch(torch.from_numpy(tokens), torch.from_numpy(levels), lengths)


def copy(to, weights):
    state = to.state_dict()
    for name, value in weights.items():
        assert state[name].shape == value.shape, name
        state[name].copy_(value)
    assert set(weights) == set(state)


def gpt2():
    config = transformers.GPT2Config(
        vocab_size=GENES, n_positions=TOKENS, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
        n_inner=52, layer_norm_epsilon=EPS,
    )  # fmt: skip
    return drawn(transformers.GPT2LMHeadModel(config))


def of_gpt2(model):
    """Return weights of GPT-2 by our names; its layers multiply from the other side."""
    body = model.transformer
    weights = {
        "genes": body.wte.weight,
        "places": body.wpe.weight,
        "body.norm.weight": body.ln_f.weight,
        "body.norm.bias": body.ln_f.bias,
    }
    for i, block in enumerate(body.h):
        of_self, network = block.attn, block.mlp
        parts = {"norm_1": block.ln_1, "norm_2": block.ln_2, "qkv": of_self.c_attn,
                 "out": of_self.c_proj, "up": network.c_fc, "down": network.c_proj}  # fmt: skip
        for name, part in parts.items():
            weight = part.weight if "norm" in name else part.weight.T
            weights |= {f"body.blocks.{i}.{name}.weight": weight}
            weights |= {f"body.blocks.{i}.{name}.bias": part.bias}
    return weights


def bert(vocabulary, positions):
    config = transformers.BertConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, intermediate_size=52, max_position_embeddings=positions,
        layer_norm_eps=EPS, pad_token_id=None,
    )  # fmt: skip
    return drawn(transformers.BertForMaskedLM(config))


def of_bert(model, tokens, places):
    """Return weights of BERT by our names; what it adds to all places is in these."""
    body, head = model.bert, model.cls.predictions
    of_all = body.embeddings.token_type_embeddings.weight[0]
    weights = {
        tokens: body.embeddings.word_embeddings.weight,
        places: body.embeddings.position_embeddings.weight + of_all,
        "body.norm.weight": body.embeddings.LayerNorm.weight,
        "body.norm.bias": body.embeddings.LayerNorm.bias,
        "head.dense.weight": head.transform.dense.weight,
        "head.dense.bias": head.transform.dense.bias,
        "head.norm.weight": head.transform.LayerNorm.weight,
        "head.norm.bias": head.transform.LayerNorm.bias,
        "head.bias": head.bias,
    }
    for i, block in enumerate(body.encoder.layer):
        of_self, out = block.attention.self, block.attention.output
        qkv = (of_self.query, of_self.key, of_self.value)
        inside = f"body.blocks.{i}."
        weights[f"{inside}qkv.weight"] = torch.cat([part.weight for part in qkv])
        weights[f"{inside}qkv.bias"] = torch.cat([part.bias for part in qkv])
        parts = {"out": out.dense, "norm_1": out.LayerNorm, "up": block.intermediate.dense,
                 "down": block.output.dense, "norm_2": block.output.LayerNorm}  # fmt: skip
        for name, part in parts.items():
            weights |= {f"{inside}{name}.weight": part.weight, f"{inside}{name}.bias": part.bias}
    return weights


def compare_gradients(ours, theirs_of):
    """Compare the gradients of parameters by name; `theirs_of` gives tensors that have them."""
    compared = 0
    for name, parameter in ours.named_parameters():
        if name in theirs_of:
            close(parameter.grad, theirs_of[name])
            compared += 1
    assert compared > 10 * LAYERS


def gradients(weights):
    """Return the gradients of weights that were not put together from others."""
    return {name: weight.grad for name, weight in weights.items() if weight.is_leaf}


def test_gpt2():
    theirs, chosen, batch = gpt2(), options("next-gene"), lists()
    ours = Network(chosen, GENES)
    weights = of_gpt2(theirs)
    copy(ours, {name: value.detach() for name, value in weights.items()})
    found = theirs(batch.tokens, labels=batch.tokens, output_hidden_states=True)
    states = ours.states(batch)
    close(states, found.hidden_states[-1])
    close(states @ ours.genes.T, found.logits)
    losses = objective_of(chosen).losses(ours, states, batch, None)
    mean = losses.total / sum(losses.numbers)
    close(mean, found.loss)
    mean.backward()
    found.loss.backward()
    theirs_of = gradients(weights)
    for i, block in enumerate(theirs.transformer.h):
        parts = {"qkv": block.attn.c_attn, "out": block.attn.c_proj, "up": block.mlp.c_fc,
                 "down": block.mlp.c_proj}  # fmt: skip
        theirs_of |= {f"body.blocks.{i}.{n}.weight": p.weight.grad.T for n, p in parts.items()}
    compare_gradients(ours, theirs_of)


@pytest.mark.parametrize("lengths", [LISTS, (24, 20, 17)], ids=["whole", "of several lengths"])
@pytest.mark.parametrize("objective", ["masked-gene", "masked-expression"])
def test_bert(objective, lengths):
    by_expression = objective == "masked-expression"
    vocabulary, positions = (101, GENES) if by_expression else (GENES + 1, TOKENS)
    theirs, chosen = bert(vocabulary, positions), options(objective)
    ours = Network(chosen, GENES)
    if by_expression:
        weights = of_bert(theirs, "levels", "genes")
        copy(ours, {name: value.detach() for name, value in weights.items()})
    else:  # the last word of theirs hides a gene
        weights = of_bert(theirs, "genes", "places")
        plain = {name: value.detach() for name, value in weights.items()}
        words = plain["genes"]
        plain |= {"genes": words[:-1], "hidden": words[-1], "head.bias": plain["head.bias"][:-1]}
        copy(ours, plain)
    objective = objective_of(chosen)
    batch = objective.prepared(lists(lengths), np.random.default_rng(1))
    mask = torch.ones(batch.tokens.shape) if batch.mask is None else batch.mask.float()
    hidden = batch.hidden
    if by_expression:
        given = {"input_ids": batch.shown_levels, "position_ids": batch.tokens}
        labels = batch.levels.long()
    else:
        given = {"input_ids": batch.tokens.masked_fill(hidden, GENES)}
        labels = batch.tokens
        theirs.cls.predictions.bias.data[-1] = -1e9  # it is no candidate of ours
    found = theirs(**given, attention_mask=mask, labels=labels.masked_fill(~hidden, -100),
                   output_hidden_states=True)  # fmt: skip
    states = ours.states(batch)
    close(states[mask.bool()], found.hidden_states[-1][mask.bool()])
    table = ours.levels if by_expression else ours.genes
    scores = ours.head(states) @ table.T + ours.head.bias
    close(scores[mask.bool()], found.logits[mask.bool()][:, : len(table)])
    losses = objective.losses(ours, states, batch, None)
    mean = losses.total / sum(losses.numbers)
    close(mean, found.loss)
    mean.backward()
    found.loss.backward()
    theirs_of = gradients(weights)
    if not by_expression:
        words = theirs_of["genes"]
        theirs_of |= {"genes": words[:-1], "hidden": words[-1],
                      "head.bias": theirs_of["head.bias"][:-1]}  # fmt: skip
    compare_gradients(ours, theirs_of)
