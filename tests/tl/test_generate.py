from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe

TRAINED = np.arange(30) != 4


def test_at_the_places_of_the_training(placed):
    reference, _ = placed
    generated = fe.tl.generate(reference, reference.obsm["X_fe"], obs_names=reference.obs_names)
    expected = fe.tl.reconstruct(reference, copy=True).layers["fe"][:, TRAINED]
    np.testing.assert_allclose(generated.X, expected, rtol=1e-5, atol=1e-5)
    assert generated.X.dtype == np.float32
    assert generated.var_names.equals(reference.var_names[TRAINED])
    assert generated.obs_names.equals(reference.obs_names)
    np.testing.assert_array_equal(generated.obsm["X_fe"], reference.obsm["X_fe"])


@pytest.mark.parametrize("kind", [list, np.float64, np.array], ids=["list", "float64", "array"])
def test_a_path_between_two_samples(placed, kind):
    reference, _ = placed
    a, b = reference.obsm["X_fe"][:2]
    path = np.linspace(a, b, 7)
    generated = fe.tl.generate(reference, path.tolist() if kind is list else kind(path))
    assert generated.shape == (7, 29)
    assert generated.obs_names.tolist() == list("0123456")
    ends = fe.tl.reconstruct(reference, copy=True).layers["fe"][:2, TRAINED]
    np.testing.assert_allclose(generated.X[[0, -1]], ends, rtol=1e-5, atol=1e-5)


def test_the_coordinates_are_copied(inner):
    reference, _ = inner
    generated = fe.tl.generate(reference, reference.obsm["X_fe"])
    generated.obsm["X_fe"][:] = 0
    assert reference.obsm["X_fe"].any()


def test_no_coordinates(inner):
    assert fe.tl.generate(inner[0], np.zeros((0, 2))).shape == (0, 29)


def test_from_a_file_and_to_one(placed, tmp_path):
    reference, new = placed
    reference.write_h5ad(tmp_path / "reference.h5ad")
    generated = fe.tl.generate(tmp_path / "reference.h5ad", new.obsm["X_fe"])
    expected = fe.tl.generate(reference, new.obsm["X_fe"])
    assert generated.X.tobytes() == expected.X.tobytes()
    generated.write_h5ad(tmp_path / "generated.h5ad")
    assert fe.io.read_h5ad(tmp_path / "generated.h5ad").X.tobytes() == expected.X.tobytes()


def test_what_was_generated_is_placed_where_it_was_generated(inner):
    reference, _ = inner
    generated = fe.tl.generate(reference, reference.obsm["X_fe"][:8])
    expected = generated.obsm.pop("X_fe")
    fe.tl.transform(generated, reference, progress=False)
    spread = reference.obsm["X_fe"].std()
    # Not exactly: a profile is taken to have noise, and so the prior has a say.
    np.testing.assert_allclose(generated.obsm["X_fe"], expected, atol=0.2 * spread)


@pytest.mark.parametrize(
    ("match", "coordinates", "keywords"),
    [
        (r"\(n, 2\).*not \(3, 5\)", np.zeros((3, 5)), {}),
        (r"\(n, 2\).*not \(2,\)", np.zeros(2), {}),
        ("1 of 3 coordinates are NaN.*row 1", [[0, 0], [np.nan, 0], [0, 0]], {}),
        ("infinite", [[np.inf, 0]], {}),
        ("array of numbers", [["a", "b"]], {}),
        ("array of numbers", [[1], [1, 2]], {}),
        ("2 obs_names for 3", np.zeros((3, 2)), {"obs_names": ["a", "b"]}),
    ],
)
def test_coordinates_that_do_not_fit(inner, match, coordinates, keywords):
    with pytest.raises(ValueError, match=match):
        fe.tl.generate(inner[0], coordinates, **keywords)


def test_no_model(inner, tmp_path):
    reference, new = inner
    with pytest.raises(KeyError, match=r"no trained model.*fe\.tl\.train"):
        fe.tl.generate(new, np.zeros((1, 2)))
    with pytest.raises(KeyError, match="'ef'"):
        fe.tl.generate(reference, np.zeros((1, 2)), key="ef")
    with pytest.raises(TypeError, match="AnnData"):
        fe.tl.generate(3, np.zeros((1, 2)))
    with pytest.raises(ValueError, match="train again"):
        fe.tl.generate(reference[:, :20].copy(), np.zeros((1, 2)))
