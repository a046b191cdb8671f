"""Choose the colours of categories: `python -m benchmarks.palette` prints those of the package.

The candidates can be seen on a white and on a black page, beside the grey of missing values, and
are neither neon nor grey. Of these a search takes sets in which the two nearest colours are as far
apart as can be, by the worst of three visions. Both sets begin with the blue and the orange of
Okabe and Ito (2008), or what is nearest to them among the candidates.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex

from fe_anndata.pl._vision import apart, apart_by_each, seen

GREYS = ["#ffffff", "#eeeeee", "#d9d9d9", "#3d3d3d", "#1e1e1e", "#000000"]
"""Pages, and missing values on them."""
VISIBLE = 16  # at least this far from all of these, by each vision
LIGHTNESS = (43, 80)
CHROMA = (28, 72)
FIRST = ["#0072b2", "#e69f00"]
STEPS = 18  # along red, green and blue
TRIES = 120
SWAPS = 300


def candidates() -> list[str]:
    """Return the colours to choose from."""
    axis = np.linspace(0, 1, STEPS)
    colors = [to_hex((r, g, b)) for r in axis for g in axis for b in axis]
    lightness, *plane = seen(colors)[0].T
    chroma = np.hypot(*plane)
    ok = (lightness >= LIGHTNESS[0]) & (lightness <= LIGHTNESS[1])
    ok &= (chroma >= CHROMA[0]) & (chroma <= CHROMA[1])
    ok &= apart_by_each(colors, GREYS).min(axis=(0, 2)) >= VISIBLE
    return [color for color, fits in zip(colors, ok, strict=True) if fits]


def widest(far: np.ndarray, fixed: list[int], n: int, rng: np.random.Generator) -> list[int]:
    """Return `fixed` and more, n in all, whose least distance is the greatest that was found."""
    found: tuple[float, list[int]] = (-1.0, [])
    for _ in range(TRIES):
        chosen = list(fixed)
        while len(chosen) < n:
            chosen.append(int(rng.choice(np.argsort(-far[:, chosen].min(axis=1))[:12])))
        for _ in range(SWAPS):
            least, nearest = nearest_two(far, chosen)
            if not any(swapped(far, chosen, i, least) for i in nearest if i >= len(fixed)):
                break
        found = max(found, (nearest_two(far, chosen)[0], chosen))
    return in_order(far, fixed, found[1])


def nearest_two(far: np.ndarray, chosen: list[int]) -> tuple[float, tuple[int, int]]:
    """Return the least distance among the chosen, and which two have it."""
    among = far[np.ix_(chosen, chosen)]
    np.fill_diagonal(among, np.inf)
    i, j = divmod(int(among.argmin()), len(chosen))
    return float(among[i, j]), (i, j)


def swapped(far: np.ndarray, chosen: list[int], i: int, least: float) -> bool:
    """Put the colour that is farthest from the others in the place of one, if that helps."""
    others = far[:, chosen[:i] + chosen[i + 1 :]].min(axis=1)
    best = int(others.argmax())
    if others[best] <= least:
        return False
    chosen[i] = best
    return True


def in_order(far: np.ndarray, first: list[int], chosen: list[int]) -> list[int]:
    """Return the chosen, each as far as can be from all before it."""
    order, rest = list(first), [c for c in chosen if c not in first]
    while rest:
        order.append(max(rest, key=lambda c: far[c, order].min()))
        rest.remove(order[-1])
    return order


def main() -> None:
    """Print both sets and how far apart their colours are."""
    colors, rng = candidates(), np.random.default_rng(0)
    far = apart(colors, colors)
    first = [int(apart_by_each(colors, [color])[0].argmin()) for color in FIRST]
    few = widest(far, first, 12, rng)
    many = widest(far, widest(far, first, 40, rng), 64, rng)
    for name, chosen in (("FEW", few), ("MANY", many)):
        print(name, [colors[c] for c in chosen])
        for n in {len(chosen), min(len(chosen), 40)}:
            among = [colors[c] for c in chosen[:n]]
            least = apart_by_each(among, among)[:, *np.triu_indices(n, 1)].min(axis=1)
            print(f"the first {n}: at least {least.round(1)} apart, by each vision")


if __name__ == "__main__":
    main()
