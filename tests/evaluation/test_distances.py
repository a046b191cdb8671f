"""Distances kept, against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr

from fe_anndata.evaluation import distances_kept


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(60, 10)).astype(np.float32)


def test_a_rotation_keeps_all(points):
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 10)))[0]
    kept = distances_kept(points, 3 * points @ rotation)
    assert kept == pytest.approx({"pearson": 1, "spearman": 1, "neighbours": 1})


def test_correlations_are_those_of_scipy(points):
    kept = distances_kept(points, points[:, :2])
    pairs = pdist(points), pdist(points[:, :2])
    assert kept["pearson"] == pytest.approx(pearsonr(*pairs)[0], abs=1e-6)
    assert kept["spearman"] == pytest.approx(spearmanr(*pairs)[0], abs=1e-6)


def test_neighbours_by_hand():
    line = np.arange(40.0)[:, None]
    kept = distances_kept(line, np.random.default_rng(0).permutation(line))
    # 15 of 39 others by chance.
    assert kept["neighbours"] == pytest.approx(15 / 39, abs=0.06)
    assert abs(kept["pearson"]) < 0.2


def test_too_few_or_all_in_one_place(points):
    assert all(np.isnan(list(distances_kept(points[:2], points[:2]).values())))
    kept = distances_kept(points, np.zeros((60, 2)))
    assert np.isnan(kept["pearson"])
    assert np.isnan(kept["spearman"])
