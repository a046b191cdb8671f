"""Classifiers to compare with the linear one."""

from __future__ import annotations

import numpy as np
from scipy import sparse

NEIGHBOURS = 50
"""The most neighbours that vote."""


class Neighbours:
    """A vote of the nearest training genes by cosine, each weighted by its similarity.

    The neighbours are exact, and are found once for all properties; nothing is random.
    """

    def __init__(self, train: np.ndarray, test: np.ndarray, seed: int = 0) -> None:
        from sklearn.neighbors import NearestNeighbors

        k = min(NEIGHBOURS, len(train))
        search = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(train)
        shape = (len(test), len(train))
        if not len(test):
            self.votes = sparse.csr_array(shape, dtype=np.float32)
            return
        distances, positions = search.kneighbors(test)
        similarity = np.maximum(1 - distances, 0).astype(np.float32)
        similarity /= np.maximum(similarity.sum(axis=1, keepdims=True), 1e-12)
        starts = np.arange(len(test) + 1) * k
        self.votes = sparse.csr_array((similarity.ravel(), positions.ravel(), starts), shape=shape)

    def scores(self, labels: sparse.csc_array) -> np.ndarray:
        """Return the share of members among the neighbours, divided by that among all genes."""
        share = (self.votes @ labels.astype(np.float32)).toarray().T
        rates = labels.sum(axis=0) / labels.shape[0]
        found: np.ndarray = (share / rates[:, None]).astype(np.float32)
        return found


class Boosting:
    """Gradient-boosted trees, one model per property and fold, which is slow.

    The seed is that of the binning of features.
    """

    def __init__(self, train: np.ndarray, test: np.ndarray, seed: int = 0) -> None:
        self.train, self.test, self.seed = train, test, seed

    def scores(self, labels: sparse.csc_array) -> np.ndarray:
        """Return the log odds of each test gene, both classes given the same weight."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        found = np.empty((labels.shape[1], len(self.test)), dtype=np.float32)
        for i, members in enumerate(labels.toarray().T):
            model = HistGradientBoostingClassifier(
                class_weight="balanced", early_stopping=False, random_state=self.seed
            )
            model.fit(self.train, members)
            found[i] = model.decision_function(self.test) if len(self.test) else 0
        return found
