"""One training step of Exceiver: as published, our recipe of it on counted genes, and ours.

The published form has a row of all genes for each cell and attention as torch.nn.MultiheadAttention
gives it, with the weights in full; its rows are ready before the clock starts. Of the others what
is hidden is drawn while it runs. It is written from the description, with no code of the original.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from anndata import AnnData
from torch import Tensor, nn

import fe_anndata as fe
from fe_anndata._access.inputs import ranks_of
from fe_anndata.kernels.device import compute
from fe_anndata.kernels.workers import workers
from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import InMemory
from fe_anndata.models.exceiver.published.task import Training
from fe_anndata.models.exceiver.published.values import Rows
from fe_anndata.models.exceiver.steps import Steps
from fe_anndata.training.optimisers import Optimisers
from fe_anndata.training.problem import Problem

CELLS = 16
DENSE, NONZEROS, OURS = "published, rows of all genes", "exceiver2022", "ours"
WIDTH, HEADS, LATENTS, FEED_FORWARD = 4, 4, 128, 2048


class Cross(nn.Module):
    """Cross-attention, then a network, each added to the queries."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, WIDTH))

    def forward(self, queries: Tensor, keys: Tensor, away: Tensor | None = None) -> Tensor:
        """Return queries with what they see of keys, of which some are away."""
        keys = self.norms[1](keys)
        seen, _ = self.attention(self.norms[0](queries), keys, keys, away)
        x = queries + seen
        return x + self.mlp(self.norms[2](x))


class Dense(nn.Module):
    """The published network; the last gene is the one that stands for hidden ones."""

    def __init__(self, n_genes: int, blocks: int) -> None:
        super().__init__()
        self.genes = nn.Embedding(n_genes + 1, WIDTH, padding_idx=n_genes)
        self.latents = nn.Parameter(torch.randn(LATENTS, WIDTH))
        self.gather, self.ask = Cross(), Cross()
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, FEED_FORWARD, 0.0, "gelu", batch_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, blocks)
        self.head = nn.Sequential(
            nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 1), nn.GELU(), nn.Linear(1, 1)
        )

    def forward(self, ids: Tensor, values: Tensor, away: Tensor, asked: Tensor) -> Tensor:
        """Return the values that are expected of the genes asked for."""
        keys = self.genes(ids) * values[..., None]
        x = self.blocks(self.gather(self.latents.expand(len(ids), -1, -1), keys, away))
        return self.head(self.ask(self.genes(asked), x))[..., 0]


def task(adata: AnnData, recipe: str, **options: object) -> Steps:
    """Return a training, as tl.train makes it."""
    family, rows = fe.models.family("exceiver"), InMemory(adata.X)
    every = np.ones(adata.n_vars, dtype=bool)
    problem = Problem(rows, audit(rows), ranks_of(adata, every), 0, compute("cpu"))
    found = family.task(problem, family.choose(recipe, options, {}), None)
    assert isinstance(found, Steps)
    return found


def steps(name: str, adata: AnnData, threads: int = 1) -> dict[str, Callable[[], float]]:
    """Return steps of each form; a call returns its CPU seconds for a cell.

    Parameters
    ----------
    name
        Of the cohort, for messages.
    adata
        Its counts.
    threads
        Of torch, and of our own pool.
    """
    if adata.n_obs < 4 * CELLS:
        raise ValueError(f"{name} has {adata.n_obs} cells, too few to measure a step.")
    small = {"blocks": 1, "minibatch_size": CELLS}
    few = task(adata, "exceiver2022", **small)
    ours = task(adata, "default")
    assert isinstance(few, Training)
    return {
        DENSE: _timed(dense(few), threads, CELLS),
        NONZEROS: _timed(_stepping(few), threads, CELLS),
        OURS: _timed(_stepping(ours), threads, ours.options.minibatch_size),
    }


def dense(of: Training) -> Callable[[], None]:
    """Return a step of the published form on the first cells of a training of ours."""
    m = of.material.n_genes
    network = Dense(m, of.options.blocks)
    adam = torch.optim.Adam(network.parameters(), of.options.learning_rate, weight_decay=1e-5)
    cells = of.rows(of.samples(0), 0)
    given = as_dense(cells, m)

    def step() -> None:
        errors = (network(*given, cells.asked) - cells.answers).square()
        (errors * cells.wanted).sum().div(cells.wanted.sum()).backward()
        adam.step()
        adam.zero_grad()

    return step


def as_dense(cells: Rows, m: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, values, and where there is no gene, of rows of all genes."""
    n = len(cells.genes)
    ids = torch.arange(m).repeat(n, 1)
    values, away = torch.zeros(n, m), torch.ones(n, m, dtype=torch.bool)
    there = torch.ones_like(cells.genes, dtype=torch.bool) if cells.there is None else cells.there
    row = torch.arange(n)[:, None]
    at = row.expand_as(there)[there], cells.genes[there]
    values[at], away[at] = cells.values[there], False
    hidden = row.expand_as(cells.wanted)[cells.wanted], cells.asked[cells.wanted]
    values[hidden], ids[hidden] = 1.0, m
    return ids, values, away


def _stepping(training: Steps) -> Callable[[], None]:
    optimisers = Optimisers(training.groups, training.l2)
    done = 0

    def step() -> None:
        nonlocal done
        # A whole minibatch each time, not what is left over at the end of an epoch.
        training.backward(done % max(1, training.steps_per_epoch - 1))
        optimisers.step(training.rate(done))
        done += 1

    return step


def _timed(step: Callable[[], None], threads: int, cells: int) -> Callable[[], float]:
    def timed() -> float:
        with workers(threads):
            began = time.process_time()
            step()
            return (time.process_time() - began) / cells

    return timed
