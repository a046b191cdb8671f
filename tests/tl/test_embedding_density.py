from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import gaussian_kde, spearmanr

from fe_anndata.matrix.density import density, density_on_grid, estimate
from fe_anndata.tl.embedding_density import embedding_density


def cloud(n, seed=0):
    """Return two oblique clouds, far from the origin."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 2)) @ np.array([[3.0, 1.0], [0.0, 0.5]]) + [100, 0]
    points[: n // 3] += [8, -4]
    return points


@pytest.fixture
def adata():
    n = 600
    obs = pd.DataFrame(
        {
            "group": pd.Categorical(["a"] * 399 + ["b"] * 200 + ["one"]),
            "number": np.arange(n, dtype=float),
        },
        index=[f"s{i}" for i in range(n)],
    )
    return anndata.AnnData(
        np.zeros((n, 2), np.float32), obs=obs, obsm={"X_fe": cloud(n).astype(np.float32)}
    )


@pytest.mark.parametrize("n", [4, 5, 10, 31, 700, 3001])
def test_density_is_the_one_of_scipy(n):
    points = cloud(n)
    expected = gaussian_kde(points.T)(points.T)
    found = density(points)
    np.testing.assert_allclose(found, expected, atol=0.005 * expected.max())
    if n > 5:
        assert spearmanr(found, expected)[0] > 0.98


def test_raster_is_the_one_of_scipy_and_sums_to_one():
    points = cloud(500)
    x, y = np.linspace(75, 130, 111), np.linspace(-20, 20, 121)
    found = density_on_grid(points, x, y)
    expected = gaussian_kde(points.T)(np.stack(np.meshgrid(x, y)).reshape(2, -1))
    np.testing.assert_allclose(found, expected.reshape(121, 111), atol=0.005 * expected.max())
    assert found.sum() * (x[1] - x[0]) * (y[1] - y[0]) == pytest.approx(1, abs=0.01)


def test_density_does_not_depend_on_units_or_order():
    points = cloud(300)
    found = density(points)
    scaled = density(points * [1e6, 1e-3])
    np.testing.assert_allclose(scaled * 1e3, found, rtol=0.02, atol=0.005 * found.max())
    order = np.random.default_rng(1).permutation(300)
    np.testing.assert_allclose(density(points[order]), found[order], rtol=1e-9)


def test_a_point_far_out_does_not_take_all_memory():
    points = np.vstack([cloud(2000), [1e7, -1e7]])
    assert estimate(points).nodes.size < 1100 * 1100
    assert np.isfinite(density(points)).all()


def test_degenerate_points():
    np.testing.assert_array_equal(density(np.full((3, 2), np.nan)), [np.nan] * 3)
    assert density(np.zeros((0, 2))).shape == (0,)
    same = density(np.ones((5, 2)))
    assert (same > 0).all()
    np.testing.assert_allclose(same, same[0])
    x = np.random.default_rng(0).normal(size=200)
    expected = gaussian_kde(x, bw_method=200 ** (-1 / 6))(x)
    for line in (np.column_stack([x, x]), np.column_stack([x, np.full(200, 7.0)])):
        assert spearmanr(density(line), expected)[0] > 0.98


def test_in_place_and_copy(adata):
    assert embedding_density(adata) is None
    values = adata.obs["fe_density"]
    assert (values.min(), values.max()) == (0, 1)
    params = adata.uns["fe_density_params"]
    assert params["covariate"] is None  # as Scanpy has it
    np.testing.assert_array_equal(params["components"], [1, 2])
    before = list(adata.obs)
    new = embedding_density(adata, groupby="group", copy=True)
    assert list(adata.obs) == before
    assert "fe_density_group" in new.obs
    np.testing.assert_array_equal(new.obs["fe_density"], values)


def test_each_group_has_its_own_scale(adata):
    embedding_density(adata, "fe", "group")
    found = adata.obs["fe_density_group"]
    for group in ("a", "b"):
        part = adata[adata.obs["group"] == group].copy()
        embedding_density(part)
        np.testing.assert_array_equal(part.obs["fe_density"], found[part.obs_names])
    assert found.iloc[-1] == 1  # a group of one


def test_missing_groups_and_coordinates_are_missing(adata):
    adata.obs.loc["s0", "group"] = np.nan
    adata.obsm["X_fe"][1, 1] = np.nan
    embedding_density(adata, "fe", "group")
    assert adata.obs["fe_density_group"].isna().tolist() == [True, True] + [False] * 598


def test_scale_agrees_with_scanpy(adata):
    sc = pytest.importorskip("scanpy")
    sc.tl.embedding_density(adata[:-1].copy(), "fe")  # Scanpy cannot do a group of one
    part = adata[:-1].copy()
    part.obs["group"] = part.obs["group"].cat.remove_unused_categories()
    sc.tl.embedding_density(part, "fe", groupby="group", key_added="scanpy")
    embedding_density(part, "fe", "group")
    np.testing.assert_allclose(part.obs["fe_density_group"], part.obs["scanpy"], atol=0.01)


@pytest.mark.parametrize("groupby", [None, "group"])
def test_survives_a_file(adata, tmp_path, groupby):
    embedding_density(adata, "fe", groupby, dimensions=(1, 0))
    adata.write_h5ad(tmp_path / "a.h5ad")
    back = anndata.read_h5ad(tmp_path / "a.h5ad")
    key = "fe_density" + (f"_{groupby}" if groupby else "")
    np.testing.assert_array_equal(back.obs[key], adata.obs[key])
    params = back.uns[f"{key}_params"]
    assert params["covariate"] == groupby
    assert list(params["components"]) == [2, 1]


def test_any_obsm_key_works(adata):
    adata.obsm["plain"] = pd.DataFrame(adata.obsm["X_fe"], index=adata.obs_names)
    embedding_density(adata)
    embedding_density(adata, "plain")
    np.testing.assert_array_equal(adata.obs["plain_density"], adata.obs["fe_density"])


@pytest.mark.parametrize(
    ("error", "match", "keywords"),
    [
        (KeyError, "there is 'fe'", {"basis": "ef"}),
        (KeyError, "did you mean 'group'", {"groupby": "grop"}),
        (TypeError, "astype", {"groupby": "number"}),
        (ValueError, "dimensions", {"dimensions": (0, 5)}),
        (ValueError, "dimensions", {"dimensions": (0,)}),
    ],
)
def test_errors_write_nothing(adata, error, match, keywords):
    with pytest.raises(error, match=match):
        embedding_density(adata, **keywords)
    assert list(adata.obs) == ["group", "number"]
    assert not adata.uns
