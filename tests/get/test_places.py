"""Grids and paths, and the profiles generated there."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from tests.refusals import small


@pytest.fixture(scope="module")
def adata():
    made = small()
    made.obs["score"] = np.arange(40.0)
    made.obs["batch"] = np.arange(40) % 2
    fe.tl.train(made, steps=20, progress=False)
    fe.tl.train(made, steps=10, sample_dim=4, key_added="four", progress=False)
    fe.tl.train(made, steps=10, sample_dim=3, key_added="three", progress=False)
    return made


def test_a_grid_over_the_samples(adata):
    grid = fe.get.grid(adata, 6)
    u = adata.obsm["X_fe"]
    assert grid.shape == (36, 2)
    assert grid.columns.tolist() == ["FE1", "FE2"]
    assert (grid.dtypes == np.float32).all()
    assert (grid.min() < u.min(axis=0)).all()
    assert (grid.max() > u.max(axis=0)).all()
    assert fe.get.grid(adata, 4, key="three").shape == (64, 3)
    profiles = fe.tl.generate(adata, grid)
    assert profiles.shape == (36, 30)
    np.testing.assert_array_equal(profiles.obsm["X_fe"], grid)


def test_a_grid_in_more_than_three_dimensions(adata):
    with pytest.raises(ValueError, match=r"4 dimensions has 50\^4 nodes.*get\.path"):
        fe.get.grid(adata, key="four")


@pytest.mark.parametrize("points", [1, 2.5, True, "many"])
def test_points_that_are_none(adata, points):
    with pytest.raises(ValueError, match="points must be an integer of at least 2"):
        fe.get.grid(adata, points)
    with pytest.raises(ValueError, match="points must be an integer of at least 2"):
        fe.get.path(adata, list(adata.obs_names[:2]), points)


def test_a_path_goes_through_samples_means_and_coordinates(adata):
    stops = [adata.obs_names[3], ("group", "group 2"), [5.0, -7.0]]
    path = fe.get.path(adata, stops, 11)
    u = adata.obsm["X_fe"]
    mean = u[(adata.obs["group"] == "group 2").to_numpy()].mean(axis=0)
    np.testing.assert_allclose(path.iloc[0], u[3], rtol=1e-6)
    np.testing.assert_allclose(path.iloc[-1], [5, -7])
    lengths = np.linalg.norm(np.diff([u[3], mean, [5, -7]], axis=0), axis=1)
    apart = np.linalg.norm(np.diff(path, axis=0), axis=1)
    np.testing.assert_allclose(np.median(apart), lengths.sum() / 10, rtol=1e-4)
    assert fe.get.path(adata, adata.obs_names[:2], key="four").shape == (50, 4)
    assert fe.tl.generate(adata, path).shape == (11, 30)


def test_groups_are_named_by_the_text_of_their_values(adata):
    made = adata.copy()
    made.obs["batch"] = made.obs["batch"].astype("category")
    path = fe.get.path(made, [("batch", 0), ("batch", "1")], 2)
    expected = made.obsm["X_fe"][1::2].mean(axis=0)
    np.testing.assert_allclose(path.iloc[1], expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("error", "match", "stops"),
    [
        (ValueError, "at least two stops", ["s"]),
        (ValueError, "at least two stops", "sample"),
        (ValueError, "at least two stops", ("group", "group 1")),
        (KeyError, r"no sample 'smaple1'.*column of adata\.obs", ["smaple1", [0, 0]]),
        (KeyError, "did you mean 'group'", [("gruop", "group 1"), [0, 0]]),
        (KeyError, "did you mean 'group 1'", [("group", "grup 1"), [0, 0]]),
        (TypeError, "holds numbers", [("score", "1"), [0, 0]]),
        (ValueError, "2 coordinates", [[0, 0, 0], [1, 1]]),
        (ValueError, "2 coordinates", [None, [1, 1]]),
        (ValueError, "no finite coordinates", [[np.nan, 0], [1, 1]]),
        (ValueError, "one place", [[1, 1], [1, 1]]),
    ],
)
def test_stops_that_do_not_fit(adata, error, match, stops):
    with pytest.raises(error, match=match):
        fe.get.path(adata, stops)


def test_generated_profiles_know_how_far_they_are(adata):
    u = adata.obsm["X_fe"]
    profiles = fe.tl.generate(adata, np.concatenate([u[:3], 100 + u[:1]]))
    distance = profiles.obs["fe_distance"]
    assert distance.dtype == np.float32
    np.testing.assert_allclose(distance[:3], 0, atol=1e-3)
    assert distance.iloc[3] > 50
    other = fe.tl.generate(adata, adata.obsm["X_four"][:1] + 1, key="four")
    assert other.obs.columns.tolist() == ["four_distance"]
