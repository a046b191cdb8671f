"""The options of Exceiver: each field once, with its meaning, unit and default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..documented import documented
from ..option import AUTO, option
from ..options import Options, named

_OURS = {"layout": ("ours",)}
_PUBLISHED = {"layout": ("published",)}
_KEPT = (
    "layout", "likelihood", "sample_dim", "width", "latents", "heads", "blocks", "linear",
)  # fmt: skip
"""Options that a model keeps that is continued on other samples."""
_ALWAYS: Mapping[str, tuple[object, ...]] = {}


@documented
@named
@dataclass(frozen=True)
class Exceiver(Options):
    """Options of Exceiver, the family ``"exceiver"``.

    A sample is the list of the genes that were counted in it. A few latent vectors attend to the
    list, and the expected share of every gene, those without a count among them, is read off what
    they have seen. It is learned by hiding genes and predicting their counts.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **Options.ELSEWHERE,
        "lr": "learning_rate",
        "batch_size": "minibatch_size",
        "n_latent": "sample_dim",
        "gene_likelihood": "likelihood",
        "query_len": "latents",
        "n_layers": "blocks",
        "n_heads": "heads",
        "seq_dim": "width",
        "mask_frac": "masked",
    }

    layout: Literal["ours", "published"] = option(
        "ours",
        "'published': counts become z-scores of log profiles, and the squared error of those is "
        "learned that are hidden among the counted genes; a sample is embedded by all its latent "
        "vectors, latents times width numbers, from which no expression is predicted. 'ours': "
        "counts are seen as counts, and those of all hidden genes are predicted, zeros too.",
    )
    likelihood: Literal["multinomial", "nb", "poisson"] = option(
        "multinomial",
        "How counts of hidden genes are judged. 'multinomial': how the counts of a sample are "
        "shared out among its hidden genes. 'nb' and 'poisson': each count by itself, negative "
        "binomial (with a dispersion of each gene) or Poisson, around the expected share times "
        "the total of the sample, as far as it is seen.",
        applies=_OURS,
    )
    sample_dim: int = option(32, "Coordinates of a sample.", least=1, applies=_OURS)
    width: int = option(64, "Length of gene vectors and of latent vectors.", least=1)
    latents: int = option(16, "Latent vectors.", least=1)
    heads: int = option(4, "Heads of attention; they divide width.", least=1)
    blocks: int = option(1, "Blocks of attention among latent vectors.", least=0)
    feed_forward: int = option(
        2048,
        "Hidden size of the network in a block; with layout='ours' it is four times width.",
        least=1,
        applies=_PUBLISHED,
    )
    linear: bool = option(
        True,
        "Whether coordinates contain principal components of the log profile, to which the rest "
        "is added.",
        applies=_OURS,
    )
    start: str = option(
        "pca",
        "Where gene vectors start: 'pca' (whitened loadings of principal components), 'random', "
        "a key of adata.varm, or in tl.train an array (n_vars, width). A trained AnnData, or the "
        "path of one, is a model that is continued, and decides most options.",
        table=("varm", "width"),
        own=("pca", "random"),
        continues=_KEPT,
        applies=_OURS,
    )
    frozen: bool = option(
        False,
        "Leave a model that is continued as it is: classes of samples alone are learned.",
        applies=_OURS,
    )
    masked_least: float = option(
        0.3,
        "The smallest fraction of genes that is hidden of a sample.",
        above=0,
        most=0.95,
        applies=_OURS,
    )
    masked_most: float = option(
        0.8,
        "The largest; each time a fraction between them is drawn.",
        above=0,
        most=0.95,
        applies=_OURS,
    )
    masked: float = option(
        0.15,
        "Genes that are hidden of a sample, as a fraction of the median number of counted genes. "
        "Of a sample with fewer than twice as many it is half of its own.",
        above=0,
        most=0.5,
        applies=_PUBLISHED,
    )
    minibatch_size: int = option(64, "Samples of a step.", least=1)
    learning_rate: float = option(
        3e-3, "Learning rate, of AdamW; with layout='published' of Adam.", above=0
    )
    table_learning_rate: float = option(3e-3, "That of the gene vectors.", above=0, applies=_OURS)
    weight_decay: float = option(
        1e-4,
        "What weights lose of themselves in a step, in units of their rate; with "
        "layout='published' a part of the gradient instead, which Adam then rescales.",
        least=0,
    )
    clip: float = option(
        1.0, "Greatest length of the gradient of all parameters; 0 for any.", least=0
    )
    warm_up: float = option(
        0.1,
        "Fraction of the steps over which learning rates rise; from there they fall like a cosine.",
        least=0,
        most=1,
        applies=_OURS,
    )
    warm_up_steps: int = option(
        500,
        "Steps over which learning rates rise; from there they stay.",
        least=0,
        applies=_PUBLISHED,
    )
    steps: int | Literal["auto"] | None = option(
        AUTO,
        "At most so many steps; give steps or epochs. 'auto' is as many as show 400,000 samples, "
        "each 6 to 20 times, but at least 400.",
        least=1,
        excludes="epochs",
    )
    epochs: float | Literal["auto"] | None = option(
        AUTO,
        "At most so many passes over the samples; give steps or epochs.",
        above=0,
        auto=((_ALWAYS, None),),
        excludes="steps",
    )
    validation: float | Literal["auto"] = option(
        AUTO,
        "Fraction of the samples that is held out from all that is learned; 'auto' is 0.05, but "
        "at most 200 samples.",
        least=0,
        most=0.5,
    )
    evaluate_every: int | Literal["auto"] = option(
        AUTO,
        "Steps between evaluations. 'auto' is a tenth of the steps, and with layout='published' a "
        "pass over the samples.",
        least=1,
    )
    patience: int | None = option(
        None, "Evaluations without progress that end the training; None: never.", least=1
    )
    tolerance: float = option(
        1e-4, "The relative fall of the loss that counts as progress.", least=0
    )
    head: Literal["on-body", "with-body"] = option(
        "on-body",
        "How classes of samples are learned, if labels_key is given. 'on-body': by logistic "
        "regression on the coordinates, when all else is learned. 'with-body': their cross-entropy "
        "is added to the loss.",
        beside="labels_key",
        needs={"with-body": _OURS},
    )
    labels_weight: float = option(
        1.0,
        "Weight of the cross-entropy of a sample's class beside its mean loss.",
        beside="labels_key",
        least=0,
        applies={"head": ("with-body",)},
    )
