"""Train a model on an AnnData."""

from __future__ import annotations

import inspect
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

from .._access.factors import names_of
from .._access.files import Source, opened
from .._access.formats import Orientation
from .._access.storable import require_storable
from .._core import processes
from .._core.keys import Keys
from .._core.log import logger
from .._core.random import Rng
from .._core.settings import settings
from ..kernels.device import compute
from ..kernels.onednn import onednn
from ..kernels.workers import workers
from ..matrix.normalize import Normalize
from ..models import families
from ..models.options import Options, options_of
from ..models.trained import UnfitValueError
from ..store.checkpoint import Checkpoint
from ..training import fit
from ._columns import names
from ._resume import checkpointed_run, resumed_run
from ._run import Asked, Run, family_asked, new_run
from ._same import require_same
from ._write import write


def train(
    adata: AnnData | str | Path,
    model: str | Options = "fe",
    *,
    recipe: str = "default",
    layer: str | None = None,
    normalize: Normalize = "auto",
    mask_var: str | Sequence[str] | np.ndarray | None = None,
    batch_key: str | Sequence[str] | None = None,
    labels_key: str | None = None,
    factors: str | Sequence[str] | None = None,
    key_added: str | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    rng: Rng = 0,
    orientation: Orientation = "auto",
    device: str | None = None,
    progress: bool | None = None,
    copy: bool = False,
    **options: Any,
) -> AnnData | None:
    """Learn an embedding of the samples and one of the genes, together.

    The default family, factorized embeddings [1]_, gives every sample and every gene a vector; a
    decoder predicts the expression of a gene in a sample from the two, and all three are trained
    on the squared error. A missing value, NaN or masked, leaves the loss.

    Parameters
    ----------
    adata
        Samples x genes, dense or sparse, in memory, backed or of dask; or the path of a file of
        any kind that :func:`fe_anndata.io.read` reads. A matrix that is not in memory, as in an
        .h5ad or .zarr file, is read by blocks of rows, many times, or about five times where
        8192 of many samples train the model; a small one is read once.
    model
        A family by name, ``"fe"`` for factorized embeddings, ``"generain"`` for a transformer
        over lists of genes, ``"exceiver"`` for latent vectors that attend to counts, or an object
        of its options, such as ``fe.models.FE(sample_dim=8)``.
    recipe
        A set of options by name. ``"default"`` is ours; ``"trofimov2020"`` [1]_ and
        ``"thesis2024"`` train as published, expect log10(x + 1) and hold nothing out.
        ``"linear"`` gives the geometry of PCA, with all else that a model does: the choice where
        the leading components matter most, as among samples of one kind whose subtypes lie there.
        ``"generain2024"`` and ``"exceiver2022"`` are the published ones of the other families.
    layer
        Train on this layer, not on ``adata.X``.
    normalize
        What is trained on, of each value x; the matrix itself stays unchanged, and new samples get
        the same:

        ``"auto"``
            Logarithms as they are; raw counts by ``"log1p_cp10k"``, other values up to thousands
            by ``"log2_tpm"``, and both by ``"log10p1"`` for a published recipe of factorized
            embeddings. A warning says so. GeneRAIN and Exceiver take counts as they are.
        ``"log1p_cp10k"``
            log(x + 1) after each sample was brought to a total of 10,000, as Scanpy does.
        ``"log10p1"``
            log10(x + 1).
        ``"log2_tpm"``
            log2(x + 1), of TPM or FPKM.
        None
            x.
    mask_var
        Genes to train on: a column of ``adata.var``, or an array, of booleans or of 0 and 1; or
        names of genes.
    batch_key
        Columns of ``adata.obs`` with known nuisance factors, such as the donor or the run: one
        name or several, of groups or of numbers. The model learns what they do to each gene, and
        embeds a sample without it; see the notes.
    labels_key
        Column of ``adata.obs`` with classes of samples, which the model learns to name; missing
        for those whose class is not known. Factorized embeddings add ``labels_weight`` times their
        cross-entropy to the loss, and take a column of numbers too, with the squared error;
        GeneRAIN and Exceiver have the option ``head``. New samples are placed by their expression
        alone, and told by :func:`fe_anndata.tl.predict_labels`.
    factors
        Columns of ``adata.obs``, such as ``["donor", "condition"]``, each of whose levels has a
        vector: a sample vector is made of them (see the option ``factors_form``) instead of being
        free, so that :func:`fe_anndata.tl.generate` can predict combinations that no sample has.
        With ``"sample"`` among them each sample has a vector of its own beside. For factorized
        embeddings.
    key_added
        Names the places of the result; by default the name of the family.
    checkpoint
        A folder in which the run survives the end of the process: its state is written at each
        evaluation, whole or not at all.
    resume
        Continue a run where it stopped: the one in `checkpoint`, or else the one under
        `key_added`. The result is that of a run that never stopped. Only ``steps`` or ``epochs``
        may differ from what it was set up with. An empty `checkpoint` begins a run, so that a job
        may always be started by the same line.
    rng
        Seed, or a numpy Generator. The same seed gives the same bytes on a processor with the
        same number of threads.
    orientation
        ``"auto"`` refuses an AnnData whose ``obs_names`` are names of genes, and turns a text file
        that holds genes x samples; ``"as-is"`` takes both as they are, and ``"transposed"`` turns
        a file.
    device
        ``"cpu"``, ``"cuda"`` or ``"auto"``; by default ``fe.settings.device``.
    progress
        Whether to show a progress bar; by default ``fe.settings.progress``.
    copy
        Return a copy instead of writing to `adata`.
    **options
        Options of the family; those of factorized embeddings are explained in
        :class:`fe_anndata.models.FE`, those of others in :class:`fe_anndata.models.GeneRAIN` and
        :class:`fe_anndata.models.Exceiver`, and :func:`fe_anndata.tl.models` lists all. Those of
        the former used most
        are ``sample_dim`` (2), ``gene_dim`` (64), ``decoder`` (``"inner"``; ``"concat"`` is the
        published one), ``steps`` and ``validation``.

    Returns
    -------
    AnnData or None
        A copy with the results if ``copy=True``, for a path an AnnData with the results,
        otherwise None; that of a path or of a backed AnnData is without the matrix. Written are

        ``obsm["X_fe"]``
            Sample embedding, float32 (n_obs, sample_dim).
        ``varm["fe"]``
            Gene embedding, float32 (n_vars, gene_dim); NaN rows for genes not trained on.
        ``var["fe_trained"]``
            Which genes were trained on, bool.
        ``uns["fe"]``
            ``params`` (with the ``validation_loss`` of what was written), ``history``, ``loss``
            (what the history holds: ``"mse"`` is the mean squared error of an entry in the units
            of the matrix), ``preprocessing``, ``model`` (the weights), ``noise`` (what the model
            leaves), ``format`` and ``version``; where they were asked for also ``batches``,
            ``labels``, ``factors`` (a DataFrame of vectors by level for each) and ``records``.

    Raises
    ------
    ValueError, KeyError
        For a matrix or names that cannot be trained on, an unknown key, options that do not fit,
        or a checkpoint of something else; and if the loss becomes NaN or infinite. Nothing is
        written then.
    TypeError
        For an option that the family does not have.
    MemoryError
        Before anything is computed, if the matrix needs copies for which there is no memory.

    Notes
    -----
    With `batch_key`, the model begins with what samples of different batches differ in that are
    each other's nearest [2]_, and goes on by least squares, together with the gene vectors. What a
    batch does to a gene is the same in all of its samples. Where a batch and a class of samples
    always go together, nothing can tell them apart. Exceiver learns what a batch does to the share
    of each gene, and to the dispersion of its counts.

    In a script that ``torchrun`` starts, several processes train one model: all make this call, and
    the first one alone returns or writes the result. Those of factorized embeddings (with the inner
    decoder, and without `labels_key` or `factors`) each read and hold a share of the samples.

    Ctrl-C ends the training and keeps the result of the last completed evaluation. So do SIGTERM
    and SIGHUP on the command line; only a `checkpoint` survives SIGKILL.

    References
    ----------
    .. [1] Trofimov et al. (2020), Bioinformatics 36 (Suppl 1), i417-i426.
    .. [2] Haghverdi et al. (2018), Nature Biotechnology 36, 421-427.

    Examples
    --------
    >>> import fe_anndata as fe
    >>> adata = fe.datasets.pbmc68k_reduced()
    >>> fe.tl.train(adata, sample_dim=2, steps=20, progress=False)
    >>> adata.obsm["X_fe"].shape
    (700, 2)
    """
    started = time.perf_counter()
    layer, mask_var, batch_key, labels_key = map(_given, (layer, mask_var, batch_key, labels_key))
    normalize = _given(normalize)
    options = {name: _given(value) for name, value in options.items()}
    columns = names(batch_key), None if factors is None else names_of(factors)
    batches, made_of = columns
    asked = Asked(
        model,
        recipe,
        layer,
        normalize,
        mask_var,
        batches,
        labels_key,
        made_of,
        rng,
        orientation,
        options,
    )
    family = family_asked(asked)
    _require_arguments(options)
    keys = Keys(family.name if key_added is None else key_added)
    where = None if checkpoint is None else Checkpoint(checkpoint)
    if where is not None and where.holds_a_run and not resume:
        raise ValueError(
            f"checkpoint={str(where.path)!r} holds a run: resume=True continues it; or name "
            "another folder."
        )
    shown, is_first = settings.shows(progress), processes.is_first()
    held = nullcontext() if where is None or not is_first else where.held()
    with (
        processes.joined(),
        processes.together(rows=family.shares_rows),
        held,
        opened(adata, orientation=orientation) as source,
        source.unchanged(),
    ):
        require_same(source, asked, keys.key, where)
        processes.require_enough(source.adata.n_obs)
        in_place = source.adata is adata
        if in_place and not copy:
            source.require_room()
        if not in_place:
            require_storable(source.adata, source.path)
        run = _run(source, keys, asked, resume, where)
        if run.converged:
            logger.info("the run under %r has converged: nothing to resume", keys.key)
            return source.copied() if is_first and (copy or not in_place) else None
        chosen = compute(device)
        quickest = onednn() if family.multiplies_anyhow else nullcontext()
        with workers(chosen.threads), quickest:
            problem = run.problem(source.adata, chosen)
            facts = None if run.state is None else run.state.facts
            try:
                task = run.family.task(problem, run.options, facts)
            except UnfitValueError as error:
                genes = source.adata.var_names[run.trained]
                samples = source.adata.obs_names
                raise error.named(samples[error.row], genes[error.column]) from None
            if where is not None and is_first and not where.holds_a_run:
                where.begin(run.described(source.adata))
            keep = None if where is None else where.keep
            shown = shown and is_first
            fitted = fit(task, run.state, started=started, progress=shown, keep=keep)
    if not is_first:
        return None
    result = source.copied() if copy and in_place else source.adata
    write(result, keys, run, fitted)
    return None if in_place and not copy else result


def _given(value: Any) -> Any:
    """Return None for the empty string, as which ``params`` of a result hold what was not given."""
    return None if isinstance(value, str) and not value else value


def _run(source: Source, keys: Keys, asked: Asked, resume: bool, where: Checkpoint | None) -> Run:
    """Return the run that was asked for: a new one, or one to be continued."""
    if not resume:
        return new_run(source, keys, family_asked(asked), asked)
    if where is not None and where.holds_a_run:
        return checkpointed_run(source, keys, asked, *where.load())
    if where is not None and keys.uns not in source.adata.uns:
        return new_run(source, keys, family_asked(asked), asked)
    return resumed_run(source, keys, asked)


def _require_arguments(given: Collection[str]) -> None:
    """Raise TypeError if an option that no family has is nearest to an argument of train."""
    own = inspect.signature(train).parameters
    known = {name for of in families().values() for name in options_of(of.options)}
    for name in given:
        close = get_close_matches(name, {*own, *known} - {"options"}, n=1)
        if name not in known and close and close[0] in own:
            raise TypeError(f"tl.train has no argument {name!r}: did you mean {close[0]!r}?")
