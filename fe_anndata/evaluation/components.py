"""How much of the principal components of samples can be read off a map of them."""

from __future__ import annotations

import numpy as np

from .._core.random import generator

SCALES = (1.0, 4.0, 16.0)
"""Of kernels: how often the squared distance that is the median fits into what they see."""
KERNELS = 100
"""Samples around which kernels of each scale stand, at most."""
PENALTIES = np.logspace(0.5, 5, 10)
"""Less would believe how a method lays out its own samples, which new ones do not follow so far."""
STRAIGHT = 30.0
"""How large coordinates are beside kernels, so that what a line can tell costs no penalty."""


def components_kept(
    places: np.ndarray, scores: np.ndarray, new: np.ndarray, new_scores: np.ndarray, seed: int
) -> np.ndarray:
    """Return the share of each component of new samples that their places tell, R2 (k,).

    A ridge regression is fitted to the other samples. It sees the coordinates and, so that a map
    may bend, Gaussian kernels of three widths around some samples. The penalty of each component is
    chosen among these samples by leaving out one at a time. 1 is all of a component, 0 what the
    mean of the others tells; it is less where places mislead.

    Parameters
    ----------
    places, scores
        Of the samples to fit to: coordinates (n, d), and the scores of components (n, k).
    new, new_scores
        The same of new samples.
    seed
        Of the choice of samples around which kernels stand.
    """
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import StandardScaler

    near = _median_square(places, seed)
    around = min(KERNELS, len(places))
    kernels = [
        Nystroem(gamma=scale / near, n_components=around, random_state=seed) for scale in SCALES
    ]
    features = make_union(StandardScaler(), *kernels)
    features.set_params(transformer_weights={"standardscaler": STRAIGHT})
    model = make_pipeline(features, RidgeCV(PENALTIES, alpha_per_target=scores.shape[1] > 1))
    predicted = model.fit(places, scores).predict(new).reshape(new_scores.shape)
    left = ((new_scores - predicted) ** 2).sum(axis=0)
    all_of_it = ((new_scores - scores.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept: np.ndarray = 1 - left / all_of_it
    return np.where(all_of_it > 0, kept, np.nan)


def _median_square(places: np.ndarray, seed: int) -> float:
    """Return the median squared distance between samples, of some; 1 if they lie at one point."""
    from scipy.spatial.distance import pdist

    some = generator(seed, "components").permutation(len(places))[:500]
    found = float(np.median(pdist(places[some].astype(np.float64), "sqeuclidean")))
    return found if found > 0 else 1.0
