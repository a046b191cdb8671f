"""One training step of the published sizes: ours, and that of Hugging Face's GPT-2."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

import fe_anndata as fe
from fe_anndata.models.generain.network import Batch, Network
from fe_anndata.models.generain.objectives import objective_of
from fe_anndata.models.generain.sizes import sized

GENES, TOKENS = 38_960, 2048
"""Of the published model."""


def published(n_genes: int, tokens: int) -> Network:
    """Return the published GPT, without dropout."""
    options = fe.models.family("generain").choose("generain2024", {}, {})
    plain = {**options.chosen(), "dropout": 0.0, "attention_dropout": 0.0, "tokens": tokens}
    network = Network(sized(type(options)(**plain), (100, n_genes)), n_genes)
    network.start(torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.genes.normal_(std=0.02, generator=torch.Generator().manual_seed(1))
    return network


def ours(n_genes: int, tokens: int, half: bool) -> Callable[[], float]:
    """Return a training step of ours, which returns the loss."""
    network = published(n_genes, tokens)
    objective = objective_of(network.options)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
    batch = Batch(lists(n_genes, tokens), torch.zeros(1, tokens), (tokens,))

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            states = network.states(batch)
        losses = objective.losses(network, states, batch, None)
        (losses.total / (tokens - 1)).backward()
        optimiser.step()
        optimiser.zero_grad()
        return float(losses.total.detach()) / (tokens - 1)

    return step


def theirs(n_genes: int, tokens: int, half: bool) -> Callable[[], float]:
    """Return a training step of GPT-2 of transformers, which returns the loss."""
    import transformers

    config = transformers.GPT2Config(
        vocab_size=n_genes, n_positions=tokens, n_embd=200, n_layer=6, n_head=4, n_inner=800,
        layer_norm_epsilon=1e-10, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    batch = lists(n_genes, tokens)

    def step() -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(batch, labels=batch, use_cache=False).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        return float(loss.detach())

    return step


def lists(n_genes: int, tokens: int) -> torch.Tensor:
    """Return a list of genes."""
    return torch.randperm(n_genes, generator=torch.Generator().manual_seed(0))[None, :tokens]


STEPS = {"ours": ours, "transformers": theirs}


def memory(kind: str, n_genes: int, tokens: int) -> float:
    """Return by how many MB steps in a process of their own raise its peak above the model."""
    code = (
        f"from benchmarks import generain_step as g; g.print_memory({kind!r}, {n_genes}, {tokens})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def print_memory(kind: str, n_genes: int, tokens: int) -> None:
    """Print the peak of three steps above the built model, MB."""
    torch.set_num_threads(1)
    step = STEPS[kind](n_genes, tokens, False)
    before = peak()
    for _ in range(3):
        step()
    print(peak() - before)


def peak() -> float:
    """Return the greatest memory of this process so far, MB; getrusage counts its parent's."""
    (line,) = [t for t in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in t]
    return int(line.split()[1]) / 1024
