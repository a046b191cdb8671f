"""Given the same weights: hidden states, scores and gradients of GeneRAIN beside transformers.

Differences are relative to the greatest number of what is compared. Tests read the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
import transformers
from torch import Tensor, nn

from fe_anndata.models import GeneRAIN
from fe_anndata.models.generain.network import Batch, Network
from fe_anndata.models.generain.objectives import objective_of
from fe_anndata.models.generain.sizes import sized

GENES, TOKENS, WIDTH, LAYERS, HEADS = 97, 24, 20, 3, 4
EPS = 1e-10
LISTS = (24, 24, 24)
"""Lengths of the lists."""
Differences = Iterator[tuple[str, float]]


def far(ours: Tensor, theirs: Tensor) -> float:
    """Return the greatest difference, relative to the greatest number of theirs."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).detach().abs().max() / theirs.detach().abs().max())


def drawn(model: nn.Module) -> nn.Module:
    """Return a model with weights drawn."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2, generator=rng)
    return model.eval()


def options(objective: str) -> GeneRAIN:
    """Return options of the published layout, small."""
    chosen = GeneRAIN(
        objective=objective, layout="published", tokens=TOKENS, width=WIDTH, layers=LAYERS,
        heads=HEADS, feed_forward=52, norm_eps=EPS, dropout=0.0,
    )  # fmt: skip
    return sized(chosen, (50, GENES))


def lists(lengths: Sequence[int] = LISTS) -> Batch:
    """Return lists of genes."""
    rng = np.random.default_rng(0)
    tokens = np.zeros((len(lengths), max(lengths)), np.int64)
    for i, n in enumerate(lengths):
        tokens[i, :n] = rng.permutation(GENES)[:n]
    levels = rng.random(tokens.shape).astype(np.float32)
    return Batch(torch.from_numpy(tokens), torch.from_numpy(levels), lengths)


def copy(to: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy weights by name, all of them."""
    state = to.state_dict()
    for name, value in weights.items():
        assert state[name].shape == value.shape, name
        state[name].copy_(value)
    assert set(weights) == set(state)


def gpt2() -> nn.Module:
    """Return their GPT-2."""
    config = transformers.GPT2Config(
        vocab_size=GENES, n_positions=TOKENS, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS,
        n_inner=52, layer_norm_epsilon=EPS,
    )  # fmt: skip
    return drawn(transformers.GPT2LMHeadModel(config))


def of_gpt2(model: nn.Module) -> dict[str, Tensor]:
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


def bert(vocabulary: int, positions: int) -> nn.Module:
    """Return their BERT."""
    config = transformers.BertConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, intermediate_size=52, max_position_embeddings=positions,
        layer_norm_eps=EPS, pad_token_id=None,
    )  # fmt: skip
    return drawn(transformers.BertForMaskedLM(config))


def of_bert(model: nn.Module, tokens: str, places: str) -> dict[str, Tensor]:
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


def of_gradients(ours: nn.Module, theirs_of: Mapping[str, Tensor]) -> Differences:
    """Yield how far gradients of parameters are apart; `theirs_of` has some by name."""
    for name, parameter in ours.named_parameters():
        if name in theirs_of:
            yield f"gradient of {name}", far(parameter.grad, theirs_of[name])


def gradients(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the gradients of weights that were not put together from others."""
    return {name: weight.grad for name, weight in weights.items() if weight.is_leaf}


def of_next_gene() -> Differences:
    """Yield how far our next-gene model is from GPT-2."""
    theirs, chosen, batch = gpt2(), options("next-gene"), lists()
    ours = Network(chosen, GENES)
    weights = of_gpt2(theirs)
    copy(ours, {name: value.detach() for name, value in weights.items()})
    found = theirs(batch.tokens, labels=batch.tokens, output_hidden_states=True)
    states = ours.states(batch)
    yield "hidden states", far(states, found.hidden_states[-1])
    yield "scores", far(states @ ours.genes.T, found.logits)
    losses = objective_of(chosen).losses(ours, states, batch, None)
    mean = losses.total / sum(losses.numbers)
    yield "loss", far(mean, found.loss)
    mean.backward()
    found.loss.backward()
    theirs_of = gradients(weights)
    for i, block in enumerate(theirs.transformer.h):
        parts = {"qkv": block.attn.c_attn, "out": block.attn.c_proj, "up": block.mlp.c_fc,
                 "down": block.mlp.c_proj}  # fmt: skip
        theirs_of |= {f"body.blocks.{i}.{n}.weight": p.weight.grad.T for n, p in parts.items()}
    yield from of_gradients(ours, theirs_of)


def of_masked(objective: str, lengths: Sequence[int] = LISTS) -> Differences:
    """Yield how far a model of what is hidden is from BERT."""
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
    task = objective_of(chosen)
    batch = task.prepared(lists(lengths), np.random.default_rng(1))
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
    yield "hidden states", far(states[mask.bool()], found.hidden_states[-1][mask.bool()])
    table = ours.levels if by_expression else ours.genes
    scores = ours.head(states) @ table.T + ours.head.bias
    yield "scores", far(scores[mask.bool()], found.logits[mask.bool()][:, : len(table)])
    losses = task.losses(ours, states, batch, None)
    mean = losses.total / sum(losses.numbers)
    yield "loss", far(mean, found.loss)
    mean.backward()
    found.loss.backward()
    theirs_of = gradients(weights)
    if not by_expression:
        words = theirs_of["genes"]
        theirs_of |= {"genes": words[:-1], "hidden": words[-1],
                      "head.bias": theirs_of["head.bias"][:-1]}  # fmt: skip
    yield from of_gradients(ours, theirs_of)


def differences() -> Iterator[tuple[str, float]]:
    """Yield the greatest differences of hidden states, scores and gradients."""
    found = {
        "GPT-2": dict(of_next_gene()),
        "BERT, masked gene": dict(of_masked("masked-gene")),
        "BERT, masked expression": dict(of_masked("masked-expression")),
    }
    for name, each in found.items():
        for what in ("hidden states", "scores", "gradients"):
            yield f"{name}, {what}", max(v for k, v in each.items() if k.startswith(what[:-1]))
