"""The pair network on a GPU: forward, residual and backward of a tile in one Triton kernel.

A program takes a range of samples and a range of genes, and walks through it in sub-tiles of a few
samples x a few genes. All activations of a sub-tile stay on chip; nothing of size samples x genes
is written. The first layer is split, ``h = act(a[sample] + b[gene])``: torch makes `a` and `b`
before the kernel, and takes the gradients of `a` and `b` to those of the vectors and of the first
weights after it.

Each layer has one unit more, always 1, whose weights are the biases, and is cut into pieces of
64 units, the last one padded with zeros to a power of two as the matrix unit wants it. A padded
unit is ``act(0) = 0`` and leaves by zero weights, so it adds nothing and receives no gradient.

The weight gradients stay in registers through the walk. Then all gradients are added to a
workspace. If the result has to be reproducible, programs that could meet at an address have slices
of their own, so that every address has one writer in a fixed order, and torch adds the slices;
else all share one slice, and add in the order in which they come.
"""

# ruff: noqa: RUF005 (Triton has no (*a, b))

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.runtime.errors import OutOfResources

from .gradients import Gradients
from .network import Layers

# Samples and genes of a sub-tile: as many entries as stay on chip. Products in float32 are unrolled
# into scalar instructions, so with more entries compiling would take minutes.
BLOCKS = {"bf16": (16, 8), "fp32": (4, 8)}
NUM_WARPS = 8
PIECE = 64

# How many a multiprocessor has. The gradients of all weights have to fit in.
REGISTERS = 65536

INTERPRETED = triton.knobs.runtime.interpret
"""Kernels run in Python, on the CPU."""

# More than one, so that gradients of several programs are added in the interpreter, too.
INTERPRETED_PROGRAMS = 4


class DoesNotFitError(RuntimeError):
    """The network is too wide to stay on chip; another kernel must take it."""


@torch.no_grad()
def loss_and_gradients(
    u: Tensor,
    v: Tensor,
    layers: Layers,
    activation: str,
    values: Tensor,
    bounds: tuple[float, float] | None = None,
    *,
    precision: str = "bf16",
    deterministic: bool = True,
) -> Gradients:
    """Return the mean squared error and its gradients; see :mod:`.gradients`.

    Parameters
    ----------
    u, v, layers, activation, values, bounds
        As in :mod:`.gradients`, all tensors on one CUDA device.
    precision
        Of the operands of matrix products: ``"bf16"`` or ``"fp32"``. Sums are always float32,
        and the loss is summed over programs in float64.
    deterministic
        Add gradients in a fixed order, so that a repetition gives the same bits.

    Raises
    ------
    DoesNotFitError
        If the layers need more registers or shared memory than a multiprocessor has.
    """
    if len(layers) == 1:
        # No hidden layer is one hidden unit without activation, read with weight 1.
        one = layers[0][0].new_ones(1, 1)
        network, activation = [layers[0], (one, one.new_zeros(1))], "identity"
    else:
        network = list(layers)
    pieces = [_pieces(len(bias) + 1) for _, bias in network[:-1]]
    widths = [sum(layer) for layer in pieces]
    n_weights = sum(out * into for into, out in pairwise(widths))
    if n_weights > REGISTERS:
        raise DoesNotFitError(
            f"hidden layers have {n_weights} padded weights, more than {REGISTERS}"
        )
    first, *rest = _homogeneous(network, widths, activation)
    n, m, d = len(u), len(v), u.shape[1]
    sides = torch.cat([u @ first[:, :d].T, torch.addmm(first[:, -1], v, first[:, d:-1].T)])
    flat = torch.cat([matrix.flatten() for matrix in rest])
    sizes = [matrix.numel() for matrix in rest]

    block_samples, block_genes = BLOCKS[precision]
    grid = _grid(triton.cdiv(n, block_samples), triton.cdiv(m, block_genes), u.device)
    programs = grid[0] * grid[1]
    # Slices (samples, width) for each range of genes, then (genes, width) for each of samples.
    sample_slices, gene_slices = (grid[1], grid[0]) if deterministic else (1, 1)
    d_sides = u.new_zeros(sample_slices * n + gene_slices * m, widths[0])
    d_flat = u.new_zeros(programs if deterministic else 1, len(flat))
    sums = torch.empty(programs, dtype=torch.float64, device=u.device)
    counts = torch.empty(programs, dtype=torch.int64, device=u.device)
    minimum, maximum = (0.0, 1.0) if bounds is None else bounds
    approximate = activation == "tanh" and precision == "bf16" and not INTERPRETED
    try:
        # Triton launches on the current device.
        with torch.cuda.device_of(u):  # type: ignore[no-untyped-call]
            _walk[grid](
                sides,
                values,
                flat,
                d_sides,
                d_flat,
                sums,
                counts,
                n,
                m,
                values.stride(0),
                values.stride(1),
                minimum,
                maximum - minimum,
                PIECES=tuple(pieces),
                WIDTHS=tuple(widths),
                STARTS=tuple(accumulate(sizes, initial=0)),
                ACTIVATION="tanh.approx" if approximate else activation,
                BOUNDED=bounds is not None,
                DETERMINISTIC=deterministic,
                PRECISION=f"{precision} interpreted" if INTERPRETED else precision,
                PIECE=PIECE,
                BLOCK_S=block_samples,
                BLOCK_G=block_genes,
                SIDES=triton.next_power_of_2(block_samples + block_genes),
                num_warps=NUM_WARPS,
                num_stages=1,
            )
    except OutOfResources as error:
        raise DoesNotFitError(f"hidden layers of {widths}: {error}") from error

    n_seen = counts.sum()
    # The kernel leaves out the factor of the mean.
    scale = 2.0 / n_seen.clamp(min=1)
    d_a = d_sides[: sample_slices * n].view(sample_slices, n, -1).sum(0) * scale
    d_b = d_sides[sample_slices * n :].view(gene_slices, m, -1).sum(0) * scale
    d_first = torch.cat([d_a.T @ u, d_b.T @ v, d_b.sum(0)[:, None]], dim=1)
    d_rest = torch.split(d_flat.sum(0) * scale, sizes)
    d_matrices = [
        d_first,
        *(part.view_as(matrix) for part, matrix in zip(d_rest, rest, strict=True)),
    ]
    d_layers = []
    for (weight, _), d_matrix in zip(layers, d_matrices, strict=False):
        out, into = weight.shape
        d_layers.append((d_matrix[:out, :into].contiguous(), d_matrix[:out, into].contiguous()))
    # Last, since it waits for the device.
    loss = float(sums.sum() / n_seen)
    return Gradients(loss, d_a @ first[:, :d], d_b @ first[:, d:-1], d_layers)


def _homogeneous(layers: Layers, widths: list[int], activation: str) -> list[Tensor]:
    """Return one matrix for each layer, [[weight, bias], [0, one]], padded with zeros.

    Each hidden layer gets a unit that is always 1, made from that of the layer below. So the
    kernel knows no biases, and their gradients come with those of the weights. The last layer is
    a single row.
    """
    # The argument at which the activation is 1.
    one = 20.0 if activation == "tanh" else 1.0
    matrices = []
    columns = layers[0][0].shape[1] + 1
    for (weight, bias), rows in zip(layers, [*widths, 1], strict=True):
        out, into = weight.shape
        matrix = weight.new_zeros(rows, columns)
        matrix[:out, :into] = weight
        matrix[:out, into] = bias
        if out < rows:
            matrix[out, into] = one
        matrices.append(matrix)
        columns = rows
    return matrices


def _pieces(width: int) -> tuple[int, ...]:
    """Cut `width`, padded, into whole pieces and a power of two of at least 16."""
    whole, rest = divmod(width, PIECE)
    last = (max(16, triton.next_power_of_2(rest)),) if rest else ()
    return (PIECE,) * whole + last


def _grid(blocks_s: int, blocks_g: int, device: torch.device) -> tuple[int, int]:
    """Return the numbers of ranges of samples and of genes.

    One program for each multiprocessor, divided between the axes so that the slices of the
    workspace, those of the genes for each range of samples and those of the samples for each range
    of genes, are about as small as they can be together.
    """
    if INTERPRETED:
        programs = INTERPRETED_PROGRAMS
    else:
        programs = torch.cuda.get_device_properties(device).multi_processor_count
    ranges_s = min(max(round(math.sqrt(programs * blocks_s / blocks_g)), 1), programs, blocks_s)
    return ranges_s, min(programs // ranges_s, blocks_g)


@triton.jit
def _activate(x, ACTIVATION: tl.constexpr):
    if ACTIVATION == "relu":
        x = tl.maximum(x, 0.0)
    elif ACTIVATION == "tanh":
        x = 2.0 / (1.0 + tl.exp(-2.0 * x)) - 1.0
    elif ACTIVATION == "tanh.approx":
        x = tl.inline_asm_elementwise(
            "tanh.approx.f32 $0, $1;", "=f,f", [x], dtype=tl.float32, is_pure=True, pack=1
        )
    return x


@triton.jit
def _operand(x, PRECISION: tl.constexpr):
    """Round to what matrix products take."""
    if PRECISION == "bf16":
        x = x.to(tl.bfloat16)
    elif PRECISION == "bf16 interpreted":
        # The interpreter cuts bfloat16 off instead of rounding, and cannot multiply it.
        bits = x.to(tl.int32, bitcast=True)
        bits += 0x7FFF + ((bits >> 16) & 1)
        x = (bits & -0x10000).to(tl.float32, bitcast=True)
    return x


@triton.jit
def _through(delta, h, ACTIVATION: tl.constexpr):
    """Multiply by the derivative of the activation where its value is `h`."""
    if ACTIVATION == "relu":
        delta = tl.where(h > 0.0, delta, 0.0)
    elif ACTIVATION != "identity":
        delta = delta * (1.0 - h * h)
    return delta


@triton.jit
def _first_layer(
    at, exists, has, WIDTH: tl.constexpr, ACTIVATION: tl.constexpr, PRECISION: tl.constexpr
):
    """Return some units of the first layer for every entry; `at` points to those of each side."""
    both = tl.load(at + tl.arange(0, WIDTH)[None, :], mask=exists[:, None], other=0.0)
    h = tl.dot(has, _operand(both, PRECISION), input_precision="ieee")
    return _operand(_activate(h, ACTIVATION), PRECISION)


@triton.jit
def _walk(
    sides,
    values,
    flat,
    d_sides,
    d_flat,
    sums,
    counts,
    n,
    m,
    stride_n,
    stride_m,
    minimum,
    span,
    PIECES: tl.constexpr,
    WIDTHS: tl.constexpr,
    STARTS: tl.constexpr,
    ACTIVATION: tl.constexpr,
    BOUNDED: tl.constexpr,
    DETERMINISTIC: tl.constexpr,
    PRECISION: tl.constexpr,
    PIECE: tl.constexpr,
    BLOCK_S: tl.constexpr,
    BLOCK_G: tl.constexpr,
    SIDES: tl.constexpr,
):
    """Add loss and gradients of one range of samples x one range of genes to the workspace.

    `sides` holds what the samples give to the first layer, and then what the genes give. `flat`
    holds the matrix (out, in) of each later layer; where they begin is in STARTS. WIDTHS are those
    of the hidden layers, and PIECES says how they are cut.
    """
    ENTRIES: tl.constexpr = BLOCK_S * BLOCK_G
    LAST: tl.constexpr = len(WIDTHS) - 1
    i, j = tl.program_id(0), tl.program_id(1)
    program = i * tl.num_programs(1) + j
    blocks_s, blocks_g = tl.cdiv(n, BLOCK_S), tl.cdiv(m, BLOCK_G)
    first_s, end_s = i * blocks_s // tl.num_programs(0), (i + 1) * blocks_s // tl.num_programs(0)
    first_g, end_g = j * blocks_g // tl.num_programs(1), (j + 1) * blocks_g // tl.num_programs(1)
    # The rows of the workspace to which the first sample and the first gene add.
    d_samples, d_genes = tl.zeros((), tl.int64), tl.zeros((), tl.int64) + n
    if DETERMINISTIC:
        d_samples += j * n
        d_genes = tl.num_programs(1).to(tl.int64) * n + i * m
        d_flat += program.to(tl.int64) * STARTS[LAST + 1]

    # By layer, by piece of its inputs, by piece of its outputs; the gradients are transposed.
    weights, d_weights = (), ()
    for k in tl.static_range(LAST):
        columns, zero_columns = (), ()
        for p in tl.static_range(len(PIECES[k])):
            column, zero_column = (), ()
            for q in tl.static_range(len(PIECES[k + 1])):
                into = p * PIECE + tl.arange(0, PIECES[k][p])[None, :]
                out = q * PIECE + tl.arange(0, PIECES[k + 1][q])[:, None]
                block = tl.load(flat + STARTS[k] + out * WIDTHS[k] + into)
                column = column + (_operand(block, PRECISION),)
                zeros = tl.zeros((PIECES[k][p], PIECES[k + 1][q]), tl.float32)
                zero_column = zero_column + (zeros,)
            columns, zero_columns = columns + (column,), zero_columns + (zero_column,)
        weights, d_weights = weights + (columns,), d_weights + (zero_columns,)
    final, d_final = (), ()
    for p in tl.static_range(len(PIECES[LAST])):
        into = p * PIECE + tl.arange(0, PIECES[LAST][p])
        final = final + (tl.load(flat + STARTS[LAST] + into),)
        d_final = d_final + (tl.zeros((PIECES[LAST][p],), tl.float32),)
    total = tl.zeros((), tl.float64)
    count = tl.zeros((), tl.int32)

    # Which sample and which gene an entry has, as a matrix of 0 and 1. Its product with the sides
    # adds the two of every entry; the product of its transpose takes the gradients back.
    entry = tl.arange(0, ENTRIES)
    side = tl.arange(0, SIDES)
    of_sample = entry[:, None] // BLOCK_G == side[None, :]
    of_gene = entry[:, None] % BLOCK_G == side[None, :] - BLOCK_S
    has = _operand((of_sample | of_gene).to(tl.float32), PRECISION)

    for block_s in range(first_s, end_s):
        for block_g in range(first_g, end_g):
            sample, gene = block_s * BLOCK_S + entry // BLOCK_G, block_g * BLOCK_G + entry % BLOCK_G
            value_at = sample.to(tl.int64) * stride_n + gene.to(tl.int64) * stride_m
            # Entries outside of the tile do not count, like those that are NaN.
            x = tl.load(values + value_at, mask=(sample < n) & (gene < m), other=float("nan"))

            side_s, side_g = block_s * BLOCK_S + side, block_g * BLOCK_G + side - BLOCK_S
            is_gene = side >= BLOCK_S
            exists = tl.where(is_gene, (side < BLOCK_S + BLOCK_G) & (side_g < m), side_s < n)
            side_row = tl.where(is_gene, n + side_g, side_s).to(tl.int64)
            lower = ()
            for p in tl.static_range(len(PIECES[0])):
                side_at = side_row[:, None] * WIDTHS[0] + p * PIECE
                h = _first_layer(sides + side_at, exists, has, PIECES[0][p], ACTIVATION, PRECISION)
                lower = lower + (h,)
            held = (lower,)
            for k in tl.static_range(LAST):
                upper = ()
                for q in tl.static_range(len(PIECES[k + 1])):
                    h = tl.zeros((ENTRIES, PIECES[k + 1][q]), tl.float32)
                    for p in tl.static_range(len(PIECES[k])):
                        weight = tl.trans(weights[k][p][q])
                        h = tl.dot(held[k][p], weight, h, input_precision="ieee")
                    upper = upper + (_operand(_activate(h, ACTIVATION), PRECISION),)
                held = held + (upper,)
            y = tl.zeros((ENTRIES,), tl.float32)
            for p in tl.static_range(len(PIECES[LAST])):
                y += tl.sum(held[LAST][p].to(tl.float32) * final[p][None, :], 1)

            if BOUNDED:
                share = 1.0 / (1.0 + tl.exp(-y))
                y = minimum + span * share
            seen = x == x
            error = tl.where(seen, y - x, 0.0)
            total += tl.sum(error * error, 0).to(tl.float64)
            count += tl.sum(seen.to(tl.int32), 0)
            if BOUNDED:
                error *= span * share * (1.0 - share)

            # On the way back `deltas` are the gradients of the arguments of layer k's activation.
            d_final_now, deltas = (), ()
            for p in tl.static_range(len(PIECES[LAST])):
                h = held[LAST][p].to(tl.float32)
                d_final_now = d_final_now + (d_final[p] + tl.sum(error[:, None] * h, 0),)
                delta = _through(error[:, None] * final[p][None, :], h, ACTIVATION)
                deltas = deltas + (_operand(delta, PRECISION),)
            d_final = d_final_now
            # The first layer, the widest, is made again: held, it would not fit into registers.
            # Without the barrier the compiler would see that it is the same, and hold it.
            tl.debug_barrier()
            d_weights_now = ()
            for k in tl.static_range(LAST - 1, -1, -1):
                d_columns, below = (), ()
                for p in tl.static_range(len(PIECES[k])):
                    d_column = ()
                    value = held[k][p]
                    if k == 0:
                        side_at = side_row[:, None] * WIDTHS[0] + p * PIECE
                        value = _first_layer(
                            sides + side_at, exists, has, PIECES[0][p], ACTIVATION, PRECISION
                        )
                    delta = tl.zeros((ENTRIES, PIECES[k][p]), tl.float32)
                    for q in tl.static_range(len(PIECES[k + 1])):
                        d_block = tl.dot(
                            tl.trans(value), deltas[q], d_weights[k][p][q], input_precision="ieee"
                        )
                        d_column = d_column + (d_block,)
                        delta = tl.dot(deltas[q], weights[k][p][q], delta, input_precision="ieee")
                    d_columns = d_columns + (d_column,)
                    delta = _through(delta, value.to(tl.float32), ACTIVATION)
                    below = below + (_operand(delta, PRECISION),)
                d_weights_now = (d_columns,) + d_weights_now
                deltas = below
            d_weights = d_weights_now

            d_side_row = tl.where(is_gene, d_genes + side_g, d_samples + side_s)
            for p in tl.static_range(len(PIECES[0])):
                d_both = tl.dot(tl.trans(deltas[p]), has, input_precision="ieee")
                unit = p * PIECE + tl.arange(0, PIECES[0][p])
                d_side_at = d_side_row[None, :] * WIDTHS[0] + unit[:, None]
                tl.atomic_add(d_sides + d_side_at, d_both, mask=exists[None, :], sem="relaxed")
            # This program comes back to these rows: its additions must stay in order.
            tl.debug_barrier()

    for k in tl.static_range(LAST):
        for p in tl.static_range(len(PIECES[k])):
            for q in tl.static_range(len(PIECES[k + 1])):
                into = p * PIECE + tl.arange(0, PIECES[k][p])[:, None]
                out = q * PIECE + tl.arange(0, PIECES[k + 1][q])[None, :]
                at = STARTS[k] + out * WIDTHS[k] + into
                tl.atomic_add(d_flat + at, d_weights[k][p][q], sem="relaxed")
    for p in tl.static_range(len(PIECES[LAST])):
        into = p * PIECE + tl.arange(0, PIECES[LAST][p])
        tl.atomic_add(d_flat + STARTS[LAST] + into, d_final[p], sem="relaxed")
    tl.store(sums + program, total)
    tl.store(counts + program, count)
