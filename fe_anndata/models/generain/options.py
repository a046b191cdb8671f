"""The options of GeneRAIN: each field once, with its meaning, unit and default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from ..documented import documented
from ..option import AUTO, option
from ..options import Options, named

_GENES = {"objective": ("next-gene", "masked-gene")}
_MASKED = {"objective": ("masked-gene", "masked-expression")}
_EXPRESSION = {"objective": ("masked-expression",)}
_BINS = {"values": ("bins",)}
_KEPT = (
    "objective", "values", "zero", "n_bins", "panel", "tokens", "layers", "heads", "width",
    "feed_forward", "layout", "activation", "norm_eps", "pooling",
)  # fmt: skip
"""Options that a model keeps that is continued on other samples."""
_ALWAYS: Mapping[str, tuple[object, ...]] = {}


@documented
@named
@dataclass(frozen=True)
class GeneRAIN(Options):
    """Options of GeneRAIN, the family ``"generain"``.

    A sample is a list of genes, and a transformer learns what the list says of a gene that it does
    not show. Of values the rank in the gene is all that is seen, so their scale does not matter:
    counts and logarithms of them give the same.
    """

    ELSEWHERE: ClassVar[Mapping[str, str]] = {
        **Options.ELSEWHERE,
        "lr": "learning_rate",
        "batch_size": "minibatch_size",
        "n_layers": "layers",
        "n_heads": "heads",
        "d_model": "width",
        "max_len": "tokens",
        "mask_ratio": "masked",
    }

    objective: Literal["next-gene", "masked-gene", "masked-expression"] = option(
        "next-gene",
        "What is learned. 'next-gene': each gene of a list, in falling order of its value, from "
        "those before it (GPT). 'masked-gene': genes that are hidden in it, from all others. "
        "'masked-expression': values that are hidden in a list of expressed genes (BERT).",
    )
    values: Literal["bins", "z"] = option(
        "bins",
        "What values become. 'bins': their rank among those of the gene in the training "
        "(Binning-By-Gene). 'z': their deviation from the mean of the gene, in standard "
        "deviations.",
    )
    zero: float = option(
        0.0, "The value that means 'not expressed', such as -2 for log2(x + 0.25); exactly."
    )
    n_bins: int = option(2000, "Number of bins, 0 apart.", least=2, most=65534, applies=_BINS)
    panel: int = option(
        512,
        "The most values of a gene that are kept to tell the bins of new ones; of more, as many "
        "evenly spaced quantiles.",
        least=2,
        applies=_BINS,
    )
    tokens: int = option(
        256,
        "Genes of a list at most: those of highest value; with 'masked-expression' drawn from all "
        "that are expressed, again in each epoch.",
        least=16,
    )
    start: str = option(
        "pca",
        "Where gene vectors start: 'pca' (loadings of principal components of normal scores) or "
        "'fe' (factorized embeddings of them), both learned first from the training samples; "
        "'random'; a key of adata.varm, or in tl.train an array (n_vars, width). A trained "
        "AnnData, or the path of one, is a model that is continued, and decides most options.",
        table=("varm", "width"),
        own=("pca", "fe", "random"),
        continues=_KEPT,
    )
    layers: int = option(2, "Blocks of attention.", least=1)
    heads: int = option(4, "Heads of each; they divide width.", least=1)
    width: int = option(64, "Length of gene vectors and of hidden states.", least=1)
    feed_forward: int | Literal["auto"] = option(
        AUTO, "Hidden size of the network in a block; 'auto' is four times width.", least=1
    )
    layout: Literal["ours", "published"] = option(
        "ours",
        "'published': that of GPT-2 or BERT in Hugging Face's transformers; with "
        "'masked-expression' the bins of a sample are binned again, to 100, which are told apart "
        "by classes and not in order. 'ours': blocks normalise what goes in, whatever the "
        "objective, and an expression is a number.",
    )
    activation: Literal["gelu", "gelu-tanh"] | Literal["auto"] = option(
        AUTO,
        "GELU, or its approximation by tanh, which GPT-2 has.",
        auto=(
            ({"layout": ("published",), "objective": ("next-gene",)}, "gelu-tanh"),
            (_ALWAYS, "gelu"),
        ),
    )
    norm_eps: float = option(1e-5, "Added to the variance where a token is normalised.", above=0)
    dropout: float = option(
        0.1, "Fraction of what blocks add that training drops.", least=0, most=0.9
    )
    attention_dropout: float = option(
        0.0,
        "The same of the weights of attention; it doubles the cost on a processor.",
        least=0,
        most=0.9,
    )
    negatives: int | Literal["auto"] = option(
        AUTO,
        "Genes drawn for each minibatch to stand for all in the softmax of the training; 0 for "
        "all. 'auto' is 1024 of 4096 genes or more. What is held out is judged by all.",
        least=0,
        applies=_GENES,
        otherwise=0,
    )
    masked: float = option(
        0.15,
        "Fraction of a list that is hidden.",
        above=0,
        most=0.9,
        applies=_MASKED,
    )
    pooling: Literal["mean", "last", "cls"] = option(
        "mean",
        "Which hidden state is the embedding of a sample: the mean of its list, that of its last "
        "gene, or of a token of its own before the list.",
        needs={"cls": _MASKED},
    )
    head: Literal["on-body", "with-body"] = option(
        "on-body",
        "How classes of samples are learned, if labels_key is given. 'on-body': by logistic "
        "regression on the embeddings, when all else is learned. 'with-body': their cross-entropy "
        "is added to the loss.",
        beside="labels_key",
    )
    labels_weight: float = option(
        1.0,
        "Weight of the cross-entropy of a sample's class beside the mean loss of a gene.",
        beside="labels_key",
        least=0,
        applies={"head": ("with-body",)},
    )
    minibatch_size: int = option(16, "Samples of a step.", least=1)
    learning_rate: float = option(2e-3, "Learning rate, of AdamW.", above=0)
    table_learning_rate: float = option(1e-3, "That of the gene vectors.", above=0)
    weight_decay: float = option(
        0.01, "What weights lose of themselves in a step, in units of their rate.", least=0
    )
    clip: float = option(
        1.0, "Greatest length of the gradient of all parameters; 0 for any.", least=0
    )
    decay: Literal["cosine", "onecycle", "none"] = option(
        "cosine",
        "How learning rates change after their rise. 'cosine': down to 0 at the last step. "
        "'onecycle': the published one, stepped once in an epoch and fixed after the 30th. 'none'.",
    )
    warm_up: float = option(
        0.05, "Fraction of the steps over which learning rates rise.", least=0, most=1
    )
    steps: int | Literal["auto"] | None = option(
        AUTO,
        "At most so many steps; give steps or epochs. 'auto' is 400, or one pass over the "
        "samples if that is more.",
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
        "Fraction of the samples that is held out from all that is learned; 'auto' is 0.1, but "
        "at most 200 samples.",
        least=0,
        most=0.5,
    )
    evaluate_every: int | Literal["auto"] = option(
        AUTO, "Steps between evaluations. 'auto' is a tenth of the steps.", least=1
    )
    patience: int | None = option(
        3, "Evaluations without progress that end the training; None: never.", least=1
    )
    tolerance: float = option(
        1e-3, "The relative fall of the loss that counts as progress.", least=0
    )
