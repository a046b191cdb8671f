"""Whether a model of the sizes that were chosen will fit into memory, before any of it is made."""

from __future__ import annotations

from itertools import pairwise

from ...matrix.memory import available
from .options import FE
from .sizes import number

COPIES = 4
"""Of every parameter, at least: itself, its gradient, its moments, and itself at its best."""
BYTES = 4


def require_memory(options: FE, shape: tuple[int, int]) -> None:
    """Raise MemoryError if a model of settled options cannot fit, naming the option to lower."""
    parts = _numbers(options, shape)
    needed, free = COPIES * BYTES * sum(parts.values()), available()
    if needed > free:
        name = max(parts, key=lambda part: parts[part])
        raise MemoryError(
            f"a model with {name}={getattr(options, name)!r} needs at least {needed / 1e9:.3g} GB "
            f"of memory, and {free / 1e9:.3g} GB are free; lower {name}."
        )


def _numbers(options: FE, shape: tuple[int, int]) -> dict[str, int]:
    """Return how many parameters there are, by the option that makes them so many."""
    d, k = number(options.sample_dim), number(options.gene_dim)
    assert isinstance(options.hidden, tuple)
    fourier = number(options.fourier)
    if options.decoder == "concat":
        sizes: tuple[int, ...] = (d + k, *options.hidden, 1)
    else:
        sizes = (d, *options.hidden, k)
    own, first = options.gene_hidden, options.hidden[0] if options.hidden else 0
    of_fourier = 2 * fourier * first  # the larger of the two makes them so many
    return {
        "sample_dim": shape[0] * d,
        "gene_dim": shape[1] * k,
        "hidden": (_between(sizes) if first else 0) + (of_fourier if first >= fourier else 0),
        "gene_hidden": _between((k, *own, k)) if own else 0,
        "fourier": d * fourier + (of_fourier if first < fourier else 0),
    }


def _between(sizes: tuple[int, ...]) -> int:
    return sum((before + 1) * after for before, after in pairwise(sizes))
