"""What the checks of a matrix cost: tl.train and tl.transform with and without them, alternating.

Of a CSR matrix of which 5 % is stored. Without them means that the functions that look at the
indices, at how samples differ, at the units of new samples and at names return at once. Beside the
difference, which is no larger than what two equal runs differ by, stands the time that passes in
these functions while they are called.

    python -m benchmarks.checks [--rounds N]
    python -m benchmarks.checks --tiny    # only to see that it runs
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pkgutil import resolve_name
from typing import Any
from unittest import mock

import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import matrices, ours, report
from fe_anndata.matrix.deviations import Deviations

SHAPE, TINY = (100_000, 2000), (300, 60)


def _nothing(*given: object, **named: object) -> None:
    pass


def _vary(deviations: Deviations, *given: object) -> None:
    deviations.vary, deviations.total = True, float("inf")


CHECKS: dict[str, Callable[..., None]] = {
    "fe_anndata._access.inputs.require_sound": _nothing,
    "fe_anndata._access.inputs.require_sound_pointers": _nothing,
    "fe_anndata.matrix.values.require_sound": _nothing,
    "fe_anndata._access.inputs.require_names": _nothing,
    "fe_anndata.matrix.deviations.Deviations.add": _vary,
    "fe_anndata.matrix.deviations.Deviations.finish": _nothing,
    "fe_anndata._access.new_samples.NewSamples._add": _nothing,
    "fe_anndata._access.new_samples.NewSamples._check": _nothing,
}
"""By name, and what stands for them."""


@contextmanager
def replaced(checks: dict[str, Callable[..., Any]]) -> Iterator[None]:
    """Call something else in place of the checks."""
    with ExitStack() as stack:
        for name, other in checks.items():
            stack.enter_context(mock.patch(name, other))
        yield


def timed(
    checks: dict[str, Callable[..., Any]], spent: list[float]
) -> dict[str, Callable[..., Any]]:
    """Return the checks themselves, each of which adds the seconds that it takes."""

    def around(check: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return check(*given, **named)
            finally:
                spent.append(time.perf_counter() - started)

        return call

    return {name: around(resolve_name(name)) for name in checks}


def measure(shape: tuple[int, int], rounds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the shares, and the single rounds."""
    adata = AnnData(matrices.csr(*shape))
    new = AnnData(adata.X.copy())
    verbs: dict[str, Callable[[], object]] = {
        "tl.train": lambda: fe.tl.train(adata, rng=ours.SEED, progress=False),
        "tl.transform": lambda: fe.tl.transform(new, adata, progress=False),
    }
    within: dict[str, list[float]] = {name: [] for name in verbs}

    def checked(name: str) -> float:
        spent: list[float] = []
        with replaced(timed(CHECKS, spent)):
            taken = report.seconds(verbs[name])
        within[name].append(sum(spent) / taken)
        return taken

    def unchecked(name: str) -> float:
        with replaced(CHECKS):
            return report.seconds(verbs[name])

    variants: dict[str, Callable[[], float]] = {}
    for name in verbs:
        for how in (checked, unchecked):
            variants[f"{name}, {how.__name__}"] = lambda name=name, how=how: how(name)
    found = report.alternate(variants, rounds)
    medians = found.median()
    records = [
        {
            "verb": name, "samples": shape[0], "genes": shape[1], "dim": 2,
            "seconds": medians[f"{name}, checked"],
            "seconds unchecked": medians[f"{name}, unchecked"],
            "difference": medians[f"{name}, checked"] / medians[f"{name}, unchecked"] - 1,
            "share in checks": sorted(within[name][1:])[rounds // 2],
        }
        for name in verbs
    ]  # fmt: skip
    return pd.DataFrame(records), found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("checks", __doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table, rounds = measure(TINY if options.tiny else SHAPE, options.rounds)
    report.publish(
        options,
        table,
        f"seconds with and without the checks, medians of {options.rounds} alternating rounds",
        decoder="inner",
        rounds=rounds,
    )


if __name__ == "__main__":
    main()
