"""The gene spaces of two species, brought into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.genes import gene_space
from .._access.orthologs import AlignedSpecies, known_pairs, of_both, of_genes, ortholog_table
from .._core.errors import require_choice, require_whole
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from .._core.random import Rng, generator, seed_of
from ..genespace import Recipe, classes, score
from ..genespace.align import METHODS


def align_gene_spaces(
    human: AnnData,
    mouse: AnnData,
    orthologs: pd.DataFrame | str | Path,
    *,
    columns: Sequence[str] | None = None,
    identity: str | None = None,
    method: str = "cca",
    supervised: bool = True,
    refine: int | None = None,
    csls: int = 10,
    folds: int = 5,
    prefix: str = "m_",
    key: str = DEFAULT_KEY,
    key_mouse: str | None = None,
    rng: Rng = 0,
) -> AlignedSpecies:
    """Bring the gene vectors of two species into one space, and measure whether orthologs meet.

    Each species' vectors are centred and brought to unit length; two linear maps into a common
    space, of as many dimensions as the smaller one has, then bring orthologs together. How well
    that works is measured on pairs that shaped no map: in each fold the maps come from the other
    folds, and the rank of the true ortholog is its place among all trained genes of the other
    species. Beside it stands the same for pairs that the maps came from, as it has mostly been
    published [1]_, and the held-out score of maps from shuffled pairs. For a pseudo-species,
    train on two halves of the samples of one species and give each gene as its own ortholog.

    Parameters
    ----------
    human, mouse
        Trained, or read by :func:`fe_anndata.io.read_gene_vectors`; ``varm["fe"]`` is read. Any
        two species will do.
    orthologs
        One-to-one pairs of names: a DataFrame, or the path of a tab-separated table with a header.
        Pairs with a gene that is not trained are left out.
    columns
        The two columns of names, human first; may be left out if there are no others.
    identity
        A column with the sequence identity of each pair. Pairs then get a class: high or low RNA
        similarity (by held-out rank) against high or low DNA similarity, split at the 40th and
        60th percentiles.
    method
        ``"cca"``: both spaces are whitened by the training pairs, and directions weighed by how
        well they correlate between the species. ``"procrustes"``: both are only turned, and cut
        to the smaller dimension.
    supervised
        Whether the maps come from orthologs; if not, from genes with alike distributions of
        similarities to their own species, refined. Then all pairs are held out. It needs spaces
        that are nearly copies of each other; between two species expect little more than chance.
    refine
        So many times, genes in no training pair that are each other's nearest join the pairs,
        and the maps are found again; by default 0, and 10 if not `supervised`.
    csls
        Ranks are by cosine corrected for hubs by so many neighbours [2]_; 0 for cosine alone.
    folds
        Folds of the pairs, at least 2.
    prefix
        Of the mouse genes in ``both``.
    key
        The `key_added` of the training.
    key_mouse
        That of the mouse, if it is another one.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    AlignedSpecies
        ``summary`` (top-1 and top-10 by training, kind of pairs and direction), ``pairs`` (rank and
        similarity of each, with a flag `held_out`), ``human``, ``mouse`` and ``both`` (AnnData of
        0 samples x genes with the vectors in the common space in ``varm["fe"]``, for every verb
        of genes; the maps are those of all pairs), ``human_map`` and ``mouse_map``.

    Raises
    ------
    KeyError
        If nothing was trained under a key, or a column is missing.
    TypeError
        If `orthologs` is no table.
    ValueError
        If no pair, or fewer than two a fold, are in both spaces, a gene is in several pairs, or a
        parameter is out of its range.

    References
    ----------
    .. [1] GeneRAIN human-mouse (2026): 24.8 % top-1 and 47.9 % top-10, on the pairs used.
    .. [2] Conneau et al. (2018), Word translation without parallel data.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> half, other = (fe.datasets.pbmc68k_reduced()[i::2].copy() for i in (0, 1))
    >>> for adata in (half, other):
    ...     fe.tl.train(adata, steps=20, progress=False)
    >>> genes = half.var_names.to_frame(name="human").assign(mouse=half.var_names)
    >>> aligned = fe.tl.align_gene_spaces(half, other, genes)  # a pseudo-species
    >>> aligned.summary["pairs"].unique().tolist()
    ['held out', 'used for training']
    """
    require_choice(method, METHODS, "method")
    refine = (0 if supervised else 10) if refine is None else refine
    for name, value in (("folds", folds), ("csls", csls), ("refine", refine)):
        require_whole(value, name)
    if folds < 2:
        raise ValueError(f"folds must be at least 2, not {folds}.")
    if csls < 0:
        raise ValueError(f"csls must not be negative, got {csls}.")
    if refine < 0:
        raise ValueError(f"refine must not be negative, got {refine}.")
    draw = generator(seed_of(rng), "align gene spaces")
    key_mouse = key if key_mouse is None else key_mouse
    spaces = gene_space(human, key), gene_space(mouse, key_mouse)
    given = ortholog_table(orthologs, columns, identity)
    table = known_pairs(given, *spaces)
    if len(table) < 2 * folds:
        raise ValueError(
            f"{len(table)} pairs of orthologs are in both spaces, too few for {folds} folds; "
            "give more pairs, or fewer folds."
        )
    logger.info("%d of %d pairs of orthologs are in both spaces", len(table), len(given))
    rows = [s.names.get_indexer(table[c]) for s, c in zip(spaces, ("human", "mouse"), strict=True)]
    found, summary, maps = score(
        spaces[0].vectors,
        spaces[1].vectors,
        np.column_stack(rows),
        Recipe(method, supervised, refine, csls),
        folds=folds,
        rng=draw,
    )
    there = [
        of_genes(adata, space, place(space.vectors), key)
        for adata, space, place in zip((human, mouse), spaces, maps, strict=True)
    ]
    return AlignedSpecies(
        summary=summary,
        pairs=_named(table, found),
        human=there[0],
        mouse=there[1],
        both=of_both(there[0], there[1], prefix, key),
        human_map=maps[0],
        mouse_map=maps[1],
    )


def _named(table: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return the scores with the names of their pairs, and their classes if there are any."""
    if "identity" in table:
        held_out = found[found["held_out"]].set_index("pair")["rank"].loc[table.index]
        table = table.join(classes(held_out.to_numpy(), table["identity"].to_numpy()))
    named = table.loc[found["pair"]].reset_index(drop=True)
    scores = found[["fold", "held_out", "similarity", "rank", "rank_back"]]
    return pd.concat(
        [named[["human", "mouse"]], scores, named.drop(columns=["human", "mouse"])], axis=1
    )
