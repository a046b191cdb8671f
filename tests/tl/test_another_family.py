"""A family is one file and one call of ``register``: everything else knows no family by name."""

from __future__ import annotations

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata import models
from tests import toy_family
from tests.refusals import refuses, small
from tests.toy_family import Toy


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setattr(models, "_registered", {})
    toy_family.register()


@pytest.fixture
def trained():
    adata = small()
    adata.X[3, 5] = np.nan
    fe.tl.train(adata, "toy", mask_var=np.arange(30) != 7)
    return adata


def test_training_writes_the_places_under_its_name(trained):
    assert trained.obsm["X_toy"].shape == (40, 1)
    assert trained.varm["toy"].shape == (30, 1)
    assert np.isnan(trained.varm["toy"]).any(axis=1).tolist() == [i == 7 for i in range(30)]
    assert trained.var["toy_trained"].sum() == 29
    params = trained.uns["toy"]["params"]
    assert (params["model"], params["recipe"], params["rate"], params["mood"]) == (
        "toy", "default", 0.1, "good",
    )  # fmt: skip
    assert set(trained.uns) - {"fe"} >= {"toy"}
    assert fe.get.history(trained, key="toy")["step"].tolist() == [0, 5, 10, 15, 20]
    assert fe.get.sample_embedding(trained, key="toy").columns.tolist() == ["TOY1"]


def test_through_a_file_into_every_verb(trained, tmp_path):
    fe.io.write_h5ad(trained, tmp_path / "a.h5ad")
    back = fe.io.read_h5ad(tmp_path / "a.h5ad")
    new = small(rng=5)
    for reference in (trained, back, tmp_path / "a.h5ad"):
        placed = fe.tl.transform(new, reference, key="toy", copy=True)
        expected = np.nanmean(new.X - trained.varm["toy"][:, 0], axis=1)
        np.testing.assert_allclose(placed.obsm["X_toy"][:, 0], expected, rtol=1e-4)
        assert "X_toy_se" not in placed.obsm
        fe.tl.reconstruct(placed, reference=reference, key="toy")
        np.testing.assert_allclose(
            placed.layers["fe"], placed.obsm["X_toy"] + trained.varm["toy"].T, rtol=1e-5
        )
    fe.tl.impute(back, key="toy")
    assert np.isfinite(back.layers["fe_imputed"]).all()
    assert fe.tl.generate(back, np.ones((2, 1)), key="toy").shape == (2, 29)
    assert len(fe.tl.similar_genes(back, "gene1", key="toy")) == 10
    assert fe.pl.reconstruction(back, key="toy", entries="all", show=False).get_title()
    with pytest.raises(ValueError, match="no entries were held out"):
        fe.pl.reconstruction(back, key="toy", show=False)
    with pytest.raises(ValueError, match="no torch module"):
        fe.get.model(back, key="toy")


def test_resumed(tmp_path):
    unbroken, broken, by_object = small(), small(), small()
    fe.tl.train(unbroken, "toy", steps=40)
    fe.tl.train(broken, "toy", steps=12)
    fe.tl.train(by_object, Toy(steps=12))
    fe.tl.train(broken, "toy", resume=True, steps=40)
    fe.tl.train(by_object, Toy(steps=40), resume=True)
    for adata in (broken, by_object):
        assert adata.obsm["X_toy"].tobytes() == unbroken.obsm["X_toy"].tobytes()
        assert adata.varm["toy"].tobytes() == unbroken.varm["toy"].tobytes()
    kept = small()
    for steps in (10, 40):
        fe.tl.train(kept, "toy", steps=steps, checkpoint=tmp_path / "run", resume=True)
    assert kept.varm["toy"].tobytes() == unbroken.varm["toy"].tobytes()


def test_a_file_of_a_family_that_is_not_known(trained, monkeypatch):
    monkeypatch.setattr(models, "_registered", {})
    with pytest.raises(ValueError, match=r"the family 'toy'.*fe\.models\.register"):
        fe.tl.reconstruct(trained, key="toy")


def test_two_families_in_one_file(trained):
    fe.tl.train(trained, steps=5)
    assert {"X_fe", "X_toy"} <= set(trained.obsm)
    refuses(trained, ValueError, "resume", "model", model="toy", key_added="fe", resume=True)


def test_it_is_listed_with_its_options():
    table = fe.tl.models()
    own = table[table["family"] == "toy"].set_index("option")
    assert own["default"].to_dict() == {"steps": "20", "rate": "0.1", "mood": "'good'"}
    assert own.loc["rate", "type"] == "float"
    assert own.loc["steps", "meaning"] == "At most so many steps."
    assert "rate : float, default 0.1" in Toy.__doc__


@pytest.mark.parametrize(
    ("error", "words", "keywords"),
    [
        (TypeError, ["sample_dim", "of the families 'fe' and 'exceiver', not of 'toy'"],
         {"model": "toy", "sample_dim": 3}),
        (TypeError, ["mood", "of the family 'toy', not of 'fe'"], {"mood": "bad"}),
        (TypeError, ["'toy' has no option 'raet'", "did you mean 'rate'"],
         {"model": "toy", "raet": 1}),
        (ValueError, ["rate", "positive", "-1"], {"model": "toy", "rate": -1}),
        (ValueError, ["'trofimov2020' is one of the family 'fe', not of 'toy'"],
         {"model": "toy", "recipe": "trofimov2020"}),
        (ValueError, ["recipe", "'slow'", "'fast'"], {"model": "toy", "recipe": "fast"}),
        (ValueError, ["model", "'fe'", "'toy'", "'tyo'"], {"model": "tyo"}),
    ],
    ids=str,
)  # fmt: skip
def test_options_of_another_family(adata, error, words, keywords):
    refuses(adata, error, *words, **keywords)


def test_its_name_is_its_own():
    with pytest.raises(ValueError, match="another family named 'toy'"):
        models.register(type("Other", (toy_family.ToyFamily,), {})())
    with pytest.raises(ValueError, match="belongs to a family of fe_anndata"):
        models.register(type("Other", (toy_family.ToyFamily,), {"name": "fe"})())
    toy_family.register()  # twice is no harm
    assert list(models.families()) == ["fe", "generain", "exceiver", "toy"]


def test_a_matrix_in_a_file(tmp_path):
    adata = small()
    adata.write_h5ad(tmp_path / "a.h5ad")
    found = fe.tl.train(tmp_path / "a.h5ad", "toy")
    fe.tl.train(adata, "toy")
    assert found.obsm["X_toy"].tobytes() == adata.obsm["X_toy"].tobytes()
