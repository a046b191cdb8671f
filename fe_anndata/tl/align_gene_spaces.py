"""The gene spaces of two species, brought into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from .._access.genes import gene_space, without_samples
from .._core.errors import require_choice, require_whole
from .._core.keys import DEFAULT_KEY
from .._core.log import logger
from .._core.random import Rng, generator, seed_of
from ..genespace import Map, Recipe, classes, score
from ..genespace.align import METHODS
from ._orthologs import in_one_table, known_pairs, ortholog_table


@dataclass(frozen=True)
class AlignedSpecies:
    """Two species in one space, and how well orthologs are found in it.

    :func:`fe_anndata.tl.align_gene_spaces` returns it.

    Attributes
    ----------
    summary
        DataFrame, one row per `training` (``"orthologs"``, ``"shuffled orthologs"`` or
        ``"none"``), kind of `pairs` (``"held out"`` or ``"used for training"``) and `direction`.
        ``top_1`` and ``top_10`` are the shares of pairs, from 0 to 1, whose ortholog is the
        nearest gene or among the ten nearest; ``median_rank`` is the median of its rank,
        ``n_pairs`` the number of pairs and ``n_candidates`` the number of genes ranked.
    pairs
        DataFrame with ``human`` and ``mouse``, the names; ``fold``; ``held_out``, bool;
        ``similarity``, the cosine; ``rank``, the place of the mouse gene among all mouse genes,
        from 1, seen from the human gene; and ``rank_back``, the same seen from the mouse gene.
        With an identity also ``identity``, ``rna``, ``dna`` and ``class``.
    human, mouse
        AnnData of 0 samples x trained genes. ``varm["fe"]`` holds the vectors in the common space,
        float32 of unit length, (n_vars, common dim).
    both
        AnnData of 0 samples x the genes of both species; the names of mouse genes have a prefix.
        ``var["species"]`` and ``var["gene"]`` say which gene it is.
    human_map, mouse_map
        The maps from the vectors of each species to the common space. Each can be called with
        vectors (n, dim) and has the attributes ``mean`` and ``matrix``.
    """

    __module__ = "fe_anndata.tl"  # where it is public

    summary: pd.DataFrame
    pairs: pd.DataFrame
    human: AnnData
    mouse: AnnData
    both: AnnData
    human_map: Map
    mouse_map: Map

    def __repr__(self) -> str:
        n, m, dim = self.human.n_vars, self.mouse.n_vars, self.human_map.matrix.shape[1]
        return (
            f"AlignedSpecies: {n} human and {m} mouse genes in {dim} dimensions\n"
            f"{self.summary.to_string()}"
        )


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

    The vectors of each species are centred and brought to unit length. Two linear maps then take
    them to a common space, which has as many dimensions as the smaller of the two, so that
    orthologs come to lie near each other. How well that works is measured on held-out pairs: in
    each fold the maps are found from the pairs of the other folds, and the rank of the true
    ortholog is its place among all trained genes of the other species. For comparison the summary
    also has the score of the pairs that the maps were found from, which is what has mostly been
    published [1]_, and the held-out score of maps found from shuffled pairs.

    To try it with one species, train on two halves of its samples and pair each gene with itself.

    Parameters
    ----------
    human, mouse
        Trained, or read by :func:`fe_anndata.io.read_gene_vectors`; ``varm["fe"]`` is read. Any
        two species will do.
    orthologs
        One-to-one pairs of names: a DataFrame, or the path of a table with a header, separated by
        tabs or commas. Ensembl and RefSeq ids are compared without their versions if need be.
        Pairs with a gene that is not trained are left out.
    columns
        The two columns of names, that of `human` first. It may be left out if the table has no
        other columns (but for `identity`).
    identity
        A column with the sequence identity of each pair. Each pair then gets a class: high or low
        RNA similarity, by its held-out rank, and high or low DNA similarity, by its identity. Low
        ends at the 40th percentile and high starts at the 60th.
    method
        ``"cca"``: both spaces are whitened by the training pairs, and each direction is weighted
        by its correlation between the species. ``"procrustes"``: both spaces are only rotated,
        and cut to the smaller dimension.
    supervised
        Whether the maps are found from orthologs. If not, they start from pairs of genes whose
        similarities to their own species are distributed alike, and are refined; all orthologs
        are then held out. This works only for spaces that are nearly copies of each other; between
        two species, expect little more than chance.
    refine
        How many times the maps are refined: genes that are in no training pair and are each
        other's nearest join the pairs, and the maps are found again. By default 0, and 10 if not
        `supervised`.
    csls
        Ranks are by the cosine, corrected for hubs by this many nearest neighbours [2]_; 0 for
        the cosine alone.
    folds
        Number of folds of the pairs, at least 2.
    prefix
        What is put before the names of mouse genes in ``both``.
    key
        The `key_added` of the training.
    key_mouse
        The `key_added` of `mouse`; by default `key`.
    rng
        Seed, or a numpy Generator.

    Returns
    -------
    AlignedSpecies
        ``summary`` (how often the ortholog is found), ``pairs`` (rank and similarity of each
        pair, held out or not), ``human``, ``mouse`` and ``both`` (AnnData of 0 samples x genes
        with the vectors in the common space in ``varm["fe"]``, which every verb of genes takes;
        they come from the maps of all pairs), ``human_map`` and ``mouse_map``. Nothing is written
        to `human` or `mouse`.

    Raises
    ------
    KeyError
        If nothing was trained under a key, or a column is missing.
    TypeError
        If `orthologs` is not a table.
    ValueError
        If there are fewer than two pairs per fold in both spaces, a gene is in several pairs, or
        a parameter is out of its range.

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
    scores, summary, maps = score(
        spaces[0].vectors,
        spaces[1].vectors,
        np.column_stack(rows),
        Recipe(method, supervised, refine, csls),
        folds=folds,
        rng=draw,
    )
    moved = [
        without_samples(adata.var.loc[space.names].copy(), to_common(space.vectors), key)
        for adata, space, to_common in zip((human, mouse), spaces, maps, strict=True)
    ]
    return AlignedSpecies(
        summary=summary,
        pairs=_with_names(scores, table),
        human=moved[0],
        mouse=moved[1],
        both=in_one_table(moved[0], moved[1], prefix, key),
        human_map=maps[0],
        mouse_map=maps[1],
    )


def _with_names(scores: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the scores with the names of the pairs and, if there are identities, their classes."""
    if "identity" in table:
        held_out = scores[scores["held_out"]].set_index("pair")["rank"].loc[table.index]
        table = table.join(classes(held_out.to_numpy(), table["identity"].to_numpy()))
    names = table.loc[scores["pair"]].reset_index(drop=True)
    measures = scores[["fold", "held_out", "similarity", "rank", "rank_back"]]
    return pd.concat(
        [names[["human", "mouse"]], measures, names.drop(columns=["human", "mouse"])], axis=1
    )
