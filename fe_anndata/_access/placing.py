"""New samples through a trained model, by parts."""

from __future__ import annotations

import numpy as np
import torch
from tqdm.auto import tqdm

from ..kernels.workers import share, workers
from ..training.projection import ROWS, Placements
from .device import compute
from .new_samples import NewSamples
from .reference import Reference

BLOCKS = 4
"""Blocks of ``ROWS`` samples that are read at a time."""


def place(new: NewSamples, reference: Reference, progress: bool) -> Placements:
    """Return where the new samples lie."""
    projection = reference.projection(new.alignment.known)
    projection.prepare()
    blocks: list[Placements] = []
    with (
        workers(compute("cpu").threads),
        tqdm(total=new.n_obs, disable=not progress, unit="sample", desc="fe") as bar,
    ):
        for rows, X in new.parts(BLOCKS * ROWS):
            starts = range(0, len(X), ROWS)
            of_part: list[Placements | None] = [None] * len(starts)

            def run(i: int, X: np.ndarray = X, into: list[Placements | None] = of_part) -> None:
                into[i] = projection.place(X[ROWS * i : ROWS * (i + 1)])

            share(run, len(starts))
            blocks += [placed for placed in of_part if placed is not None]
            bar.update(rows.stop - rows.start)
    return Placements(
        *(np.concatenate([getattr(block, name) for block in blocks]) for name in vars(blocks[0]))
    )


def distances(u: np.ndarray, reference: Reference) -> np.ndarray:
    """Return the distance to the nearest training sample, in units of theirs, float32 (n,)."""
    table = reference.table.double()
    # Not by a product of matrices, whose digits depend on the company.
    exactly = "donot_use_mm_for_euclid_dist"
    parts = torch.split(torch.from_numpy(u).double(), ROWS)
    nearest = torch.cat([torch.cdist(part, table, compute_mode=exactly).amin(1) for part in parts])
    found: np.ndarray = (nearest / reference.facts["spacing"]).float().numpy()
    return found
