"""Several processes that train one model: what they say to each other, and how long it takes.

Every message of a training is counted, and compared with a formula of its size. Sums of several
sizes are timed between two processes. With both, and the seconds that a sample costs one process,
follows what a large training takes. It runs over loopback, by gloo, on a simulated file that is
read by blocks.

    python -m benchmarks.several_processes                                      # messages
    python -m benchmarks.several_processes --times --result several_processes_times
    python -m benchmarks.several_processes --tiny    # only to see that it runs
"""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import matrices, report

GENES, DIM = 2000, 2
SIZES = (20_000, 60_000)
"""Samples of the files that a sample's seconds are told by."""
LARGE, NUMBERS = (1_000_000, 100_000_000), (1, 8, 64)
GATHERED = 4 * (4 * DIM + 1) + 1
"""Bytes of a sample: four tables of places, misfits, and who counts."""
BYTES = (8, 1 << 16, 1 << 20, 1 << 24)
STEPS = 135
OPTIONS: dict[str, Any] = {"steps": STEPS, "patience": None, "progress": False}
"""The default, but without an early end."""


def formula(m: int, k: int, weights: int, members: int, n_probes: int, d: int = DIM) -> Any:
    """Return messages and bytes of each part of a training, once.

    Parameters
    ----------
    m, d, k
        Genes, sample dimensions, and factors of a gene.
    weights
        Of phi.
    members
        Samples of the neighbour term.
    n_probes
        Columns of a product in the SVD.
    """
    return {
        "a step": (3, 8 + 8 * weights + 4 * members * d),
        "a solution": (5, 4 * m * k + 16 * k * k + 24),
        "a product of the SVD": (1, 4 * m * n_probes),
        "an evaluation": (1, 8),
    }


TERMS = {
    "a step": "8 + 8 W + 4 q d",
    "a solution": "4 m k + 16 k^2 + 24",
    "a product of the SVD": "4 m l",
    "an evaluation": "8",
}


class Said:
    """Counts what is said in each part of a training, in this process."""

    def __init__(self) -> None:
        self.part, self.messages, self.bytes = "the rest", Counter[str](), Counter[str]()
        self.seconds_of_all, self.facts = 0.0, dict[str, int]()

    @contextmanager
    def during(self, part: str) -> Iterator[None]:
        """Count what is said in this block for a part."""
        before, self.part = self.part, part
        try:
            yield
        finally:
            self.part = before

    def within(self, owner: Any, name: str, part: str) -> None:
        """Let what a function says belong to a part."""
        whole = getattr(owner, name)

        def inside(*arguments: Any, **named: Any) -> Any:
            with self.during(part):
                return whole(*arguments, **named)

        setattr(owner, name, inside)

    def timed(self, owner: Any, name: str) -> None:
        """Add up the seconds of a function that every process calls for all samples."""
        whole = getattr(owner, name)

        def inside(*arguments: Any, **named: Any) -> Any:
            started = time.process_time()
            found = whole(*arguments, **named)
            self.seconds_of_all += time.process_time() - started
            return found

        setattr(owner, name, inside)

    def listen(self) -> None:
        """Count from now on."""
        from fe_anndata._core import processes
        from fe_anndata.kernels.target import Target
        from fe_anndata.models.fe import start, whole_matrix
        from fe_anndata.models.fe.objective import Objective
        from fe_anndata.tl import _run, _same, _write

        speak = processes._heard

        def heard(function: Any, *arguments: Any) -> None:
            speak(function, *arguments)
            of = [of for of in arguments if hasattr(of, "numel")] or [None]
            size = len(pickle.dumps(arguments[-1]))
            if of[0] is not None:
                size = of[0].numel() * of[0].element_size()
            self.messages[self.part] += 1
            self.bytes[self.part] += size

        processes._heard = heard
        solving = whole_matrix.Alternating
        self.within(solving, "backward", "a step")
        self.within(import_module("fe_anndata.training.fit"), "run", "a step")
        self.within(solving, "_take_scores", "a solution")
        self.within(solving, "_solve", "a solution")
        self.within(solving, "validation_loss", "an evaluation")
        self.within(start, "truncated_svd", "the rest of the SVD")
        self.within(Objective, "finish", "the end")
        product, counting = Target.transposed_times, self

        def transposed_times(target: Any, *arguments: Any) -> Any:
            if counting.part != "the rest of the SVD":
                return product(target, *arguments)
            counting.facts["products of the SVD"] = counting.facts.get("products of the SVD", 0) + 1
            with counting.during("a product of the SVD"):
                return product(target, *arguments)

        Target.transposed_times = transposed_times  # type: ignore[method-assign]
        for owner, name in (
            (whole_matrix, "normal"), (_run, "ranks_of"), (_run, "digests"), (_same, "digests"),
            (_write, "digests"),
        ):  # fmt: skip
            self.timed(owner, name)


def train(path: str, steps: int) -> dict[str, Any]:
    """Train in this process, and return what it said and took."""
    from fe_anndata._access import inputs

    said = Said()
    said.listen()
    inputs.SMALL = 0  # so that it is read by blocks
    fe.settings.threads = 1
    cpu, wall = time.process_time(), time.perf_counter()
    trained = fe.tl.train(path, **{**OPTIONS, "steps": steps})
    found = {
        "messages": dict(said.messages), "bytes": dict(said.bytes), **said.facts,
        "cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall,
        "of all": said.seconds_of_all,
    }  # fmt: skip
    if trained is not None:
        weights = trained.uns["fe"]["model"]
        found["weights"] = sum(
            np.asarray(of).size for name, of in weights.items()
            if name.startswith("decoder.") and "frequencies" not in name
        )  # fmt: skip
        found["factors"] = trained.varm["fe"].shape[1] - 1  # the last coordinate is the mean
        found["loss"] = float(trained.uns["fe"]["params"]["validation_loss"])
    return found


def sums(sizes: Sequence[int], rounds: int) -> dict[str, float]:
    """Return the median seconds in which tensors of several sizes are added up."""
    import torch

    from fe_anndata._core import processes

    found = {}
    with processes.joined(), processes.together(rows=True):
        for size in sizes:
            tensor, taken = torch.zeros(size // 4), []
            for _ in range(rounds):
                started = time.perf_counter()
                processes.add(tensor)
                taken.append(time.perf_counter() - started)
            found[str(size)] = median(taken)
    return found


def launched(number: int, function: str, *arguments: Any) -> list[Any]:
    """Return what a function of this module returns in each of several new processes."""
    with socket.socket() as of:
        of.bind(("127.0.0.1", 0))
        port = of.getsockname()[1]
    call = f"{function}(*{json.loads(json.dumps(arguments))!r})"
    code = f"import json; from benchmarks.several_processes import *; print(json.dumps({call}))"
    running = []
    for rank in range(number):
        of_torchrun = {
            "RANK": rank, "WORLD_SIZE": number, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": number,
            "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1,
        }  # fmt: skip
        env = os.environ | {name: str(value) for name, value in of_torchrun.items()}
        command = [sys.executable, "-W", "ignore", "-c", code]
        running.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("a process ended early; what it says of it is above")
    return [json.loads(of.splitlines()[-1]) for of in said]


def written(folder: str, samples: int, genes: int) -> str:
    """Write a sparse file of log counts, and return its path."""
    adata = AnnData(matrices.csr(samples, genes))
    adata.X.data = np.log1p(np.abs(adata.X.data))
    path = str(Path(folder) / f"{samples}.h5ad")
    adata.write_h5ad(path)
    return path


def of_messages(options: Any, folder: str) -> pd.DataFrame:
    """Return what two processes say, beside the formula."""
    genes, steps = (60, 30) if options.tiny else (GENES, 60)
    path = written(folder, 200 if options.tiny else SIZES[0], genes)
    found, _ = launched(2, "train", path, steps)
    members, k = min(2048, 200 if options.tiny else SIZES[0]), found["factors"]
    expected = formula(genes, k, found["weights"], members, min(k + 10, genes))
    solutions = found["messages"]["a solution"] / expected["a solution"][0]
    times = {
        "a step": steps,
        "a solution": solutions,
        "an evaluation": found["messages"]["an evaluation"],
        "a product of the SVD": found["products of the SVD"],
    }
    rows = [
        {
            "part": part, "bytes, formula": TERMS.get(part, ""),
            "messages": found["messages"][part] / times.get(part, 1),
            "bytes": found["bytes"][part] / times.get(part, 1),
            "bytes by formula": expected[part][1] if part in expected else None,
        }
        for part in (*TERMS, *sorted(found["messages"].keys() - TERMS.keys()))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def of_times(options: Any, folder: str) -> pd.DataFrame:
    """Return what large trainings take, computed from what small ones take."""
    sizes, genes = ((200, 400), 60) if options.tiny else (SIZES, GENES)
    steps = 30 if options.tiny else STEPS
    paths = [written(folder, samples, genes) for samples in sizes]
    alone = [launched(1, "train", path, steps)[0] for path in paths]
    two = launched(2, "train", paths[-1], steps)
    per_sample = (alone[1]["cpu"] - alone[0]["cpu"]) / (sizes[1] - sizes[0])
    of_all = (alone[1]["of all"] - alone[0]["of all"]) / (sizes[1] - sizes[0])
    once = max(alone[0]["cpu"] - per_sample * sizes[0], 0.0)
    timed = launched(2, "sums", BYTES, 5 if options.tiny else 200)[0]
    small, large = timed[str(BYTES[0])], timed[str(BYTES[-1])]
    latency, rate = small / 2, BYTES[-1] / (large - small)
    said = two[0]
    messages, total = sum(said["messages"].values()), sum(said["bytes"].values())
    options.facts = {
        "seconds once": once, "seconds per sample": per_sample,
        "seconds per sample in every process": of_all, "seconds of a turn": latency,
        "bytes per second": rate, "messages": messages, "megabytes": total / 1e6,
        "seconds of two processes, measured": max(of["cpu"] for of in two),
        "loss of one": alone[1]["loss"], "loss of two": said["loss"],
    }  # fmt: skip

    def taken(n: float, number: int) -> tuple[float, float]:
        """Return the seconds of a training, and those of them in which processes speak."""
        # A ring: 2 (N - 1) turns, in each of which 1 / N of the bytes go on.
        turns = 2 * (number - 1)
        gathered = GATHERED * n * (number > 1)
        speaking = messages * turns * latency + (turns / number) * (total + gathered) / rate
        computing = once + (per_sample - of_all) * n / number + of_all * n
        return computing + speaking, speaking

    rows = [
        {"samples": n, "processes": number, "seconds": taken(n, number)[0],
         "speaking": taken(n, number)[1], "in every process": of_all * n,
         "measured": measured}
        for n, number, measured in [
            (sizes[1], 1, alone[1]["cpu"]),
            (sizes[1], 2, max(of["cpu"] for of in two)),
            *((n, number, None) for n in LARGE for number in NUMBERS),
        ]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = report.Parser("several_processes", __doc__ or "")
    parser.add_argument("--times", action="store_true", help="what large trainings take")
    options = parser.parse_args(arguments)
    options.facts = {}
    measure: Callable[..., pd.DataFrame] = of_times if options.times else of_messages
    with tempfile.TemporaryDirectory() as folder:
        table = measure(options, folder)
    facts = {name: float(f"{value:.4g}") for name, value in vars(options).pop("facts").items()}
    note = "messages and bytes of one process"
    if options.times:
        note = "CPU seconds of one process on one core; measured where that was possible"
    report.publish(options, table, note, decoder="inner", **facts)


if __name__ == "__main__":
    main()
