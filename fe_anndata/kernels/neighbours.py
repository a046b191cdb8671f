"""Samples that are near in expression stay near: a loss on the sample table alone.

A sample has to find its neighbours among all others: with the similarity
``q_ij = 1 / (1 + c^2 |u_i - u_j|^2)`` the loss is ``-mean log(q_ij / sum_l q_il)`` over samples i
and their nearest neighbours j, t-SNE in its contrastive form (InfoNCE; Damrich et al., ICLR 2023).
Of the samples some are drawn in every step; their neighbours and all that they are compared with
move too.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .members import Members

NEAREST = 15
"""Neighbours of a sample, as in UMAP."""
ROWS = 256
"""Samples that are compared with all others at a time."""


@dataclass(frozen=True)
class Neighbours:
    """Which samples should be near to which.

    Attributes
    ----------
    members
        The samples that take part.
    nearest
        For each of them its nearest ones, as places among the members, (n, k).
    """

    members: Members
    nearest: Tensor

    @classmethod
    def of(cls, scores: Tensor, members: Members) -> Neighbours:
        """Find the nearest ones of some rows of a table of scores by Euclidean distance."""
        points = members.of(scores)
        found = []
        for first in range(0, len(points), ROWS):
            squares = _squared_distances(points[first : first + ROWS], points)
            squares[:, first : first + ROWS].fill_diagonal_(torch.inf)  # itself
            number = min(NEAREST, len(points) - 1)
            found.append(squares.topk(number, largest=False, sorted=False).indices)
        return cls(members, torch.cat(found))

    def gradient(self, table: Tensor, drawn: Tensor, sharpness: float) -> Tensor:
        """Return the gradient of the loss by a table of positions (n, d).

        Parameters
        ----------
        table
            Of all samples.
        drawn
            Places among the members of those that are to find their neighbours.
        sharpness
            c above, by the unit of the coordinates.
        """
        u = self.members.of(table)
        u = u - u.mean(0)  # where squares are small, their differences keep digits
        searching, square = u[drawn], sharpness**2
        near = self.nearest[drawn]
        apart = searching[:, None] - u[near]
        similarity = 1 / (1 + square * apart.square().sum(2))
        # From here on, gradients by the logarithms of similarities, in units of 2 c^2.
        pull = apart * (similarity / near.shape[1])[..., None]
        moves = torch.zeros_like(u)
        moves[drawn] += pull.sum(1)
        moves.index_add_(0, near.flatten(), -pull.flatten(0, 1))
        similarities = _squared_distances(searching, u).mul_(square).add_(1).reciprocal_()
        similarities[torch.arange(len(drawn)), drawn] = 0  # itself
        push = similarities.square().div_(similarities.sum(1, keepdim=True).clamp_min(1e-30))
        # With the few dimensions as rows: as columns they take several times as long.
        moves[drawn] += (u.T @ push.T).T - push.sum(1, keepdim=True) * searching
        moves += (searching.T @ push).T - push.sum(0)[:, None] * u
        return self.members.among(moves.mul_(2 * square / len(drawn)), table)


def _squared_distances(a: Tensor, b: Tensor) -> Tensor:
    squares = a.square().sum(1, keepdim=True) + b.square().sum(1)
    return torch.addmm(squares, a, b.T, alpha=-2).clamp_min_(0)
