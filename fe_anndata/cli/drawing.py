"""What can be drawn, and the options of pictures, which are those of the functions of ``pl``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .arguments import Number, Numbers, Words
from .groups import ADVANCED, DATA

Picture = Literal[
    "embedding",
    "density",
    "history",
    "reconstruction",
    "similar-genes",
    "gene-arithmetic",
    "gene-lists",
    "gene-similarity-matrix",
    "expression-map",
    "similarity-map",
    "path",
    "trajectories",
    "animation",
    "attention",
    "distance-preservation",
    "components-kept",
    "evaluate",
    "classify-genes",
    "markers",
    "survival",
    "imputation-curve",
]
OF_TABLES = {
    "components-kept": "the table that components-kept writes",
    "evaluate": "the table that evaluate writes",
    "classify-genes": "the table that classify-genes writes",
    "markers": "the table that markers writes, of all genes",
    "survival": "the table that survival --risks writes",
    "imputation-curve": "the table that imputation-curve writes",
}
"""Pictures of a table, and of which."""
FUNCTIONS = {"animation": "animate"}
"""Functions of ``pl`` whose pictures go by another name."""
ANSWERS = Annotated[Number | None, Parameter(name=["--n", "-n"])]


@Parameter(name="*")
@dataclass(frozen=True)
class Drawing:
    """Options of pictures; which belong to which, the functions of ``pl`` say.

    Parameters
    ----------
    color
        Columns of obs, or genes, that colour an embedding, or one that colours trajectories.
    genes
        The genes to which similar ones are drawn, or those of a matrix, a map or a path.
    groupby
        The column of obs with one panel per group.
    key
        The key of the training; by default fe.
    n
        How many similar genes, or answers to a sum of genes.
    basis
        Name of the embedding to draw, such as umap, if not that of the training; of
        distance-preservation several.
    dimensions
        Two columns of the embedding, counted from 0.
    layer
        Values of this layer, not those of X.
    mask_var
        Genes to use: a boolean column of var.
    gene_symbols
        A column of var with names by which genes go, beside those of the genes themselves.
    query
        New samples, as transform wrote them, to draw in the embedding.
    reference
        For the attention to new samples: the trained .h5ad file.
    samples
        Samples by name, whose attention is drawn.
    groups
        Groups of --groupby to draw, in this order.
    expression
        The sum of genes to draw, such as "APOE - APP + BRCA1".
    gene_sets
        The lists of genes to draw, a .gmt file.
    profile
        What a similarity map compares with: a sample by name, or a group as "column=value".
    stops
        The stops of a path, each a sample by name, a group as "column=value", or coordinates
        such as "0.5,-1".
    entries
        Which entries of the matrix are drawn as predicted.
    bases
        Which bases of a survival are drawn.
    dims
        Which dimensions of them.
    kind
        hex or smooth for density, "heat map" or lines for path.
    metric
        How similarity or success is measured.
    method
        How lists of genes are laid out: pca, tsne or umap.
    labels
        Genes of lists that are named: some by name, all or none.
    n_genes
        How many genes are drawn, where --genes does not say which.
    n_groups
        Groups of risk.
    n_neighbors
        Nearest neighbours that are compared.
    points
        Points of a map along each axis, or of a path.
    reach
        How far from samples a map or path is drawn, in distances between neighbours.
    contours
        Lines of equal similarity.
    bins
        Hexagons along each axis.
    log
        Whether a scale is logarithmic.
    order
        Whether the genes of a matrix are ordered by their similarity.
    within
        Whether groups of risk are cut within the values of a column.
    max_samples
        At most so many samples are drawn.
    max_entries
        At most so many entries.
    fps
        Pictures of an animation per second.
    legend
        Where names of categories stand.
    palette
        Colours of categories, in their order, or the name of a colour map.
    cmap
        Colour map of numbers.
    vmin
        Lower end of the colours.
    vmax
        Upper end of the colours.
    size
        Size of points.
    alpha
        How opaque points are, from 0 to 1.
    ncols
        Panels per row.
    rng
        Seed.
    """

    color: Words = None
    genes: Words = None
    groupby: str | None = None
    key: str | None = None
    n: ANSWERS = None
    basis: Annotated[Words, DATA] = None
    dimensions: Annotated[Numbers, DATA] = None
    layer: Annotated[str | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    gene_symbols: Annotated[str | None, DATA] = None
    query: Annotated[Path | None, DATA] = None
    reference: Annotated[Path | None, DATA] = None
    samples: Annotated[Words, DATA] = None
    groups: Annotated[Words, DATA] = None
    expression: Annotated[str | None, DATA, Parameter(allow_leading_hyphen=True)] = None
    gene_sets: Annotated[Path | None, DATA] = None
    profile: Annotated[str | None, DATA] = None
    stops: Annotated[Words, DATA] = None
    entries: Annotated[Literal["validation", "all"] | None, DATA] = None
    bases: Annotated[Words, DATA] = None
    dims: Annotated[Numbers, DATA] = None
    kind: Annotated[Literal["hex", "smooth", "heat map", "lines"] | None, ADVANCED] = None
    metric: Annotated[str | None, ADVANCED] = None
    method: Annotated[Literal["pca", "tsne", "umap"] | None, ADVANCED] = None
    labels: Annotated[Words, ADVANCED] = None
    n_genes: Annotated[Number | None, ADVANCED] = None
    n_groups: Annotated[Number | None, ADVANCED] = None
    n_neighbors: Annotated[Number | None, ADVANCED] = None
    points: Annotated[Number | None, ADVANCED] = None
    reach: Annotated[float | None, ADVANCED] = None
    contours: Annotated[Number | None, ADVANCED] = None
    bins: Annotated[Number | None, ADVANCED] = None
    log: Annotated[bool | None, ADVANCED] = None
    order: Annotated[bool | None, ADVANCED] = None
    within: Annotated[bool | None, ADVANCED] = None
    max_samples: Annotated[Number | None, ADVANCED] = None
    max_entries: Annotated[Number | None, ADVANCED] = None
    fps: Annotated[float | None, ADVANCED] = None
    legend: Annotated[Literal["right", "on data", "none"] | None, ADVANCED] = None
    palette: Annotated[Words, ADVANCED] = None
    cmap: Annotated[str | None, ADVANCED] = None
    vmin: Annotated[float | None, ADVANCED] = None
    vmax: Annotated[float | None, ADVANCED] = None
    size: Annotated[float | None, ADVANCED] = None
    alpha: Annotated[float | None, ADVANCED] = None
    ncols: Annotated[Number | None, ADVANCED] = None
    rng: Annotated[Number | None, ADVANCED] = None
