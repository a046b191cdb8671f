"""Families by name, and what a model says that cannot do something."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from fe_anndata import models
from fe_anndata.models.base import Family
from fe_anndata.models.option import option
from fe_anndata.models.options import Options
from fe_anndata.models.trained import Trained


@dataclass(frozen=True)
class Mean(Options):
    """Options of the mean."""

    trim: float = option(0.0, "Share of the values left out.", least=0, most=0.5)


class MeanFamily(Family):
    """One number for each gene."""

    name, options = "mean", Mean

    def task(self, problem, options, facts):
        raise NotImplementedError

    def load(self, options, samples, genes, arrays):
        raise NotImplementedError


class TrainedMean(Trained):
    """It knows its tables and nothing else."""

    def samples(self):
        return np.zeros((3, 1), np.float32)

    genes = samples

    def arrays(self):
        return {}


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(models, "_registered", {})
    models.register(MeanFamily())


def test_families_by_name():
    assert models.family("fe").options is models.FE
    assert models.family_of(models.FE(sample_dim=3)) is models.family("fe")
    with pytest.raises(ValueError, match="one of 'fe', 'generain', 'exceiver', not 'FE'"):
        models.family("FE")
    with pytest.raises(TypeError, match=r"options, such as fe.models.FE\(\), not Mean"):
        models.family_of(Mean())
    with pytest.raises(AttributeError, match="has no attribute 'VAE'"):
        models.VAE  # noqa: B018


@pytest.mark.usefixtures("registered")
def test_a_family_is_registered():
    assert list(models.families()) == ["fe", "generain", "exceiver", "mean"]
    assert models.family_of(Mean(0.1)).name == "mean"
    models.register(MeanFamily())  # again: a notebook runs a cell twice
    chosen = models.family("mean").choose("default", {"trim": 0.2}, {})
    assert chosen == Mean(0.2)
    with pytest.raises(TypeError, match="trim is an option of the family 'mean', not of 'fe'"):
        models.family("fe").choose("default", {"trim": 0.1}, {"mean": Mean})


@pytest.mark.usefixtures("registered")
def test_a_name_belongs_to_one_family():
    class Other(MeanFamily):
        """Another one."""

    with pytest.raises(ValueError, match="there is another family named 'mean'"):
        models.register(Other())

    class Taken(MeanFamily):
        """One of our name."""

        name = "fe"

    with pytest.raises(ValueError, match="the name 'fe' belongs to a family of fe_anndata"):
        models.register(Taken())
    models.register(models.family("fe"))


def test_what_a_model_cannot_do_it_says():
    mean, none = TrainedMean(), np.zeros((1, 1), np.float32)
    for call, words in (
        (lambda: mean.module, "is no torch module"),
        (lambda: mean.placing(np.arange(1)), "places no new samples"),
        (lambda: mean.decode(none, np.arange(1)), "does not predict expression"),
        (lambda: mean.decode_pairs(np.arange(1), np.arange(1)), "does not predict expression"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert not mean.can_decode
    assert mean.unit() is None
    family = MeanFamily()
    assert family.needs_whole(Mean()) is None
    assert family.upgraded({"trim": 0.1}) == {"trim": 0.1}
    assert family.loss == "mse"


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, False),
        ({"minibatch": "tiles"}, True),
        ({"decoder": "concat"}, True),
        ({"decoder": "dot"}, True),
    ],
)
def test_whether_the_matrix_has_to_be_in_memory(changes, needs):
    why = models.family("fe").needs_whole(models.FE(**changes))
    assert (why is not None) == needs
    if needs:
        assert "needs the matrix in memory; minibatch='full' reads it by blocks" in why
