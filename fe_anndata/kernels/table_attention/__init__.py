"""Attention of constant queries over the tokens of samples, whose scores are sums of two tables.

A token is a gene and its value. Queries that are the same for every sample make of the score of a
token a number of its gene plus a number of its value, for each query and head: no product of
matrices is left for a token. What it gives is the vector of its gene, multiplied by one of its
value, plus another of its value.

``tokens``
    What samples are made of, and the tables.
``reference``
    In plain torch, with padded samples: the numerics of record, and what a GPU computes with.
``cpu``, ``loops``
    The same without padding, compiled for processors.
"""

from __future__ import annotations

from torch import Tensor

from . import reference
from .tokens import Tables, Tokens

__all__ = ["Tables", "Tokens", "attend", "weights"]


def attend(tokens: Tokens, tables: Tables, heads: int) -> Tensor:
    """Return what each query gathers of each sample, (n, queries, width); 0 of no tokens.

    Parameters
    ----------
    tokens
        Of the samples.
    tables
        With ``heads`` times as many scores as there are queries.
    heads
        Each takes an equal part of the width.
    """
    if tables.score_of_gene.device.type == "cpu":
        from .cpu import attend as on_cpu

        return on_cpu(tokens, tables, heads)
    return reference.attend(tokens, tables, heads)


def weights(tokens: Tokens, tables: Tables) -> Tensor:
    """Return the weight of each token for each head and query, (tokens, heads x queries).

    They add up to one over the tokens of a sample.
    """
    return reference.weights(tokens, tables)
