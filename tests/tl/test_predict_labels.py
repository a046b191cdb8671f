"""Classes of new samples, of each family that learns them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe
from tests.models.exceiver import conftest as exceiver
from tests.models.generain import conftest as generain

QUICK = {
    "exceiver": exceiver.QUICK | {"steps": 40, "evaluate_every": 20, "learning_rate": 1e-2},
    "generain": generain.QUICK | {"steps": 40, "evaluate_every": 20, "learning_rate": 1e-2},
}
FAMILIES = tuple(QUICK)


def cohort(family, n_obs=120, rng=0):
    made = {
        "exceiver": lambda: exceiver.cohort(n_obs, 120, rng=rng, apart=1.5),
        "generain": lambda: generain.cohort(n_obs, rng=rng, zeros=0.0, apart=1.5),
    }[family]()
    made.obs["kind"] = made.obs["kind"].map({"0": "b", "1": "a", "2": "c"})
    return made


def learned(family, **more):
    adata = cohort(family)
    given = {"labels_key": "kind", "validation": 0.4, **QUICK[family], **more}
    fe.tl.train(adata, family, **given)
    return adata


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request):
    return learned(request.param), request.param


@pytest.fixture(scope="module")
def counts():
    return learned("exceiver")


def predicted(adata, reference, key, **more):
    found = fe.tl.predict_labels(adata, reference, key=key, progress=False, copy=True, **more)
    names = ("predicted_label", "predicted_probability", "abstained")
    return [found.obs[f"{key}_{name}"] for name in names]


def test_the_classes_are_right_and_are_those_of_transform(trained, tmp_path):
    reference, key = trained
    reference.write_h5ad(tmp_path / "a.h5ad")
    new = cohort(key, 30, rng=5)
    label, sure, abstained = predicted(new, tmp_path / "a.h5ad", key, least=0)
    placed = fe.tl.transform(new, reference, key=key, progress=False, copy=True)
    assert (abstained == placed.obs[f"{key}_outlier"]).all()
    kept = ~abstained
    assert kept.sum() > 15
    assert (label[kept] == placed.obs[f"{key}_label"][kept]).all()
    assert (label[kept].astype(str) == new.obs["kind"][kept]).mean() > 0.9
    assert label[abstained].isna().all()
    np.testing.assert_array_equal(sure, placed.obs[f"{key}_label_probability"])
    assert isinstance(label.dtype, pd.CategoricalDtype)
    assert abstained.dtype == bool


def test_the_temperature_is_stored_and_used(trained):
    reference, key = trained
    facts = reference.uns[key]["labels"]
    assert facts["n_held_out"] == 48
    assert facts["temperature"] > 0
    assert facts["temperature"] != 1
    before, after = facts["calibration_error"]
    assert 0 <= before <= 1
    assert 0 <= after <= 1
    new = cohort(key, 30, rng=5)
    cooled = fe.tl.transform(new, reference, key=key, progress=False, copy=True)
    old = without_temperature(reference, key)
    plain = fe.tl.transform(new, old, key=key, progress=False, copy=True)
    name = f"{key}_probabilities"
    raised = plain.obsm[name].astype(float) ** (1 / facts["temperature"])
    raised /= raised.sum(1, keepdims=True)
    np.testing.assert_allclose(cooled.obsm[name], raised, rtol=1e-3, atol=1e-5)


def without_temperature(reference, key):
    """Return a model as it was stored before temperatures were."""
    old = reference.copy()
    stored = dict(old.uns[key])
    new = ("temperature", "calibration_error")
    for place in (stored, stored["checksums"]):
        place["labels"] = {n: v for n, v in place["labels"].items() if n not in new}
    old.uns[key] = stored
    return old


def test_less_probable_classes_are_not_named(counts):
    new = exceiver.cohort(30, 120, rng=5, apart=1.5)
    label, sure, _ = predicted(new, counts, "exceiver", least=0)
    middle = float(sure[label.notna()].median())
    some, same, abstained = predicted(new, counts, "exceiver", least=middle)
    np.testing.assert_array_equal(same, sure)
    assert (abstained == (label.isna() | (sure < middle))).all()
    assert 0 < some.notna().sum() < label.notna().sum()


def test_outliers_and_empty_samples_abstain(counts):
    new = exceiver.cohort(6, 120, rng=5, apart=1.5)
    X = new.X.toarray()
    X[1] = X[1][::-1]
    X[2] = 0
    new.X = X
    with pytest.warns(UserWarning, match="no value or only zeros"):
        strange = fe.tl.transform(new, counts, key="exceiver", progress=False, copy=True)
    assert strange.obs["exceiver_outlier"].iloc[1]
    label, sure, abstained = predicted(new, counts, "exceiver", least=0)
    assert abstained.iloc[[1, 2]].all()
    assert label.iloc[[1, 2]].isna().all()
    assert np.isfinite(sure.iloc[1])
    assert np.isnan(sure.iloc[2])


def test_few_held_out_labels_leave_the_temperature_at_one():
    facts = learned("exceiver", validation=0.1).uns["exceiver"]["labels"]
    assert facts["n_held_out"] == 12
    assert facts["temperature"] == 1
    assert "calibration_error" not in facts


def test_nothing_but_columns_is_written(counts):
    again = counts.copy()
    before = set(again.obs)
    assert fe.tl.predict_labels(again, again, key="exceiver", progress=False) is None
    added = {"predicted_label", "predicted_probability", "abstained"}
    assert set(again.obs) - before == {f"exceiver_{name}" for name in added}
    assert set(again.obsm) == set(counts.obsm)
    named = again.obs["exceiver_predicted_label"]
    assert (named == again.obs["kind"])[named.notna()].mean() > 0.9
    fe.tl.predict_labels(again, counts, key="exceiver", key_added="other", progress=False)
    assert "other_abstained" in again.obs


def test_what_is_refused(counts):
    new = exceiver.cohort(5, 120, rng=5)
    both = counts.copy()
    fe.tl.train(both, steps=5, progress=False)
    with pytest.raises(ValueError, match=r"learned no classes.*labels_key=.*key='exceiver'\?"):
        fe.tl.predict_labels(new, both)
    with pytest.raises(KeyError, match="exceiver"):
        fe.tl.predict_labels(new, counts, key="exceivr")
    for least in (1.5, -0.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 1"):
            fe.tl.predict_labels(new, counts, key="exceiver", least=least)
    with pytest.raises(TypeError, match="least"):
        fe.tl.predict_labels(new, counts, key="exceiver", least="half")
    assert list(new.obs) == ["kind"]
