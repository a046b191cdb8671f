"""Training from a file by blocks of rows, against reading the file and training in memory.

Two matrices of simulated low rank, written block by block, so that the whole is never held here:
log(x + 1) of normalised counts of which 5 % are not zero, as CSR, and a dense one. Each training
has a fresh process, which first imports everything and trains on a tiny matrix; given are the
seconds of the whole call (in memory: with the reading), the kernel's record of the peak above what
the process held before, in which the page cache does not count, and the held-out loss per entry.

    python -m benchmarks.from_disk [--only WORD ...] [--rounds N] [--folder FOLDER]
    python -m benchmarks.from_disk --tiny    # only to see that it runs
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata
import h5py
import pandas as pd

import fe_anndata as fe
from benchmarks import matrices, ours, report
from benchmarks.processes import MB, Worker

SIZES = {"CSR": (200_000, 2000), "dense": (30_000, 20_000)}
TINY = {"CSR": (300, 60), "dense": (200, 100)}
MAKERS = {"CSR": matrices.count_blocks, "dense": matrices.dense_blocks}
HOW = ("from disk", "in memory")
ENTRIES = 10_000_000
"""Of a block that is written at once, at most."""


def write(path: Path, kind: str, samples: int, genes: int) -> None:
    """Write an .h5ad file block by block."""
    blocks = MAKERS[kind](samples, genes, max(1, ENTRIES // genes))
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        if kind == "CSR":
            anndata.io.write_elem(file, "X", next(blocks))
            for block in blocks:
                anndata.io.sparse_dataset(file["X"]).append(block)
        else:
            X = file.create_dataset("X", (samples, genes), dtype="float32")
            X.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            first = 0
            for block in blocks:
                X[first : first + len(block)] = block
                first += len(block)
        for name, letter, n in (("obs", "s", samples), ("var", "g", genes)):
            index = pd.Index([f"{letter}{i}" for i in range(n)])
            anndata.io.write_elem(file, name, pd.DataFrame(index=index))


def train(path: str, how: str) -> dict[str, float]:
    """In a worker: train; return seconds and the held-out loss."""
    trained: list[anndata.AnnData] = []

    def call() -> None:
        if how == "from disk":
            trained.append(ours.train_from_disk(Path(path)))
        else:
            trained.append(fe.io.read_h5ad(path))
            fe.tl.train(trained[0], rng=ours.SEED, progress=False)

    return {"seconds": report.seconds(call), "held-out loss": ours.loss_of(trained[0])}


def measure(path: Path, tiny: Path, how: str) -> dict[str, float]:
    """Train in a fresh process; return what it took."""
    with Worker("from_disk") as worker:
        worker.ask("train", str(tiny), how)
        baseline = worker.resident()
        worker.forget_peak()
        found: dict[str, float] = worker.ask("train", str(path), how)
        return {**found, "peak, MB": worker.peak() - baseline}


def compare(kind: str, shape: tuple[int, int], folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Return a record per round and way."""
    path, tiny = folder / f"{kind}.h5ad", folder / f"{kind}_tiny.h5ad"
    print(f"{kind} {shape[0]} x {shape[1]}: writing", flush=True)
    write(tiny, kind, *TINY[kind])
    write(path, kind, *shape)
    size = {"matrix": kind, "samples": shape[0], "genes": shape[1], "dim": 2}
    records = []
    for number in range(rounds):
        for how in HOW:
            records.append({**size, "how": how, "file, MB": path.stat().st_size / MB,
                            **measure(path, tiny, how)})  # fmt: skip
            print(f"  round {number + 1}: {records[-1]}", flush=True)
    path.unlink()
    return records


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("from_disk", __doc__)
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names of matrices")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", help="for the files, some GB; a temporary one by default")
    options = parser.parse_args(arguments)
    sizes = {
        kind: shape
        for kind, shape in (TINY if options.tiny else SIZES).items()
        if any(word in kind for word in options.only)
    }
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rounds = pd.DataFrame(
            record
            for kind, shape in sizes.items()
            for record in compare(kind, shape, Path(folder), options.rounds)
        )
    keys = ["matrix", "samples", "genes", "dim", "how"]
    table = rounds.groupby(keys, sort=False).median()
    in_memory = table.xs(HOW[1], level="how").reindex(table.index.droplevel("how"))
    for column, of_both in (("seconds", "seconds / memory's"), ("peak, MB", "peak / memory's")):
        table[of_both] = table[column].to_numpy() / in_memory[column].to_numpy()
    report.publish(
        options,
        table.reset_index(),
        f"tl.train from an .h5ad file and in memory, fresh processes, medians of {options.rounds}",
        decoder="inner",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
