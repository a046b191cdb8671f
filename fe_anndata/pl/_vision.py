"""How far apart colours look, to all readers: in CIELAB, as they are and as the colour-blind see.

A colour is seen three times: with full colour vision, and as a deuteranope and a protanope see it,
by the matrices of Machado, Oliveira and Fernandes (2009), which hold for light, not for sRGB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VISIONS = np.array(
    [
        np.eye(3),
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ]
)
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1, 1.08883])  # D65
BLIND = 2.2
"""A step between colours that the colour-blind see counts this much: they see fewer of them."""


def light(colors: Sequence[str]) -> Floats:
    """Return the linear red, green and blue of colours, (n, 3)."""
    rgb = np.array([to_rgb(color) for color in colors]).reshape(-1, 3)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def seen(colors: Sequence[str]) -> Floats:
    """Return CIELAB coordinates of colours by each of the three visions, (3, n, 3)."""
    xyz = np.clip(light(colors) @ VISIONS.transpose(0, 2, 1), 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def apart_by_each(colors: Sequence[str], others: Sequence[str]) -> Floats:
    """Return how far colours look from others, by each of the three visions, (3, n, m)."""
    distances: Floats = np.linalg.norm(seen(colors)[:, :, None] - seen(others)[:, None], axis=-1)
    return distances


def apart(colors: Sequence[str], others: Sequence[str]) -> Floats:
    """Return how far colours look from others, (n, m), by the vision that tells them apart least.

    What the colour-blind see is weighed by ``BLIND``.
    """
    far = apart_by_each(colors, others)
    worst: Floats = np.minimum(far[0], BLIND * far[1:].min(axis=0))
    return worst


def farthest(colors: Sequence[str], others: Sequence[str], n: int) -> list[str]:
    """Return `n` of some colours, each as far as can be from `others` and all chosen before it."""
    far, chosen = apart(colors, others).min(axis=1), []
    for _ in range(n):
        chosen.append(colors[int(far.argmax())])
        far = np.minimum(far, apart(colors, chosen[-1:])[:, 0])
    return chosen


def luminance(color: str) -> float:
    """Return how bright a colour is, from 0, black, to 1, white."""
    return float(light([color])[0] @ TO_XYZ[1])
