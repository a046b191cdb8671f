"""Peak memory of tl.train, read from outside the process.

A child imports everything, trains on a tiny matrix, and waits; its resident memory then is the
baseline. It makes the matrix, without a peak of its own, trains, and waits again; the kernel's
record of its peak, less the baseline, is what the matrix and the training took together. Both are
read by the parent from /proc (Linux). The bars: 1.3 times the input and 200 MB for a dense matrix;
a third of the dense size for a sparse one.

    python -m benchmarks.memory [--rounds N]
    python -m benchmarks.memory --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from benchmarks import report

SIZES = {"dense": (3000, 20_000), "csr": (20_000, 5_000)}
TINY = {"dense": (200, 300), "csr": (300, 200)}
STEPS = {"inner": 0, "concat": 300}
"""At most so many steps; 0 for those of the recipe."""
MB = 1e6


def child(kind: str, samples: int, genes: int, decoder: str) -> None:
    """Train in this process, telling the parent when to look."""
    from anndata import AnnData

    import fe_anndata as fe
    from benchmarks import matrices

    def train(adata: AnnData, steps: int | None) -> None:
        fe.tl.train(adata, decoder=decoder, steps=steps, progress=False)

    def made(samples: int, genes: int) -> AnnData:
        make = matrices.dense if kind == "dense" else matrices.csr
        return AnnData(make(samples, genes))

    train(made(200, 100), 10)
    _wait()
    adata = made(samples, genes)
    print(_bytes(adata.X), flush=True)
    train(adata, STEPS[decoder] or None)
    _wait()


def _wait() -> None:
    print("look", flush=True)
    sys.stdin.readline()


def _bytes(X: object) -> int:
    parts = [X] if isinstance(X, np.ndarray) else [X.data, X.indices, X.indptr]  # type: ignore[attr-defined]
    return sum(part.nbytes for part in parts)


def measure(kind: str, shape: tuple[int, int], decoder: str) -> dict[str, object]:
    """Train in a child; return what it took, in MB."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.memory",
        "--child",
        kind,
        *map(str, shape),
        decoder,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        _until_look(process.stdout)
        baseline = _status(process.pid, "VmRSS")
        _go_on(process.stdin)
        matrix = int(_until_look(process.stdout)[-1]) / MB
        peak = _status(process.pid, "VmHWM") - baseline
        _go_on(process.stdin)
    dense = shape[0] * shape[1] * 4 / MB
    bar = 1.3 * matrix + 200 if kind == "dense" else dense / 3
    return {
        "matrix": f"{kind} {shape[0]} x {shape[1]}", "decoder": decoder, "matrix, MB": matrix,
        "baseline, MB": baseline, "peak above it, MB": peak, "/ matrix": peak / matrix,
        "/ dense size": peak / dense, "bar, MB": bar,
    }  # fmt: skip


def _until_look(stream: IO[str]) -> list[str]:
    """Return the lines that come before the child waits."""
    lines: list[str] = []
    for line in stream:
        if line.strip() == "look":
            return lines
        lines.append(line)
    raise RuntimeError("the child ended early")


def _go_on(stream: IO[str]) -> None:
    stream.write("\n")
    stream.flush()


def _status(pid: int, field: str) -> float:
    """Return a field of the memory status of a process, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / MB


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        kind, samples, genes, decoder = options.child
        child(kind, int(samples), int(genes), decoder)
        return
    sizes = TINY if options.tiny else SIZES
    decoders = ["inner"] if options.tiny else list(STEPS)
    print("about 2 minutes a round", flush=True)
    rounds = pd.DataFrame(
        measure(kind, shape, decoder)
        for _ in range(options.rounds)
        for kind, shape in sizes.items()
        for decoder in decoders
    )
    table = rounds.groupby(["matrix", "decoder"], as_index=False, sort=False).max()
    table["within"] = table["peak above it, MB"] <= table["bar, MB"]
    report.publish(
        "memory",
        table,
        f"peak memory of tl.train in a fresh process, the largest of {options.rounds}; "
        f"concat: at most {STEPS['concat']} steps",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
