"""Named sets of samples, written to a copy of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..._core.endings import H5AD, require_ending
from ..._core.keys import require_writable_name
from ...io import write_h5ad
from ...io.h5ad import write_beside
from ..asking import Asked
from ..selection import imports_of, python_of, selected
from ..site import Site, api

MOST = 50


def write_copy(site: Site, asked: Asked) -> dict[str, Any]:
    """Write a copy whose obs has a boolean column for each set; nothing is ever replaced."""
    data, sets = site.data, asked.json("sets")
    if not isinstance(sets, list) or not 0 < len(sets) <= MOST:
        raise ValueError(f"name 1 to {MOST} sets first.")
    name = asked.text("name")
    if Path(name).name != name or name.startswith("."):
        raise ValueError("give the name of a file, without a folder.")
    require_ending(Path(name), H5AD)
    folder = Path.cwd() if data.path is None else data.path.parent
    out = folder / name
    if out.exists():
        raise ValueError(f"{name} exists already: give the copy another name.")
    obs, python = data.adata.obs.copy(), [data.opening]
    python += imports_of(*(what for _, what in sets))
    for column, what in sets:
        require_writable_name(column, "the name of a set")
        if column in obs:
            raise ValueError(f"obs has a column {column!r} already: give the set another name.")
        obs[column] = selected(data.adata, what)
        python.append(f"adata.obs[{column!r}] = {python_of(what)}")
    if data.path is None:
        made = data.adata.to_memory() if data.adata.isbacked else data.adata.copy()
        made.obs = obs
        write_h5ad(made, out)
    else:
        data.require_unchanged()
        write_beside(
            data.path, data.with_values(obs) if _is_read(site) else data.without_values(obs), out
        )
    python.append(f"fe.io.write_h5ad(adata, {str(out)!r})")
    return {"wrote": str(out), "python": python}


def _is_read(site: Site) -> bool:
    """Return whether the file is of a kind that is read whole, and written with its matrix."""
    return site.data.path is not None and site.data.path.suffix not in (".h5ad", ".zarr")


ROUTES = [api("/sets/copy", write_copy, "POST")]
