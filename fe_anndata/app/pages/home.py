"""Home: what the file holds, and training where it holds no results."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from ... import __version__
from ..._access.layers import layers_of
from ..._access.samples import is_categorical
from ..._core.keys import Keys
from ..._core.whole import require_writable
from ...io import write_h5ad
from ...io.h5ad import write_beside
from ...tl import train
from ..asking import Asked
from ..data import Data, open_data
from ..jobs import Job
from ..site import Site, api

PALETTE_OF_NUMBERS = "viridis"
DARK = 0.25
"""Where the colours begin on a dark page, on which the first ones could not be seen."""


def home(site: Site, _: Asked) -> dict[str, Any]:
    """Return what the file holds."""
    data = site.data
    adata = data.adata
    return {
        "file": data.name,
        "path": None if data.path is None else str(data.path),
        "opening": data.opening,
        "n_obs": adata.n_obs,
        "n_vars": adata.n_vars,
        "families": [
            {
                "key": key,
                "family": family,
                "n_trained": _n_trained(data, key),
                "sample_dim": _width(adata.obsm.get(Keys(key).obsm)),
                "gene_dim": _width(adata.varm.get(Keys(key).varm)),
            }
            for key, family in data.families.items()
        ],
        "gene_keys": data.gene_keys,
        "bases": [{"name": name, "dim": _width(adata.obsm[name])} for name in data.bases],
        "layers": list(layers_of(adata)),
        "has_X": adata.X is not None and not data.vectors_alone,
        "obs": [_column(adata.obs, i) for i in range(adata.obs.shape[1])],
        "symbols": data.symbols,
        "own_symbols": data.own_symbols,
        "vectors_alone": data.vectors_alone,
        "is_large": data.is_copied(None),
        "examples": list(map(str, _examples(data))),
        "version": __version__,
        "ramps": {"light": _ramp(0.0), "dark": _ramp(DARK)},
        "typed": None if data.path is None else _typed(data.path),
    }


def columns(site: Site, _: Asked) -> dict[str, Any]:
    """Begin to read a large matrix by columns; return how far that is."""
    data = site.data
    if not data.is_copied(None):
        return {"done": 1.0, "ready": True, "error": ""}
    key = data.gene_keys[0] if data.gene_keys else None
    made = data.columns_for(None, key)
    made.start()
    return {"done": made.done, "ready": made.is_ready, "error": made.error}


def start_training(site: Site, asked: Asked) -> dict[str, Any]:
    """Begin to train; the result is shown, and of a file written beside it."""
    data, options = site.data, dict[str, Any]()
    for name in ("sample_dim", "steps"):
        if asked.given.get(name):
            options[name] = asked.whole(name, 2, 1, 1_000_000)
    if data.vectors_alone:
        raise ValueError("a file of gene vectors has no samples to train on.")

    def work(job: Job) -> dict[str, Any]:
        job.say("preparing")
        if data.path is None:
            made = train(data.adata, progress=True, copy=True, **options)
            assert made is not None
            site.show(open_data(made))
            return {"wrote": None}
        out = _free(data.path)
        trained = train(data.path, progress=True, **options)
        assert trained is not None
        if trained.X is None:
            write_beside(data.path, trained, out)
        else:
            write_h5ad(trained, out)
        site.show(open_data(out))
        return {"wrote": str(out)}

    of = ("train", site.edition, sorted(options.items()))
    return site.jobs.start(of, work).facts()


def job(site: Site, asked: Asked) -> dict[str, Any]:
    """Return how far a piece of work is."""
    found = site.jobs.get(asked.text("job"))
    facts = found.facts()
    if isinstance(found.result, dict):
        facts["made"] = {k: v for k, v in found.result.items() if isinstance(v, str | None)}
    return facts


def reopen(site: Site, _: Asked) -> dict[str, Any]:
    """Read the file again."""
    site.reopen()
    return {}


def _free(path: Path) -> Path:
    """Return the name of a file that is not there yet, beside one of samples."""
    stem = path.name.partition(".")[0]
    for number in range(1, 1000):
        end = "" if number == 1 else f"-{number}"
        out = path.parent / f"{stem}.trained{end}.h5ad"
        if not out.exists():
            require_writable(out, overwrite=False)
            return out
    raise ValueError(f"{path.parent} holds too many files named {stem}.trained.")


def _typed(path: Path) -> str:
    out = f"{path.name.partition('.')[0]}.trained.h5ad"
    return shlex.join(["fe-anndata", "train", path.name, "-o", out])


def _width(table: Any) -> int | None:
    return None if table is None else int(table.shape[1])


def _n_trained(data: Data, key: str) -> int | None:
    name = Keys(key).trained
    return int(data.adata.var[name].sum()) if name in data.adata.var else None


def _column(obs: pd.DataFrame, i: int) -> dict[str, Any]:
    column = obs.iloc[:, i]
    groups = is_categorical(column)
    n = int(column.nunique()) if groups else None
    return {"name": str(obs.columns[i]), "kind": "groups" if groups else "numbers", "n": n}


def _examples(data: Data) -> list[str]:
    """Return genes that are worth a look: those whose vectors are longest."""
    try:
        space = data.space(data.gene_keys[0], data.own_symbols)
    except (IndexError, ValueError, KeyError, TypeError):  # what is wrong is said where it is asked
        return list(data.adata.var_names[:3])
    return [space.names[i] for i in space.norms.argsort()[::-1][:4]]


def _ramp(start: float) -> list[str]:
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    colors = mpl.colormaps[PALETTE_OF_NUMBERS]
    return [to_hex(colors(start + (1 - start) * i / 254)) for i in range(255)]


ROUTES = [
    api("/home", home),
    api("/columns", columns),
    api("/train", start_training, "POST"),
    api("/job", job),
    api("/reopen", reopen, "POST"),
]
