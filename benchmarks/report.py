"""What the measurements share: options, alternation, the machine, the table and its file."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import fe_anndata as fe

RESULTS = Path(__file__).parent / "results"
"""What the documentation shows. Folders in it, for single rounds and tiny runs, are ignored."""
DECODERS = {"inner", "concat", "dot"}
NO_MODEL = "none"
"""Stands for a decoder where nothing is trained."""


class Parser(argparse.ArgumentParser):
    """The options of a benchmark; what it parses also knows its own command line."""

    def __init__(self, name: str, doc: str) -> None:
        super().__init__(prog=f"python -m benchmarks.{name}", description=doc.splitlines()[0])
        self.add_argument("--result", default=name, metavar="NAME", help="name of the result")
        self.add_argument("--tiny", action="store_true", help="only to see that it runs")

    def parse_args(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:  # type: ignore[override]
        """Parse, and remember the command, but not in which folder files were."""
        given = sys.argv[1:] if arguments is None else list(arguments)
        options = super().parse_args(given)
        told = [
            "FOLDER" if last == "--against" else word
            for last, word in pairwise(["", *given])
            if "--folder" not in (last, word)
        ]
        options.command = shlex.join([*self.prog.split(), *told])
        return options


def machine() -> dict[str, Any]:
    """Return what the measurements depend on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "fe_anndata": fe.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Return the model of the processor; on rented machines its name alone says little."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return platform.processor()
    first = cpuinfo.read_text().split("\n\n")[0]
    facts = dict(line.split(":", 1) for line in first.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    vector = "AVX-512" if "avx512f" in facts.get("flags", "") else "no AVX-512"
    name, family, model = (facts.get(key, "?") for key in ("model name", "cpu family", "model"))
    return f"{name} (family {family}, model {model}, {vector})"


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def alternate(
    variants: Mapping[str, Callable[[], float]], rounds: int, warm_up: bool = True
) -> pd.DataFrame:
    """Return what each variant measures, a row per round in which each runs once.

    With a warm-up, one more round comes first and is thrown away: it compiles, loads and settles
    what the variants do once.
    """
    if warm_up:
        expect(rounds * seconds(lambda: _round(variants, "warm-up")))
    return pd.DataFrame([_round(variants, f"round {i + 1}/{rounds}") for i in range(rounds)])


def _round(variants: Mapping[str, Callable[[], float]], label: str) -> dict[str, float]:
    measured = {}
    for name, measure in variants.items():
        measured[name] = measure()
        print(f"  {label}: {name}: {measured[name]:.4g}", flush=True)
    return measured


def expect(taken: float) -> None:
    """Say how many seconds the rest will take."""
    print(f"at most about {taken:.0f} s to go", flush=True)


def publish(
    options: argparse.Namespace,
    table: pd.DataFrame,
    note: str,
    *,
    decoder: str | None = None,
    rounds: pd.DataFrame | None = None,
    **facts: Any,
) -> None:
    """Print the table, with a note and the machine, and write all of it as JSON.

    `decoder` is that of all rows, for a table without such a column. Single rounds go to a file of
    their own; more facts about the machine go beside the others.
    """
    if (decoder is None) != ("decoder" in table):
        raise ValueError("say which decoder the numbers belong to, once")
    of_machine = machine() | facts
    print(f"\n{note}\n{', '.join(f'{key} {value}' for key, value in of_machine.items())}")
    print(table.to_string(index=False, na_rep="-", float_format=lambda x: f"{x:.4g}"))
    content = {
        "command": options.command,
        "date": datetime.date.today().isoformat(),
        "machine": of_machine,
        "note": note,
        "decoder": decoder,
        "options": {key: value for key, value in vars(options).items() if key != "folder"},
        "table": _plain(table),
    }
    folder = RESULTS / "tiny" if options.tiny else RESULTS
    _write(folder / f"{options.result}.json", content)
    if rounds is not None:
        _write(folder / "rounds" / f"{options.result}.json", _plain(rounds))


def _plain(table: pd.DataFrame) -> Any:
    return json.loads(table.to_json(orient="records"))


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(json.dumps({"written": str(path)}))
