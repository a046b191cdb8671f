"""Matrix products on a few entries at a time, for compiled code: operands in the innermost caches.

BLAS is made for large matrices: it copies its operands first, and on the narrow layers of a pair
network reaches two thirds of the speed of the processor. Here the entries lie along the lanes of
the vector registers, so that layers of any width waste nothing, and a block of results stays in
registers from the first multiplication to the last.

Plain compiled loops, in a layout made for them, reach 0.78 of the speed in whole calls on layers
of [100, 50, 50]: see ``benchmarks.plain_loops``.

``LANES`` entries make a *group*. A group has a vector of ``LANES`` numbers for each feature, one
after the other: ``group[feature, lane]``. Addresses are integers, in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types

from ..compiled import built

_HOST = llvmlite.binding.get_host_cpu_features()
LANES = 16 if _HOST.get("avx512f", False) else 8
"""Numbers in a vector register."""

# A block of results and its operands fill the 16 registers of AVX2. With 12 independent sums, the
# multiply-add units need not wait for earlier results, and there are fewer loads than products.
MAX_ROWS = 6
"""Rows of a block of `multiply`, for two groups of entries: 12 sums."""
MAX_DELTAS, KEPT = 4, 3
"""Rows and columns of a block of `correlate`: 12 sums."""

PLAIN, RELU, RELU_SLOPE, TANH_SLOPE = 0, 1, 2, 3
"""What `multiply` does to its sums."""

_INT, _FLOAT = ir.IntType(64), ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_QUARTET = ir.VectorType(_FLOAT, 4)
_BYTES = 4 * LANES  # of a vector
_ZERO, _ONE = (ir.Constant(_VECTOR, [x] * LANES) for x in (0.0, 1.0))


@built
def multiply(
    typing: Any,
    rows: Any,
    weights: Any,
    depth: Any,
    groups: Any,
    groups_step: Any,
    to: Any,
    to_step: Any,
    change: Any,
    by: Any,
) -> tuple[Any, Callable[..., Any]]:
    """Multiply a block of weights with two groups of entries, which are a step apart.

    ``to[r] = change(sum_p weights[p, r] * group[p])`` for up to `MAX_ROWS` rows. A slope multiplies
    the sum by the derivative of the activation whose value is ``by[r]``; the groups of `by` are as
    far apart as those of `to`.
    """

    def build(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Constant:
        count, start, length, group, group_step, target, target_step, kind, kept = args
        groups = [group, builder.add(group, group_step)]
        targets = [target, builder.add(target, target_step)]
        all_kept = [kept, builder.add(kept, target_step)]
        for n in _cases(builder, count, range(1, MAX_ROWS + 1)):
            sums = _sums_of_products(builder, n, length, start, groups)
            _finish(builder, n, kind, sums, targets, all_kept)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 9), build


def _sums_of_products(
    builder: ir.IRBuilder, n: int, length: ir.Value, start: ir.Value, groups: list[ir.Value]
) -> list[ir.Value]:
    """Return the sums of `n` rows, each one for both groups."""
    with _loop(builder, length, [start, *groups], [_ZERO] * (2 * n)) as step:
        weight, *places = step.places
        values = [_load(builder, place) for place in places]
        for r in range(n):
            factor = _broadcast(builder, _load(builder, weight, 4 * r, _FLOAT))
            for c in range(2):
                i = 2 * r + c
                step.sums[i] = _fma(builder, factor, values[c], step.sums[i])
        step.advance = [4 * n, _BYTES, _BYTES]
    return step.results


def _finish(
    builder: ir.IRBuilder,
    n: int,
    kind: ir.Value,
    sums: list[ir.Value],
    targets: list[ir.Value],
    all_kept: list[ir.Value],
) -> None:
    """Change the sums of `n` rows as `kind` says, and store them."""

    # NaN, by which a diverged network shows, passes these comparisons unchanged.
    def relu(x: ir.Value, _: ir.Value) -> ir.Value:
        return builder.select(builder.fcmp_ordered("<", x, _ZERO), _ZERO, x)

    def relu_slope(x: ir.Value, kept: ir.Value) -> ir.Value:
        h = _load(builder, kept)
        return builder.select(builder.fcmp_ordered("<=", h, _ZERO), _ZERO, x)

    def tanh_slope(x: ir.Value, kept: ir.Value) -> ir.Value:
        h = _load(builder, kept)
        return builder.fmul(x, _fma(builder, builder.fneg(h), h, _ONE))

    changes = {PLAIN: lambda x, _: x, RELU: relu, RELU_SLOPE: relu_slope, TANH_SLOPE: tanh_slope}
    for number in _cases(builder, kind, changes):
        for r in range(n):
            for c in range(2):
                kept = builder.add(all_kept[c], ir.Constant(_INT, r * _BYTES))
                changed = changes[number](sums[2 * r + c], kept)
                _store(builder, changed, targets[c], r * _BYTES)


@built
def correlate(
    typing: Any,
    rows: Any,
    deltas: Any,
    kept: Any,
    groups: Any,
    deltas_step: Any,
    kept_step: Any,
    total: Any,
) -> tuple[Any, Callable[..., Any]]:
    """Add to a block of a weight's gradient the products of deltas and kept values.

    ``total[c, r] += sum_entries deltas[r] * kept[c]`` over `groups` groups of entries, for `KEPT`
    columns and up to `MAX_DELTAS` rows; `total` has `MAX_DELTAS` rows.
    """

    def build(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Constant:
        count, left, right, length, left_step, right_step, target = args
        for n in _cases(builder, count, range(1, MAX_DELTAS + 1)):
            with _loop(builder, length, [left, right], [_ZERO] * (n * KEPT)) as step:
                at_left, at_right = step.places
                columns = [_load(builder, at_right, c * _BYTES) for c in range(KEPT)]
                for r in range(n):
                    row = _load(builder, at_left, r * _BYTES)
                    for c in range(KEPT):
                        i = c * n + r
                        step.sums[i] = _fma(builder, row, columns[c], step.sums[i])
                step.advance = [left_step, right_step]
            for c in range(KEPT):
                column = step.results[c * n : (c + 1) * n] + [_ZERO] * (MAX_DELTAS - n)
                place = 16 * c
                sums = _add_lanes(builder, column)
                sums = builder.fadd(sums, _load(builder, target, place, _QUARTET))
                _store(builder, sums, target, place)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), build


def _cases(builder: ir.IRBuilder, value: ir.Value, numbers: Iterable[int]) -> Iterator[int]:
    """Yield each number; what is built meanwhile will run only if `value` is that number."""
    end = builder.append_basic_block("end")
    choice = builder.switch(value, end)
    for number in numbers:
        block = builder.append_basic_block("case")
        choice.add_case(ir.Constant(value.type, number), block)
        builder.position_at_end(block)
        yield number
        builder.branch(end)
    builder.position_at_end(end)


class _Step:
    """Inside of a loop that goes through memory and carries sums."""

    def __init__(self, places: list[ir.Value], sums: list[ir.Value]) -> None:
        self.places = places
        self.sums = sums
        self.advance: list[ir.Value | int] = []
        self.results: list[ir.Value] = []


@contextmanager
def _loop(
    builder: ir.IRBuilder, length: ir.Value, places: list[ir.Value], sums: list[ir.Value]
) -> Iterator[_Step]:
    """Make a loop of what is built inside; it will run `length` times, and at least once."""
    before = builder.block
    body = builder.append_basic_block("loop")
    after = builder.append_basic_block("after")
    builder.branch(body)
    builder.position_at_end(body)
    starts = [length, *places, *sums]
    phis = [builder.phi(start.type) for start in starts]
    for phi, start in zip(phis, starts, strict=True):
        phi.add_incoming(start, before)
    step = _Step(phis[1 : 1 + len(places)], phis[1 + len(places) :])
    yield step
    left = builder.sub(phis[0], ir.Constant(_INT, 1))
    moved = [
        builder.add(place, ir.Constant(_INT, by) if isinstance(by, int) else by)
        for place, by in zip(step.places, step.advance, strict=True)
    ]
    for phi, value in zip(phis, [left, *moved, *step.sums], strict=True):
        phi.add_incoming(value, body)
    builder.cbranch(builder.icmp_signed(">", left, ir.Constant(_INT, 0)), body, after)
    builder.position_at_end(after)
    step.results = step.sums


def _add_lanes(builder: ir.IRBuilder, four: list[ir.Value]) -> ir.Value:
    """Return the sums of four vectors as the four numbers of one, by a tree of shuffles."""

    def merged(x: ir.Value, y: ir.Value, low: list[int], high: list[int]) -> ir.Value:
        # The same shuffle in each quarter, which is what processors are quick at.
        def mask(within: list[int]) -> ir.Constant:
            lanes = [
                q + (i if i < 4 else LANES + i - 4) for q in range(0, LANES, 4) for i in within
            ]
            return ir.Constant(ir.VectorType(ir.IntType(32), LANES), lanes)

        return builder.fadd(
            builder.shuffle_vector(x, y, mask(low)), builder.shuffle_vector(x, y, mask(high))
        )

    left, right = (merged(x, y, [0, 4, 1, 5], [2, 6, 3, 7]) for x, y in (four[:2], four[2:]))
    sums = merged(left, right, [0, 1, 4, 5], [2, 3, 6, 7])
    n = LANES
    while n > 4:
        n //= 2
        halves = [
            builder.shuffle_vector(
                sums,
                sums,
                ir.Constant(ir.VectorType(ir.IntType(32), n), list(range(i, i + n))),
            )
            for i in (0, n)
        ]
        sums = builder.fadd(*halves)
    return sums


def _fma(builder: ir.IRBuilder, x: ir.Value, y: ir.Value, z: ir.Value) -> ir.Value:
    name = f"llvm.fma.v{LANES}f32"
    module = builder.module
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), name)
    return builder.call(function, [x, y, z])


def _broadcast(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, empty, zeros)


def _load(
    builder: ir.IRBuilder, place: ir.Value, offset: int = 0, kind: ir.Type = _VECTOR
) -> ir.Value:
    return builder.load(_pointer(builder, place, offset, kind), align=4)


def _store(builder: ir.IRBuilder, value: ir.Value, place: ir.Value, offset: int) -> None:
    builder.store(value, _pointer(builder, place, offset, value.type), align=4)


def _pointer(builder: ir.IRBuilder, place: ir.Value, offset: int, kind: ir.Type) -> ir.Value:
    place = builder.add(place, ir.Constant(_INT, offset))
    return builder.inttoptr(place, kind.as_pointer())
