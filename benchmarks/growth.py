"""How a whole call grows with samples and with genes, in memory and from disk, beside UMAP.

Matrices are those of benchmarks.from_disk: log(x + 1) of normalised simulated counts of which 5 %
are not zero, as CSR, written block by block. Each call has a fresh process that first imports
everything and trains on a tiny matrix. Given are wall seconds and those of the processor; the
kernel's record of the peak above what the process held before, the matrix included where it is in
memory; and how many times the size of the file was read. PCA, neighbours and UMAP run as far as
they finish in minutes. The exponent is that of the seconds of the processor, by least squares on
logarithms over all sizes.

With `--against FOLDER`, another checkout, its calls in memory are measured in turn with ours. With
`--wide` two sizes of 20,000 genes are measured from disk, and what a million samples of these take
is computed: each sample more takes what one more has taken between the two.

    python -m benchmarks.growth [--only WORD ...] [--folder FOLDER] [--against FOLDER]
    python -m benchmarks.growth --wide --result growth_wide [--folder FOLDER]
    python -m benchmarks.growth --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import from_disk, ours, report
from benchmarks.processes import HERE, MB, Worker

SAMPLES = tuple((n, 2000) for n in (10_000, 30_000, 100_000, 300_000, 1_000_000))
GENES = tuple((5000, m) for m in (2000, 10_000, 30_000, 60_000))
WIDE, MILLION = ((20_000, 20_000), (60_000, 20_000)), 1_000_000
TINY = {"samples": ((300, 60), (500, 60)), "genes": ((300, 60), (300, 90))}
DISK, MEMORY, BEFORE, UMAP = "from disk", "in memory", "in memory, before", "PCA, neighbors, UMAP"
COMPILED = (9000, 60)
"""From 8192 samples on UMAP compiles another search of neighbours, which is to be done before."""
MOST = {BEFORE: 300_000, UMAP: 30_000}
"""Samples of what would take too long with more."""

_loaded: dict[str, AnnData] = {}
"""In a worker: the matrix of its call."""


def load(path: str) -> None:
    """In a worker: read a file."""
    _loaded["adata"] = fe.io.read_h5ad(path)


def call(path: str, how: str) -> dict[str, float]:
    """In a worker: run a call; return what it took."""
    before, started = time.process_time(), time.perf_counter()
    read = _bytes_read()
    if how == UMAP:
        sc.pp.pca(_loaded["adata"])
        sc.pp.neighbors(_loaded["adata"])
        sc.tl.umap(_loaded["adata"])
    elif how == DISK:
        _loaded["adata"] = ours.train_from_disk(Path(path))
    else:
        fe.tl.train(_loaded["adata"], rng=ours.SEED, progress=False)
    found = {
        "seconds": time.perf_counter() - started,
        "processor seconds": time.process_time() - before,
    }
    if how == DISK:
        found["file read, times"] = (_bytes_read() - read) / Path(path).stat().st_size
    if how != UMAP:
        found["held-out loss"] = ours.loss_of(_loaded["adata"])
    return found


def _bytes_read() -> int:
    """Return how many bytes the process has read so far, from the page cache too."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def measure(path: Path, tiny: Path, how: str, checkout: Path) -> dict[str, float]:
    """Run a call in a fresh process; return what it took."""
    with Worker("growth", checkout) as worker:
        if how != DISK:
            worker.ask("load", str(tiny))
        worker.ask("call", str(tiny), how)
        if how != DISK:
            worker.ask("load", str(path))
        baseline = worker.resident()
        worker.forget_peak()
        found: dict[str, float] = worker.ask("call", str(path), how)
        return {**found, "peak, MB": worker.peak() - baseline}


def compare(
    axis: str,
    shape: tuple[int, int],
    folder: Path,
    against: Path | None,
    ways: Sequence[str] = (DISK, MEMORY, BEFORE, UMAP),
) -> Iterator[dict[str, Any]]:
    """Yield a record per way."""
    path, tiny = folder / "X.h5ad", folder / "tiny.h5ad"
    print(f"{shape[0]} x {shape[1]}: writing", flush=True)
    from_disk.write(tiny, "CSR", *(COMPILED if shape[0] > COMPILED[0] else from_disk.TINY["CSR"]))
    from_disk.write(path, "CSR", *shape)
    for how in ways:
        if shape[0] > MOST.get(how, shape[0]) or (how == BEFORE and against is None):
            continue
        checkout = against if how == BEFORE and against is not None else HERE
        record = {"grows": axis, "samples": shape[0], "genes": shape[1], "dim": 2, "how": how,
                  "file, MB": path.stat().st_size / MB,
                  **measure(path, tiny, how, checkout)}  # fmt: skip
        record["kB / sample"] = record["peak, MB"] * MB / 1e3 / shape[0]
        print(f"  {record}", flush=True)
        yield record
    path.unlink()


def computed(table: pd.DataFrame, samples: int) -> dict[str, Any]:
    """Return what so many samples take, on the line through two measured sizes."""
    less, more = table.iloc[-2], table.iloc[-1]
    share = (samples - less["samples"]) / (more["samples"] - less["samples"])
    found: dict[str, Any] = {**more, "samples": samples, "how": f"{DISK}, computed"}
    for name in ("file, MB", "seconds", "processor seconds", "peak, MB"):
        found[name] = less[name] + share * (more[name] - less[name])
    found["kB / sample"] = found["peak, MB"] * MB / 1e3 / samples
    return {**found, "held-out loss": None}


def exponents(table: pd.DataFrame) -> pd.Series:
    """Return by what power of the size the seconds of the processor grow, for each row's way."""

    def fitted(group: pd.DataFrame) -> float:
        size = group[group["grows"].iloc[0]]
        if len(group) < 2:
            return float("nan")
        return float(np.polyfit(np.log(size), np.log(group["processor seconds"]), 1)[0])

    keys = ["grows", "how"]
    of_way = table.groupby(keys)[table.columns.tolist()].apply(fitted)
    found = pd.Series([of_way[tuple(key)] for key in table[keys].to_numpy()], table.index)
    return found.rename("exponent")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("growth", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of samples x genes")
    parser.add_argument("--folder", help="for the files, 2 GB; a temporary one by default")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--wide", action="store_true", help="a million samples, computed")
    options = parser.parse_args(arguments)
    sizes = TINY if options.tiny else {"samples": SAMPLES, "genes": GENES}
    if options.wide:
        sizes = {"samples": sizes["samples"] if options.tiny else WIDE}
    ways = (DISK,) if options.wide else (DISK, MEMORY, BEFORE, UMAP)
    wanted = [
        (axis, shape)
        for axis, shapes in sizes.items()
        for shape in shapes
        if any(word in f"{shape[0]}x{shape[1]}" for word in options.only)
    ]
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        table = pd.DataFrame(
            record
            for axis, shape in wanted
            for record in compare(axis, shape, Path(folder), options.against, ways)
        )
    table["exponent"] = exponents(table)
    if options.wide:
        table = pd.DataFrame([*table.to_dict("records"), computed(table, MILLION)])
    options.against = None if options.against is None else options.against.name
    report.publish(
        options,
        table,
        "whole calls in fresh processes, 2 dimensions, CSR matrices",
        decoder="inner",
    )


if __name__ == "__main__":
    main()
