"""A head that names the class of a sample, read off its embedding by one layer and a softmax.

With the body, its cross-entropy is added to the loss of each step. On the body, it is a logistic
regression on the embeddings of the samples that were trained on, when all else has been learned.
Scores are divided by a temperature, which held-out samples with a label tell at the end.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .._core.log import logger
from ..evaluation.calibration import calibration_errors, fitted_temperature
from ..training.problem import Labels
from .trained import Placed

LABELS = ("label_weight", "label_bias")
"""Parameters that tell classes of samples, which begin at zero."""
NO_LABEL = -1
NEVER = -1e4
"""The score of a class of which no sample was trained on."""
FEW = 20
"""Held-out samples with a label that can tell a temperature."""


class Network(Protocol):
    """What has parameters that tell classes."""

    @property
    def of_labels(self) -> tuple[nn.Parameter, nn.Parameter]: ...  # noqa: D102


def number(labels: Labels | None) -> int:
    """Return how many classes there are."""
    return 0 if labels is None else len(labels.classes)


def require_classes(labels: Labels, training: np.ndarray) -> None:
    """Raise ValueError if the samples that are trained on are of fewer than two classes."""
    codes = labels.codes[training]
    n = len(np.unique(codes[codes != NO_LABEL]))
    if n < 2:
        raise ValueError(
            f"labels_key: the samples that are trained on are of {n} classes, at least two are "
            "needed; give more labels, or hold out fewer samples (validation)."
        )


def loss(network: Network, pooled: Tensor, codes: Tensor) -> Tensor:
    """Return the sum of the cross-entropies of samples, by their embeddings; 0 without a label."""
    weight, bias = network.of_labels
    scores = functional.linear(pooled.float(), weight, bias)
    return functional.cross_entropy(scores, codes, ignore_index=NO_LABEL, reduction="sum")


def fit(network: Network, embeddings: np.ndarray, codes: np.ndarray) -> None:
    """Fill the head by logistic regression on embeddings, of which some have a label."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known = codes != NO_LABEL
    X, y = embeddings[known].astype(np.float64), codes[known]
    mean, spread = X.mean(0), np.maximum(X.std(0), 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are bounded on purpose
        found = LogisticRegression(max_iter=1000).fit((X - mean) / spread, y)
    weight, bias = found.coef_, found.intercept_
    if len(found.classes_) == 2:  # of which sklearn keeps the second alone
        weight, bias = np.vstack([-weight / 2, weight / 2]), np.append(-bias / 2, bias / 2)
    weight = weight / spread
    of_class, at_zero = network.of_labels
    with torch.no_grad():
        of_class.zero_()
        at_zero.fill_(NEVER)
        of_class[found.classes_] = torch.from_numpy(weight).float()
        at_zero[found.classes_] = torch.from_numpy(bias - weight @ mean).float()


def scores(network: Network, embeddings: np.ndarray) -> np.ndarray:
    """Return the score of each class, float32 (n, k); NaN where there is no embedding."""
    weight, bias = (parameter.detach().numpy() for parameter in network.of_labels)
    rows = [weight @ u + bias for u in embeddings]
    return np.array(rows, dtype=np.float32).reshape(len(rows), len(bias))


def probabilities(network: Network, embeddings: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probability of each class, float32 (n, k); NaN where there is no embedding."""
    found = scores(network, embeddings) / np.float32(temperature)
    # Samples one by one, so that none feels which others come.
    rows = [torch.from_numpy(row).softmax(0).numpy() for row in found]
    return np.array(rows, dtype=np.float32).reshape(found.shape)


def temperature(facts: Mapping[str, Mapping[str, Any]]) -> float:
    """Return what scores are divided by; 1 for models that were stored without it."""
    return float(facts.get("labels", {}).get("temperature", 1.0))


def named(placed: Placed, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the class of each sample, its probability, and which samples abstain.

    A sample whose class is less probable than `least`, and one that is unlike the training or
    lies nowhere, abstains: its class is -1.
    """
    assert placed.probabilities is not None  # of a model with classes
    probability = placed.probabilities.max(axis=1)
    abstained = ~(probability >= least) | np.asarray(placed.facts.get("outlier", False))
    codes = np.where(abstained, -1, np.nan_to_num(placed.probabilities).argmax(axis=1))
    return codes, probability, abstained


def judged(
    labels: Labels, found: np.ndarray, training: np.ndarray, held_out: np.ndarray
) -> dict[str, Any]:
    """Return, and log, how many held-out samples have the right class, beside the commonest.

    The temperature stands beside it, with the expected calibration error without and with one.

    Parameters
    ----------
    labels
        Of all samples.
    found
        Scores of their classes.
    training, held_out
        Which samples are which.
    """
    codes = labels.codes
    held_out = held_out[codes[held_out] != NO_LABEL]
    facts: dict[str, Any] = {"classes": np.array(labels.classes, dtype=object), "temperature": 1.0}
    if not len(held_out):
        return facts
    counts = np.bincount(codes[training][codes[training] != NO_LABEL], minlength=len(found[0]))
    facts["accuracy"] = float(np.mean(found[held_out].argmax(1) == codes[held_out]))
    facts["accuracy_of_commonest"] = float(np.mean(codes[held_out] == counts.argmax()))
    facts["n_held_out"] = len(held_out)
    logger.info(
        "%.0f%% of %d held-out labels are right; the commonest class would be in %.0f%%",
        100 * facts["accuracy"], len(held_out), 100 * facts["accuracy_of_commonest"],
    )  # fmt: skip
    return {**facts, **_calibrated(found, codes, held_out[counts[codes[held_out]] > 0])}


def _calibrated(found: np.ndarray, codes: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    """Return the temperature of scores, by samples that were held out and are of known classes."""
    if len(told) < FEW:
        logger.info(
            "probabilities of classes are not calibrated: %d held-out labels are too few, %d are "
            "needed", len(told), FEW,
        )  # fmt: skip
        return {}
    before, after = calibration_errors(found[told], codes[told])
    cooled = fitted_temperature(found[told], codes[told])
    logger.info(
        "probabilities of classes are calibrated by a temperature of %.2f: expected calibration "
        "error %.3f without, %.3f with", cooled, before, after,
    )  # fmt: skip
    return {"temperature": cooled, "calibration_error": np.array([before, after])}


def begin(
    value: Tensor, earlier: Tensor | None, classes: Sequence[str], known: Sequence[str]
) -> None:
    """Fill the rows of the classes that an earlier head knows, too."""
    for ours, name in enumerate(classes):
        if earlier is not None and name in known:
            value[ours] = earlier[known.index(name)]
