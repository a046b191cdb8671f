"""Whether probabilities mean what they say: temperature scaling and the expected calibration error.

Scores are logarithms of probabilities up to a constant of the sample. A temperature divides them:
above 1 it makes probabilities less sure, below 1 surer, and the most probable class stays.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

BINS = 10
MOST = 20.0
"""The greatest temperature; the least is one divided by it."""


def fitted_temperature(scores: np.ndarray, codes: np.ndarray) -> float:
    """Return the temperature at which the right classes of samples are most likely.

    A weak prior, log T is normal around 0, keeps it finite where every sample is right.

    Parameters
    ----------
    scores
        Of each class, (n, k), of samples that the scores were not fitted to.
    codes
        The right class of each, (n,).
    """
    scores = scores.astype(np.float64)

    def unlikely(log_t: float) -> float:
        of_right = log_softmax(scores / np.exp(log_t), axis=1)[np.arange(len(codes)), codes]
        return float(0.5 * log_t**2 - of_right.sum())

    most = np.log(MOST)
    found = minimize_scalar(unlikely, bounds=(-most, most), method="bounded")
    return float(np.exp(found.x))


def calibration_error(probabilities: np.ndarray, codes: np.ndarray) -> float:
    """Return the expected calibration error of the most probable classes.

    It is the mean, over samples, of the difference between their probability and the share that
    is right, both averaged in bins of equal width of the probability.
    """
    sure = probabilities.max(1)
    right = probabilities.argmax(1) == codes
    of_bin = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    excess = np.bincount(of_bin, sure - right, BINS)
    return float(np.abs(excess).sum() / max(len(codes), 1))


def calibration_errors(scores: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Return the expected calibration error without and with a temperature.

    No sample is judged by a temperature that was fitted to it: each half gets that of the other,
    and both have as many samples of each class as can be.
    """
    halves = np.empty(len(codes), np.int64)
    halves[np.argsort(codes, kind="stable")] = np.arange(len(codes)) % 2
    cooled = np.empty(scores.shape)
    for half in (0, 1):
        here = halves == half
        temperature = fitted_temperature(scores[~here], codes[~here])
        cooled[here] = softmax(scores[here].astype(np.float64) / temperature, axis=1)
    before = softmax(scores.astype(np.float64), axis=1)
    return calibration_error(before, codes), calibration_error(cooled, codes)
