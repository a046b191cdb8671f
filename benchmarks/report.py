"""What the measurements share: alternation, the machine, the table and its file."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return what the measurements depend on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
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


def alternate(
    variants: Mapping[str, Callable[[], float]], rounds: int, warm_up: bool = True
) -> pd.DataFrame:
    """Return what each variant measures, a row per round in which each runs once.

    With a warm-up, one more round comes first and is thrown away: it compiles, loads and settles
    what the variants do once.
    """
    if warm_up:
        started = time.perf_counter()
        _round(variants, "warm-up")
        expect(rounds * (time.perf_counter() - started))
    return pd.DataFrame([_round(variants, f"round {i + 1}/{rounds}") for i in range(rounds)])


def _round(variants: Mapping[str, Callable[[], float]], label: str) -> dict[str, float]:
    measured = {}
    for name, measure in variants.items():
        measured[name] = measure()
        print(f"  {label}: {name}: {measured[name]:.4g}", flush=True)
    return measured


def expect(seconds: float) -> None:
    """Say how long the rest will take."""
    print(f"at most about {seconds:.0f} s to go", flush=True)


def publish(name: str, table: pd.DataFrame, note: str, **more: Any) -> None:
    """Print the table, with a note and the machine, and write all of it as JSON.

    `more` goes to the file alone: the options, the single rounds.
    """
    facts = machine()
    print(f"\n{note}\n{', '.join(f'{key} {value}' for key, value in facts.items())}")
    print(table.to_string(index=False, na_rep="-", float_format=lambda x: f"{x:.4g}"))
    RESULTS.mkdir(exist_ok=True)
    written = RESULTS / f"{name}.json"
    content = {"note": note, "machine": facts, "table": _plain(table)}
    content |= {key: _plain(v) if isinstance(v, pd.DataFrame) else v for key, v in more.items()}
    written.write_text(json.dumps(content, indent=1))
    print(json.dumps({"written": str(written)}))


def _plain(table: pd.DataFrame) -> Any:
    return json.loads(table.to_json(orient="records"))
