"""The options of factorized embeddings: each field once, with its meaning, unit and default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..documented import documented
from ..option import AUTO, Except, option
from ..options import Options, named
from .words import ELSEWHERE, RENAMED

_INNER = {"decoder": ("inner",)}
_NETWORK = {"decoder": ("inner", "concat")}
_WHOLE = {"decoder": ("inner",), "minibatch": ("full",)}
_ALWAYS: Mapping[str, tuple[object, ...]] = {}


@documented
@named
@dataclass(frozen=True)
class FE(Options):
    """Options of factorized embeddings, the family ``"fe"``.

    A decoder predicts the expression of a gene in a sample from a vector of each; all are trained
    on the squared error (Trofimov et al. 2020, Bioinformatics 36, i417-i426). The unit of rates and
    weights is the overall standard deviation around the gene means.
    """

    RENAMED: ClassVar[Mapping[str, str]] = RENAMED
    ELSEWHERE: ClassVar[Mapping[str, str]] = {**Options.ELSEWHERE, **ELSEWHERE}

    decoder: Literal["inner", "concat", "dot"] = option(
        "inner",
        "How a sample vector u and a gene vector v predict a value. 'inner': offset_g + <phi(u), "
        "psi(v)>, phi a small network beside a linear path, trained on the whole matrix at once. "
        "'concat': MLP([u ; v]), the published decoder. 'dot': the dot product and two biases "
        "(Choy et al. 2018).",
    )
    sample_dim: int | Literal["auto"] = option(
        AUTO,
        "Length of a sample vector. With decoder='dot' the last entry is the bias.",
        least=1,
        auto=((_NETWORK, 2), (_ALWAYS, 51)),
    )
    gene_dim: int | Literal["auto"] = option(
        AUTO,
        "Length of a gene vector. 'auto' is 64, or twice sample_dim if that is more, but not more "
        "than a small matrix has components. With decoder='dot' it is sample_dim.",
        least=1,
        applies=_NETWORK,
        same_as="sample_dim",
    )
    hidden: tuple[int, ...] | Literal["auto"] = option(
        AUTO,
        "Hidden sizes of the network, that of phi for decoder='inner'; with none, phi is linear, "
        "as in recipe='linear', the choice where the leading components matter most.",
        applies=_NETWORK,
        otherwise=(),
        auto=((_INNER, (128, 128)), (_ALWAYS, (256, 64))),
    )
    gene_hidden: tuple[int, ...] = option(
        (), "Hidden sizes of psi; with none, psi(v) = v.", applies=_INNER
    )
    fourier: int | Literal["auto"] = option(
        AUTO,
        "Number of random frequencies whose sines and cosines phi sees beside u, so that it bends "
        "quickly enough in few dimensions. 'auto' is 16 up to three dimensions and 0 above.",
        least=0,
        applies={**_INNER, "hidden": Except(((),))},
        otherwise=0,
    )
    activation: Literal["relu", "tanh"] = option(
        "relu", "Activation between the layers of a network.", applies=_NETWORK
    )
    output: Literal["linear", "bounded"] | Literal["auto"] = option(
        AUTO,
        "'linear', or 'bounded' to the range of the training values by a sigmoid.",
        auto=((_NETWORK, "linear"), (_ALWAYS, "bounded")),
    )
    center: bool | Literal["auto"] = option(
        AUTO,
        "Whether the model predicts deviations from the mean of each gene, in units of the overall "
        "standard deviation.",
        applies={"output": ("linear",)},
        otherwise=False,
        auto=((_NETWORK, True), (_ALWAYS, False)),
    )
    sample_start: str = option(
        AUTO,
        "Where sample vectors start: 'pca', 'random', a key of adata.obsm, or in tl.train an array "
        "(n_obs, sample_dim).",
        auto=((_NETWORK, "pca"), (_ALWAYS, "random")),
        table=("obsm", "sample_dim"),
        own=("pca", "random"),
    )
    gene_start: str = option(
        AUTO,
        "Where gene vectors start: 'svd' (the loadings), 'random', a key of adata.varm, or in "
        "tl.train an array (n_vars, gene_dim).",
        auto=((_NETWORK, "svd"), (_ALWAYS, "random")),
        table=("varm", "gene_dim"),
        own=("svd", "random"),
    )
    init: Literal["glorot", "torch"] = option(
        "glorot", "How weights are drawn; 'torch' is the default of torch.nn.Linear."
    )
    minibatch: Literal["full", "entries", "tiles"] | Literal["auto"] = option(
        AUTO,
        "What a step sees: 'full', the matrix; random 'entries'; 'tiles', some samples x genes.",
        auto=((_INNER, "full"), ({"decoder": ("concat",)}, "tiles"), (_ALWAYS, "entries")),
        needs={"full": {"decoder": ("inner",), "output": ("linear",)}},
    )
    minibatch_size: int | tuple[int, int] | Literal["auto"] | None = option(
        AUTO,
        "Number of entries, or (samples, genes) of a tile. 'auto' is (100, 100) for tiles; for "
        "entries 10,000 with decoder='dot', else ten times the number of genes.",
        least=1,
        applies={"minibatch": ("entries", "tiles")},
        otherwise=None,
        kinds={"minibatch": {"entries": int, "tiles": tuple}},
        follows="minibatch",
    )
    optimizer: Literal["adam", "rmsprop", "muon"] | Literal["auto"] = option(
        AUTO,
        "Optimiser; 'muon' takes the weight matrices, and Adam the rest.",
        auto=((_NETWORK, "muon"), (_ALWAYS, "adam")),
    )
    learning_rate: float | Literal["auto"] = option(
        AUTO,
        "Learning rate of the network. With minibatch='full' a small matrix lowers 'auto': fewer "
        "than 512 samples in proportion to them, or up to three dimensions fewer than 30,000 "
        "entries by the square root of their share.",
        above=0,
        auto=((_INNER, 3e-2), ({"decoder": ("concat",)}, 2e-2), (_ALWAYS, 1e-2)),
    )
    sample_learning_rate: float | Literal["auto", "length"] | None = option(
        AUTO,
        "Learning rate of the sample vectors; None for that of the network, 'length' for 0.14 over "
        "the square root of sample_dim: steps are as long in any dimension.",
        above=0,
        auto=((_INNER, "length"), ({"decoder": ("concat",)}, 3e-2), (_ALWAYS, None)),
    )
    warm_up: int = option(10, "Number of first steps over which the learning rates rise.", least=0)
    l2: float = option(
        0.0,
        "Weight of the sum of squares of all parameters beside the mean squared error.",
        least=0,
    )
    weight_decay: float | Literal["auto"] = option(
        AUTO,
        "What weight matrices lose of themselves in a step, in units of learning_rate times the "
        "unexplained fraction of the variance.",
        least=0,
        applies={"optimizer": ("muon",)},
        otherwise=0.0,
        auto=((_WHOLE, 2.0), (_ALWAYS, 0.0)),
    )
    gene_step: Literal["solve", "gradient"] | Literal["auto"] = option(
        AUTO,
        "How gene vectors learn: 'solve', by an exact ridge regression every solve_every steps, "
        "between which they are fixed; or 'gradient', with all else in every step.",
        applies=_INNER,
        otherwise="gradient",
        auto=(({"minibatch": ("full",), "gene_hidden": ((),)}, "solve"), (_ALWAYS, "gradient")),
        needs={"solve": {"minibatch": ("full",), "gene_hidden": ((),)}},
    )
    gene_learning_rate: float | Literal["auto"] | None = option(
        AUTO,
        "Learning rate of the gene vectors; None for that of the network.",
        above=0,
        applies={"gene_step": ("gradient",)},
        otherwise=None,
        auto=((_INNER, 1e-2), ({"decoder": ("concat",)}, 2e-2), (_ALWAYS, None)),
    )
    solve_every: int | Literal["auto"] | None = option(
        AUTO,
        "Steps between two solutions, one pass over the matrix. 'auto' is 15 up to three "
        "dimensions and 10 above.",
        least=1,
        applies={"gene_step": ("solve",)},
        otherwise=None,
        kinds={"gene_step": {"solve": int}},
    )
    gene_prior: float | Literal["auto"] = option(
        AUTO,
        "Precision of the normal prior of the gene vectors in the regression of gene_step='solve'.",
        least=0,
        applies={"gene_step": ("solve",)},
        otherwise=0.0,
        auto=((_ALWAYS, 3.0),),
    )
    sample_noise: float | Literal["auto"] = option(
        AUTO,
        "Standard deviation of the Gaussian noise on the sample vectors in each step, in units of "
        "the noise that the variance left over by the start puts on them.",
        least=0,
        applies=_WHOLE,
        otherwise=0.0,
        auto=((_ALWAYS, 2.0),),
    )
    neighbor_weight: float | Literal["auto"] = option(
        AUTO,
        "Weight of a term that keeps samples near whose expression is alike, against the fraction "
        "of the variance that is explained; 0 for none. At most 2048 samples take part. A start of "
        "your own should have about unit variance. 'auto' is 0.05 up to three dimensions, 0.02 "
        "above, and 0 where samples start at random.",
        least=0,
        applies=_WHOLE,
        otherwise=0.0,
    )
    labels_weight: float | Literal["auto"] = option(
        AUTO,
        "Weight of the mean cross-entropy of the classes of labels_key, against the mean squared "
        "error as a fraction of the variance. With 0 they are read off a map that never saw them.",
        beside="labels_key",
        least=0,
        applies=_WHOLE,
        otherwise=0.0,
        auto=((_ALWAYS, 0.1),),
    )
    factors_form: Literal["sum", "concatenation"] = option(
        "sum",
        "How a sample vector is made of the vectors of its factors, if factors are given: their "
        "'sum', or a 'concatenation', in which each has an equal share of the coordinates.",
        beside="factors",
        applies=_WHOLE,
    )
    place_samples: bool | Literal["auto"] = option(
        AUTO,
        "Whether each sample moves in the end to where tl.transform would place it, so that new "
        "and trained samples are alike. The history is that of the training before.",
        auto=(
            ({**_WHOLE, "optimizer": ("muon",)}, True),
            ({"decoder": ("dot",)}, True),
            (_ALWAYS, False),
        ),
    )
    noise_model: Literal["shared", "equal"] | Literal["auto"] = option(
        AUTO,
        "How samples are placed: by 'equal' noise in all genes (least squares), or 'shared', where "
        "each gene has noise of its own size and genes have errors in common, estimated from what "
        "the training leaves. 'auto' is 'shared' up to three dimensions, 'equal' above.",
    )
    sample_prior: float | Literal["auto"] = option(
        1.0,
        "Weight of the prior of samples where they are placed. 'auto', for imputation, is 1 up to "
        "three dimensions, and above of 1, 4, 16 and 64 what predicts held-out entries best.",
        least=0,
    )
    metric: Literal["expression", "free"] | Literal["auto"] = option(
        AUTO,
        "'expression': in the end a linear change makes distances those of the profiles that the "
        "best linear map of the coordinates decodes, in the units of the matrix, as in PCA. "
        "'free': they stay as trained. 'auto' is 'free' up to three dimensions, "
        "'expression' above.",
        applies=_INNER,
        otherwise="free",
    )
    gene_metric: Literal["balanced", "free"] | Literal["auto"] = option(
        AUTO,
        "'balanced': in the end a linear change, which keeps what is predicted, makes gene axes "
        "those of a PCA of it, each with the fourth root of its variance, and the last one the "
        "standardised mean of the gene. 'free': they stay as trained. 'auto' "
        "is 'balanced' from 16 coordinates on, if center, without gene_hidden or own start.",
        applies=_INNER,
        otherwise="free",
        needs={"balanced": {"center": (True,), "gene_hidden": ((),)}},
    )
    gene_views: Literal["bins"] | None = option(
        None,
        "A second view of the genes that is joined to their vectors at the same width: 'bins', a "
        "PCA of normal scores of each gene, which know the order of its values alone. The model "
        "keeps factors of its own, so predictions and samples stay as they are. Held-out entries "
        "count too.",
        applies=_INNER,
        needs={"bins": {"gene_metric": ("balanced", AUTO)}},
    )
    steps: int | Literal["auto"] | None = option(
        AUTO,
        "At most so many steps; give steps or epochs.",
        least=1,
        auto=(
            ({**_WHOLE, "epochs": (AUTO, None)}, 135),
            ({"decoder": ("concat",), "epochs": (AUTO, None)}, 20_000),
            (_ALWAYS, None),
        ),
        excludes="epochs",
    )
    epochs: float | Literal["auto"] | None = option(
        AUTO,
        "At most so many passes over the matrix; give steps or epochs.",
        above=0,
        auto=(({"steps": (None,)}, 30.0), (_ALWAYS, None)),
        excludes="steps",
    )
    validation: float | Literal["auto"] = option(
        AUTO,
        "Fraction held out from all that is fitted; 'auto' is 0.05, but at most 50,000 entries. "
        "Where a choice of many samples trains the model, it is a fraction of theirs.",
        least=0,
        most=0.5,
    )
    validation_by: Literal["entries", "samples"] = option(
        "entries",
        "What is held out: 'entries', or 'samples', which shape nothing that is shared: half of "
        "their entries fit their own vectors, the other half is held out.",
    )
    evaluate_every: int | Literal["auto"] = option(
        AUTO,
        "Steps between evaluations; with gene_step='solve' rounded up to a multiple of "
        "solve_every. 'auto' is 10 with decoder='inner', else half an epoch, at most 500.",
        least=1,
    )
    record_every: int | None = option(
        None,
        "Steps between two copies of the sample vectors that are kept in uns['fe']['records'], so "
        "that pl.trajectories shows how they moved; None: none is kept.",
        least=1,
    )
    patience: int | Literal["auto"] | None = option(
        AUTO,
        "Evaluations without progress that lower the learning rate or end training; None: never.",
        least=1,
        auto=((_NETWORK, 2), (_ALWAYS, 3)),
    )
    learning_rate_drops: int | Literal["auto"] = option(
        AUTO,
        "How often the learning rate falls to 0.3 of itself before training ends.",
        least=0,
        auto=((_INNER, 1), ({"decoder": ("concat",)}, 3), (_ALWAYS, 2)),
    )
    tolerance: float | Literal["auto"] = option(
        AUTO,
        "The relative fall of the loss that counts as progress.",
        least=0,
        auto=(({"decoder": ("concat",)}, 3e-3), (_ALWAYS, 1e-3)),
    )
