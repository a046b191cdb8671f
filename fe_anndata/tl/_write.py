"""The result of a training, written to an AnnData."""

from __future__ import annotations

from anndata import AnnData

from .. import __version__
from .._core.keys import Keys
from .._core.log import logger
from ..store import uns
from ..store.checksums import checksums
from ..training import Fitted
from ._run import Run, digests

_ENDED = {"steps": "the limit"}


def write(adata: AnnData, keys: Keys, run: Run, fitted: Fitted) -> None:
    """Write the places of the contract, and say so."""
    samples = fitted.trained.samples()
    genes = uns.scatter(fitted.trained.genes(), run.trained)
    packed = uns.pack_fitted(run.family, fitted, run.identity, run.trained)
    n_obs, n_vars = run.audit.shape
    packed["preprocessing"] = {
        **packed.get("preprocessing", {}),
        "n_obs": n_obs,
        "n_vars": n_vars,
        "sum": run.audit.total,
        "mark": run.audit.mark,
        "counts": run.audit.counts,
        "whole_numbers": run.audit.extremes.whole_numbers,
        "names": digests(adata, run.trained),
    }
    if run.columns.digests:
        packed["preprocessing"]["columns"] = run.columns.digests
    if run.columns.batches is not None:
        packed["batches"] = {**packed["batches"], "design": run.columns.batches.table}
    packed["version"] = __version__
    packed["fingerprint"] = {
        "samples": uns.fingerprint(samples),
        "genes": uns.fingerprint(genes),
    }
    packed["checksums"] = checksums(packed)
    adata.obsm[keys.obsm] = samples
    adata.varm[keys.varm] = genes
    adata.var[keys.trained] = run.trained
    adata.uns[keys.uns] = packed
    if fitted.ended == "interrupted":
        logger.warning(
            "interrupted: kept the result of step %d; resume=True (--resume on the command line) "
            "continues",
            fitted.best_step,
        )
    logger.info(
        "trained %d samples x %d genes for %d steps (%s), best at step %d; wrote obsm[%r] %s, "
        "varm[%r] %s, var[%r] and uns[%r]",
        adata.n_obs,
        run.trained.sum(),
        fitted.history[-1]["step"],
        _ENDED.get(fitted.ended, fitted.ended),
        fitted.best_step,
        keys.obsm,
        samples.shape,
        keys.varm,
        genes.shape,
        keys.trained,
        keys.uns,
    )
