"""Pictures of samples, genes and training; each returns the matplotlib Axes it drew.

``show=None``, the default everywhere, opens a window where that is what one waits for: the
picture has a figure of its own, matplotlib's backend opens windows, and its interactive mode is
off (a plain script). Notebooks show a figure by themselves; with a backend without windows
nothing happens. ``show=True`` always calls :func:`matplotlib.pyplot.show`.

With ``show=False`` the figure is yours alone: pyplot does not know it, so that it neither opens
nor has to be closed, however many are drawn. ``ax.figure.savefig("picture.pdf")`` saves it, and
``ax.figure`` at the end of a cell shows it. To go on with pyplot, give an ``ax`` of pyplot's.

Text of the user, such as names of categories and genes, is drawn as it is typed and never read
as a formula or by TeX. In a title of your own, ``ax.title.set_parse_math(True)`` allows formulas.
"""

from .animate import animate
from .attention import attention
from .classify_genes import classify_genes
from .components_kept import components_kept
from .density import density
from .distance_preservation import distance_preservation
from .embedding import embedding
from .evaluate import evaluate
from .expression_map import expression_map
from .gene_arithmetic import gene_arithmetic
from .gene_lists import gene_lists
from .gene_similarity_matrix import gene_similarity_matrix
from .history import history
from .imputation_curve import imputation_curve
from .markers import markers
from .path import path
from .reconstruction import reconstruction
from .similar_genes import similar_genes
from .similarity_map import similarity_map
from .survival import survival
from .sweep import sweep
from .trajectories import trajectories

__all__ = [
    "animate",
    "attention",
    "classify_genes",
    "components_kept",
    "density",
    "distance_preservation",
    "embedding",
    "evaluate",
    "expression_map",
    "gene_arithmetic",
    "gene_lists",
    "gene_similarity_matrix",
    "history",
    "imputation_curve",
    "markers",
    "path",
    "reconstruction",
    "similar_genes",
    "similarity_map",
    "survival",
    "sweep",
    "trajectories",
]


def __dir__() -> list[str]:
    return sorted(__all__)
