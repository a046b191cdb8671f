"""What runs here, and why."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from .app import app
from .results import Json, print_done

PACKAGES = (
    "fe-anndata",
    "anndata",
    "scanpy",
    "torch",
    "numba",
    "triton",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
)


@app.command
def info(*, as_json: Json = False) -> None:
    """Print versions, and with what this machine trains, and why."""
    from ..kernels.device import compute, cores
    from ..kernels.pair_mlp.choice import has_bf16

    versions = {package: _version(package) for package in PACKAGES}
    lines = [f"{package} {of}" for package, of in versions.items()]
    lines.append(f"Python {platform.python_version()} on {platform.platform()}")
    chosen = compute()
    bf16 = "in hardware" if has_bf16(chosen.device) else "not in hardware"
    lanes = f", {_lanes()} numbers at a time" if chosen.kernel == "cpu" else ""
    lines += [
        f"device {chosen.device} ({chosen.why['device']})",
        f"threads {chosen.threads} on {cores()} cores ({chosen.why['threads']})",
        f"precision {chosen.precision} ({chosen.why['precision']}; bf16 is {bf16})",
        f"kernel of the concat decoder {chosen.kernel} ({chosen.why['kernel'] + lanes})",
    ]
    facts = {name: getattr(chosen, name) for name in ("device", "threads", "precision", "kernel")}
    print_done(
        as_json, lines=lines, versions=versions, python=platform.python_version(),
        platform=platform.platform(), cores=cores(), **facts, why=dict(chosen.why),
    )  # fmt: skip


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _lanes() -> int:
    """Return how wide the vectors of the kernel for processors are."""
    from ..kernels.pair_mlp.small_matrix_product import LANES

    return LANES
