"""The 72 h workload on a GPU: 500 epochs of 1000 samples x 60,600 genes with the fused kernel.

Checks the kernel against the reference first. Every step is loss and gradients of a tile of all
samples x some genes, and Adam on the vectors, the weights and the biases; every entry is seen in
every epoch. Nothing is extrapolated: all 3.03e10 entries are computed. The share is that of the
bfloat16 rate of a large matrix product measured in the same run, at 6 * sum(h_i * h_{i+1})
operations an entry for the widths as they are, padding not counted.

    python -m benchmarks.gpu [--epochs N] [--genes-per-step N]
    python -m benchmarks.gpu --tiny    # only the check, in Triton's interpreter
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
import torch
from torch import Tensor

from benchmarks import report

SAMPLES, GENES = 1000, 60_600
SAMPLE_DIM, GENE_DIM = 2, 100
NETWORKS = {(100, 50, 50): "relu", (250, 75, 50, 25, 10): "tanh"}
BOUNDS = (-1.0, 3.0)
TOLERANCES = {"fp32": 1e-4, "bf16": 2e-2}


def problem(
    samples: int, genes: int, hidden: tuple[int, ...], device: str
) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor]], Tensor]:
    """Return vectors, layers and values."""
    rng = torch.Generator(device).manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, device=device, generator=rng)

    sizes = (SAMPLE_DIM + GENE_DIM, *hidden, 1)
    layers = [(normal(out, into) / into**0.5, 0.1 * normal(out)) for into, out in pairwise(sizes)]
    values = torch.rand(samples, genes, device=device, generator=rng) + 1
    return normal(samples, SAMPLE_DIM), normal(genes, GENE_DIM), layers, values


def check(samples: int, genes: int, device: str) -> None:
    """Stop if the kernel and the reference differ."""
    from fe_anndata.kernels.pair_mlp import reference, triton

    for hidden, activation in NETWORKS.items():
        u, v, layers, values = problem(samples, genes, hidden, device)
        values[::3, ::7] = float("nan")
        arguments = (u, v, layers, activation, values, BOUNDS)
        expected = reference.loss_and_gradients(*arguments)
        for precision, tolerance in TOLERANCES.items():
            for deterministic in (True, False):
                got = triton.loss_and_gradients(
                    *arguments, precision=precision, deterministic=deterministic
                )
                ours, theirs = (
                    torch.cat([t.flatten() for t in (g.u, g.v, *sum(g.layers, ()))])
                    for g in (got, expected)
                )
                error = float((ours - theirs).norm() / theirs.norm())
                loss_error = abs(got.loss / expected.loss - 1)
                print(
                    f"{list(hidden)} {precision} {'two-pass' if deterministic else 'atomic'}: "
                    f"relative error of the gradients {error:.1e}, of the loss {loss_error:.1e}",
                    flush=True,
                )
                if not (error < tolerance and loss_error < tolerance):
                    sys.exit("the kernel is wrong")


def matrix_product_rate() -> float:
    """Return the operations per second of a large bfloat16 matrix product."""
    n, repeats = 8192, 50
    a, b = (torch.randn(n, n, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(10):
        a @ b
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(repeats):
        a @ b
    torch.cuda.synchronize()
    return 2 * n**3 * repeats / (time.perf_counter() - started)


def workload(
    hidden: tuple[int, ...], activation: str, epochs: int, genes_per_step: int, deterministic: bool
) -> tuple[float, float, float]:
    """Return the seconds of all epochs, and the first and last loss."""
    from fe_anndata.kernels.pair_mlp import triton

    u, v, layers, values = problem(SAMPLES, GENES, hidden, "cuda")
    parameters = [u, v, *(tensor for layer in layers for tensor in layer)]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)

    def step(genes: slice) -> float:
        got = triton.loss_and_gradients(
            u, v[genes], layers, activation, values[:, genes], deterministic=deterministic
        )
        v.grad.zero_()  # type: ignore[union-attr]
        v.grad[genes] = got.v  # type: ignore[index]
        u.grad = got.u
        for (weight, bias), (d_weight, d_bias) in zip(layers, got.layers, strict=True):
            weight.grad, bias.grad = d_weight, d_bias
        optimizer.step()
        return got.loss

    tiles = [slice(i, min(i + genes_per_step, GENES)) for i in range(0, GENES, genes_per_step)]
    # Compiles, also for a last tile of another shape.
    first, *_ = [step(genes) for genes in tiles]
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(epochs):
        for genes in tiles:
            last = step(genes)
    torch.cuda.synchronize()
    return time.perf_counter() - started, first, last


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("gpu", __doc__)
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--genes-per-step", type=int, default=6060)
    options = parser.parse_args(arguments)
    if options.tiny:
        # Before triton is imported.
        os.environ["TRITON_INTERPRET"] = "1"
        check(5, 19, "cpu")
        return
    if not torch.cuda.is_available():
        print("no CUDA device: nothing measured")
        sys.exit(2)
    # The reference has to be exact.
    torch.backends.cuda.matmul.allow_tf32 = False
    check(512, 2048, "cuda")
    peak = matrix_product_rate()
    records = []
    for hidden, activation in NETWORKS.items():
        for deterministic in (True, False):
            seconds, first, last = workload(
                hidden, activation, options.epochs, options.genes_per_step, deterministic
            )
            rate = options.epochs * SAMPLES * GENES / seconds
            flop = 6 * sum(into * out for into, out in pairwise(hidden))
            records.append({
                "hidden": "-".join(map(str, hidden)), "activation": activation,
                "samples": SAMPLES, "genes": GENES, "dim": SAMPLE_DIM,
                "sums": "two-pass" if deterministic else "atomic", "epochs": options.epochs,
                "entries a step": SAMPLES * options.genes_per_step, "seconds": seconds,
                "M entries/s": rate / 1e6, "of matmul": rate * flop / peak,
                "first loss": first, "last loss": last,
            })  # fmt: skip
            print(records[-1], flush=True)
    report.publish(
        options,
        pd.DataFrame(records),
        f"{options.epochs} epochs of {SAMPLES} x {GENES}, nothing extrapolated",
        decoder="concat",
        gpu=torch.cuda.get_device_name(),
        matmul_tflops=round(peak / 1e12),
    )


if __name__ == "__main__":
    main()
