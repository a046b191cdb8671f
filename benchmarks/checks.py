"""What the checks of a matrix cost: tl.train and tl.transform with and without them, alternating.

Of a CSR matrix of which 5 % is stored. Without them means that the functions that look at the
indices, at how samples differ, at the units of new samples and at names return at once.

    python -m benchmarks.checks [--rounds N]
    python -m benchmarks.checks --tiny    # only to see that it runs
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from unittest import mock

import pandas as pd
from anndata import AnnData

import fe_anndata as fe
from benchmarks import matrices, ours, report
from fe_anndata.matrix.deviations import Deviations

SHAPE, TINY = (100_000, 2000), (300, 60)
NEW = 10_000
"""Samples that are placed: their number decides on both sides alike."""


def _nothing(*given: object, **named: object) -> None:
    pass


def _vary(deviations: Deviations, *given: object) -> None:
    deviations.vary, deviations.total = True, float("inf")


CHECKS: dict[str, Callable[..., None]] = {
    "fe_anndata._access.inputs.require_sound": _nothing,
    "fe_anndata.matrix.values.require_sound": _nothing,
    "fe_anndata._access.inputs.require_names": _nothing,
    "fe_anndata.matrix.deviations.Deviations.add": _vary,
    "fe_anndata.matrix.deviations.Deviations.finish": _nothing,
    "fe_anndata._access.new_samples.NewSamples._add": _nothing,
    "fe_anndata._access.new_samples.NewSamples._check": _nothing,
}
"""By name, and what stands for them."""


@contextmanager
def unchecked() -> Iterator[None]:
    """Do nothing in place of the checks."""
    with ExitStack() as stack:
        for name, nothing in CHECKS.items():
            stack.enter_context(mock.patch(name, nothing))
        yield


def measure(shape: tuple[int, int], rounds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the shares, and the single rounds."""
    adata = AnnData(matrices.csr(*shape))
    new = AnnData(adata.X[:NEW].copy())
    fe.tl.train(adata, rng=ours.SEED, progress=False)
    verbs: dict[str, Callable[[], object]] = {
        "tl.train": lambda: fe.tl.train(adata, rng=ours.SEED, progress=False),
        "tl.transform": lambda: fe.tl.transform(new, adata, progress=False),
    }

    def without(call: Callable[[], object]) -> float:
        with unchecked():
            return report.seconds(call)

    variants: dict[str, Callable[[], float]] = {}
    for name, call in verbs.items():
        variants[f"{name}, checked"] = lambda call=call: report.seconds(call)
        variants[f"{name}, unchecked"] = lambda call=call: without(call)
    found = report.alternate(variants, rounds)
    medians = found.median()
    records = []
    for name, data in (("tl.train", adata), ("tl.transform", new)):
        checked, plain = (medians[f"{name}, {how}"] for how in ("checked", "unchecked"))
        records.append({
            "verb": name, "samples": data.n_obs, "genes": data.n_vars, "dim": 2,
            "seconds": checked, "seconds unchecked": plain, "share": checked / plain - 1,
        })  # fmt: skip
    return pd.DataFrame(records), found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("checks", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
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
