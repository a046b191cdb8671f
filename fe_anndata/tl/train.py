"""Train a model on an AnnData."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from .._access.device import compute
from .._access.inputs import canonical_names, require_anndata
from .._core.errors import require_choice
from .._core.keys import DEFAULT_KEY, Keys
from .._core.log import logger
from .._core.random import Rng
from .._core.settings import settings
from ..kernels.pair_mlp import choose
from ..kernels.workers import workers
from ..models import Factorized
from ..training import fit
from ..training.config import FIELDS
from ._run import new_run, resumed_run, write

MODELS = (Factorized.family,)


def train(
    adata: AnnData,
    model: str = "fe",
    *,
    recipe: str = "default",
    decoder: str | None = None,
    sample_dim: int | None = None,
    gene_dim: int | None = None,
    hidden: int | tuple[int, ...] | None = None,
    gene_hidden: int | tuple[int, ...] | None = None,
    fourier: int | str | None = None,
    activation: str | None = None,
    output: str | None = None,
    center: bool | None = None,
    sample_start: str | np.ndarray | None = None,
    gene_start: str | np.ndarray | None = None,
    init: str | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    sample_learning_rate: float | str | None = None,
    gene_learning_rate: float | None = None,
    warm_up: int | None = None,
    l2: float | None = None,
    weight_decay: float | None = None,
    sample_noise: float | None = None,
    neighbor_weight: float | str | None = None,
    gene_step: str | None = None,
    solve_every: int | str | None = None,
    gene_prior: float | None = None,
    noise: str | None = None,
    sample_prior: float | str | None = None,
    relocate: bool | None = None,
    metric: str | None = None,
    gene_metric: str | None = None,
    batch: str | None = None,
    batch_size: int | tuple[int, int] | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    validation: float | str | None = None,
    validation_by: str | None = None,
    evaluate_every: int | None = None,
    patience: int | None = None,
    learning_rate_drops: int | None = None,
    tolerance: float | None = None,
    layer: str | None = None,
    mask_var: str | np.ndarray | None = None,
    key_added: str = DEFAULT_KEY,
    resume: bool = False,
    rng: Rng = 0,
    device: str | None = None,
    progress: bool | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Learn an embedding of the samples and one of the genes, together.

    Every sample and every gene gets a vector; a decoder predicts the expression of a gene in a
    sample from their two vectors, and all three are trained on the squared error [1]_. The
    default decoder, ``"inner"``, is ``offset_g + <phi(u_s), psi(v_g)>``: phi is a small network
    beside a linear path, and psi(v) = v unless `gene_hidden` is given. It contains PCA and is
    trained on the whole matrix at once. ``"concat"`` is the published one, ``MLP([u_s ; v_g])``;
    ``"dot"`` is the dot product with two biases [2]_. NaN marks a missing value: it leaves the
    loss.

    Parameters left at None are those of the recipe.

    Parameters
    ----------
    adata
        Samples x genes of log expression, dense or sparse.
    model
        The family; ``"fe"`` for factorized embeddings.
    recipe
        ``"default"``, ours; ``"trofimov2020"`` [1]_ or ``"thesis2024"``, as published. The latter
        two expect log10(x + 1) values and hold no cells out.
    decoder
        ``"inner"``, ``"concat"`` or ``"dot"``.
    sample_dim
        Length of a sample vector. For ``"dot"`` its last entry is the bias.
    gene_dim
        Length of a gene vector; by default 64, or twice `sample_dim` if that is more, but not more
        than a small matrix has components.
    hidden
        Hidden sizes of the network, phi for ``"inner"``.
    gene_hidden
        Hidden sizes of psi; none by default. For ``"inner"`` alone.
    fourier
        Number of random frequencies whose sines and cosines phi sees beside u, so that it bends
        quickly enough in few dimensions; ``"auto"`` for 16 up to three dimensions and none above.
        For ``"inner"`` alone.
    activation
        ``"relu"`` or ``"tanh"``.
    output
        ``"linear"``, or ``"bounded"`` to the range of the training values by a sigmoid.
    center
        Whether the model predicts deviations from the mean of each gene, in units of the overall
        standard deviation. As published: no.
    sample_start
        Where sample vectors start: ``"pca"``, ``"random"``, a key of ``adata.obsm``, or an array
        (n_obs, sample_dim).
    gene_start
        Where gene vectors start: ``"svd"`` (the loadings), ``"random"``, a key of ``adata.varm``,
        or an array (n_vars, gene_dim).
    init
        How the network is drawn: ``"glorot"``, or ``"torch"`` for the default of torch.nn.Linear.
    optimizer
        ``"adam"``, ``"rmsprop"`` or ``"muon"``.
    learning_rate, sample_learning_rate, gene_learning_rate
        Of the network, the sample table and the gene table; the tables take that of the network
        where theirs is not set. ``sample_learning_rate="auto"`` is 0.14 over the square root of
        `sample_dim`.
    warm_up
        Number of first steps over which the learning rates rise.
    l2
        Weight of the sum of squares of all parameters in the loss, which is the mean squared
        error in units of the overall variance if `center`, else of the matrix.
    weight_decay
        What the weight matrices lose of themselves in a step, in units of the learning rate times
        the share of the variance that is still unexplained. For ``optimizer="muon"``.
    sample_noise
        Standard deviation of the Gaussian noise on the sample vectors in each step, in units of
        the noise that the variance left over by the start puts on them. For ``batch="full"``.
    neighbor_weight
        Weight of a term that keeps near to each other samples whose expression is, against the
        reconstruction as a share of the variance that is explained; 0 for none. Of more than 2048
        samples 2048 take part. A table of your own to start at should have about unit variance.
        For ``batch="full"``; ``"auto"`` for 0.05 up to three dimensions
        and 0.02 above, and none where samples start at random.
    gene_step
        How gene vectors learn with ``batch="full"``: ``"solve"``, as the exact solution of a ridge
        regression every `solve_every` steps, between which samples and network move while the
        genes are fixed; or ``"gradient"``, with all else in every step.
    solve_every
        Steps between two solutions, which together stand for one pass over the matrix; ``"auto"``
        for 15 up to three dimensions and 10 above.
    gene_prior
        Precision of the normal prior of the gene vectors in that regression.
    noise
        What the error of a profile is measured by where samples are placed: ``"equal"`` noise in
        all genes (least squares), or ``"shared"``, noise of each gene's own size and the errors
        that genes have in common, taken from what the training leaves; ``"auto"`` for shared up
        to three dimensions, which leave much, and equal above.
    sample_prior
        Weight of the normal prior of the sample vectors where samples are placed; ``"auto"``
        for 1 up to three dimensions, and above for the one of 1, 4, 16 and 64 with which the
        samples of the training, relocated, predict their held-out cells best. That is for
        imputation: a strong prior predicts genes that were not seen better, follows those that
        were less closely, and blurs small differences between samples.
    relocate
        Whether every sample moves, at the end, to where :func:`fe_anndata.tl.transform` would
        place it: it may have been stuck in a poor place, and what is known of new samples and of
        those trained on is then alike. The history is that of the training before.
    metric
        ``"expression"``: in the end coordinates are changed linearly so that distances are those
        of the profiles that the best linear map of them decodes, as between principal components,
        in the units of the matrix; ``"free"``: they stay as they were trained. ``"auto"`` for free
        up to three dimensions and expression above. For ``"inner"`` alone.
    gene_metric
        ``"balanced"``: in the end gene coordinates are changed linearly, which leaves the model
        what it is, so that similarities mean something: axes are those of a PCA of what the model
        predicts, each with the fourth root of its variance, and the last of the `gene_dim`
        coordinates is the standardised mean of the gene; ``"free"``: they stay as they were
        trained. ``"auto"`` for balanced from 16 coordinates on, if the genes are centred, start
        at no array and have no hidden layers. For ``"inner"`` alone.
    batch
        What a step sees: ``"full"``, the whole matrix (``"inner"`` alone); ``"cells"``, random
        cells; ``"tiles"``, some samples x some genes.
    batch_size
        Cells, or (samples, genes) for tiles.
    steps, epochs
        At most so many steps, or passes over the matrix. Give one of them.
    validation
        Fraction held out from everything that is fitted; 0 for none; ``"auto"`` for 5 %, but at
        most 50,000 cells.
    validation_by
        What is held out: ``"cells"`` anywhere in the matrix, or whole ``"samples"``. These shape
        nothing that is shared; their own vectors are fitted to a random half of their cells, and
        the other half is the validation set.
    evaluate_every
        Steps between evaluations; by default half an epoch, at most 500. With
        ``gene_step="solve"`` after every solution, or the next multiple of `solve_every`.
    patience
        So many evaluations without progress lower the learning rate, or end the training.
    learning_rate_drops
        How often the learning rate is lowered, to 0.3 of itself, before training ends.
    tolerance
        The relative fall of the loss that counts as progress.
    layer
        Train on this layer, not on ``adata.X``.
    mask_var
        Genes to train on: a boolean column of ``adata.var`` or an array.
    key_added
        Names the places of the result.
    resume
        Continue the run under `key_added` where it stopped; the result is that of a run that
        never stopped. Only `steps` or `epochs`, `device` and `progress` can be given with it.
    rng
        Seed, or a numpy Generator. The same seed gives the same bytes on a processor with the
        same number of threads.
    device
        ``"cpu"``, ``"cuda"`` or ``"auto"``; by default ``fe.settings.device``.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.
    copy
        Return a copy instead of writing to `adata`.

    Returns
    -------
    AnnData or None
        A copy with the results if ``copy=True``, otherwise None. Written are

        ``obsm["X_fe"]``
            Sample embedding, float32 (n_obs, sample_dim).
        ``varm["fe"]``
            Gene embedding, float32 (n_vars, gene_dim); NaN rows for genes not trained on.
        ``var["fe_trained"]``
            Which genes were trained on, bool.
        ``uns["fe"]``
            Parameters (with the `validation_loss` of what was written), history (losses are mean
            squared errors per cell in the units of the matrix; the training loss is the mean
            since the last evaluation, noise included, or that at the last solution for the
            genes), preprocessing, weights, the noise that is left, and version.

    Raises
    ------
    ValueError, KeyError, TypeError
        For a matrix that cannot be trained on, an unknown key, or parameters that do not fit
        together; and if the loss becomes NaN or infinite. Nothing is written then.
    MemoryError
        Before anything is computed, if the matrix needs copies for which there is no memory.

    Notes
    -----
    Ctrl-C ends the training and keeps the result of the last completed evaluation.

    References
    ----------
    .. [1] Trofimov et al. (2020), Bioinformatics 36 (Suppl 1), i417-i426.
    .. [2] Choy et al. (2018), a dot-product embedding of genes and samples.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, sample_dim=2, steps=20, progress=False)
    >>> adata.obsm["X_fe"].shape
    (700, 2)
    """
    # Before any other local name exists: what the user gave, by name.
    given = {name: value for name, value in locals().items() if name in FIELDS}
    require_anndata(adata)
    require_choice(model, MODELS, "model")
    keys = Keys(key_added)
    if resume:
        fixed = {"model": model != "fe", "recipe": recipe != "default", "rng": rng != 0}
        fixed |= {"layer": layer is not None, "mask_var": mask_var is not None}
        changed = [*(n for n in given if given[n] is not None), *(n for n in fixed if fixed[n])]
        run = resumed_run(adata, keys, changed, steps, epochs)
    else:
        run = new_run(adata, keys, model, recipe, given, layer, mask_var, rng)
    if run.converged:
        logger.info("the run under %r has converged: nothing to resume", key_added)
        return adata.copy() if copy else None
    chosen = compute(device)
    with workers(chosen.threads):
        fitted = fit(
            run.X,
            run.config,
            seed=run.params["rng"],
            names=canonical_names(adata, run.trained),
            sample_start=run.sample_start,
            gene_start=run.gene_start,
            state=run.state,
            device=chosen.device,
            kernel=choose(chosen.kernel, chosen.device, chosen.precision),
            progress=settings.progress if progress is None else progress,
        )
    result = adata.copy() if copy else adata
    write(result, keys, run, fitted)
    return result if copy else None
