import numpy as np
import pandas as pd
import pytest

from fe_anndata._access.batches import NewBatches, learned

OBS = pd.DataFrame(
    {
        "donor": ["a", "b", "a", "c", "b", "a"],
        "run": pd.Categorical(["1", "2", "2", "1", "2", "1"], categories=["2", "1", "never"]),
        "age": [20.0, 30, 40, 50, 60, 70],
        "one": "x",
        "id": list("uvwxyz"),
        "flat": 3.0,
        "tenth": 0.1,
        "huge": np.arange(6) * 1e200,
    },
    index=[f"s{i}" for i in range(6)],
)


def test_groups_and_numbers_become_covariates_around_zero():
    design = learned(OBS, ["donor", "age"])
    C = design.covariates(OBS)
    assert C.dtype == np.float32
    assert design.table["level"].tolist() == ["a", "b", "c", ""]
    np.testing.assert_allclose(C.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(C[:, 3], (OBS["age"] - 45) / OBS["age"].std(ddof=0), rtol=1e-6)
    np.testing.assert_allclose(C[0, :3], [0.5, -1 / 3, -1 / 6], rtol=1e-6)


def test_levels_without_a_sample_are_none():
    assert learned(OBS, ["run"]).levels("run") == ["2", "1"]


def test_the_batch_of_a_sample_is_that_of_all_columns_of_groups():
    found = learned(OBS, ("donor", "run", "age")).of(OBS)
    assert len(np.unique(found.groups)) == 4
    assert found.groups[0] == found.groups[5] != found.groups[2]
    assert not learned(OBS, ["age"]).of(OBS).groups.any()


@pytest.mark.parametrize(
    ("key", "error", "said"),
    [
        ("doner", KeyError, "did you mean 'donor'"),
        ("one", ValueError, "same value for all samples"),
        ("flat", ValueError, "same value for all samples"),
        ("tenth", ValueError, "same value for all samples"),
        ("huge", ValueError, "too large or too small"),
        ("id", ValueError, "another value for each sample"),
        (["donor", "donor"], ValueError, "twice"),
        ([], ValueError, "no column"),
    ],
)
def test_columns_that_tell_no_batches(key, error, said):
    with pytest.raises(error, match=said):
        learned(OBS, [key] if isinstance(key, str) else key)


@pytest.mark.parametrize("key", ["donor", "age"])
def test_a_missing_value_names_its_sample(key):
    obs = OBS.copy()
    obs.loc["s3", key] = np.nan
    with pytest.raises(ValueError, match=r"missing for 1 samples, such as 's3'"):
        learned(obs, [key])


def test_an_infinite_number_names_its_sample():
    obs = OBS.assign(age=[1, 2, np.inf, 3, 4, 5])
    with pytest.raises(ValueError, match="infinite for the sample 's2'"):
        learned(obs, ["age"])


def test_what_is_unknown_lies_at_the_mean():
    design = learned(OBS, ["donor", "age"])
    new = pd.DataFrame({"donor": ["b", "z", None], "age": [45.0, np.nan, 70]})
    with pytest.warns(UserWarning, match=r"2 samples .* \(donor=z, donor=None\): they count"):
        found = NewBatches.of(new, design, estimated=False)
    np.testing.assert_allclose(found.covariates[0], design.covariates(OBS)[1] * [1, 1, 1, 0])
    np.testing.assert_allclose(found.covariates[1], 0)
    assert found.unknown.tolist() == [-1, 0, 1]
    assert found.covariates[2, :3].tolist() == [0, 0, 0]
    assert found.covariates[2, 3] > 1


def test_without_the_column_all_are_unknown():
    with pytest.warns(UserWarning, match="6 samples"):
        found = NewBatches.of(OBS[["age"]], learned(OBS, ["donor"]), estimated=True)
    assert not found.covariates.any()
    assert found.estimated


def test_small_batches_are_said():
    with pytest.warns(UserWarning, match="fewer than 5 samples"):
        learned(OBS, ["donor"])
