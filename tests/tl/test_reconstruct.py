from __future__ import annotations

import anndata
import numpy as np
import pytest
import torch
from anndata import AnnData

import fe_anndata as fe
from fe_anndata._access import decoding

TRAINED = np.arange(30) != 4


def predicted(adata, **keywords):
    return fe.tl.reconstruct(adata, copy=True, **keywords).layers["fe"]


def test_new_samples_are_decoded_at_their_places(placed):
    reference, new = placed
    found = predicted(new, reference=reference)
    assert (found.dtype, found.shape) == (np.float32, new.shape)
    model = fe.get.model(reference)
    with torch.no_grad():
        expected = model.decode(torch.from_numpy(new.obsm["X_fe"]), torch.arange(29)).numpy()
    np.testing.assert_allclose(found[:, TRAINED], expected, rtol=1e-5, atol=1e-5)
    assert np.isnan(found[:, ~TRAINED]).all()


def test_it_agrees_with_the_fit_of_the_placement(inner):
    reference, new = inner
    left = (new.X - predicted(new, reference=reference))[:, TRAINED]
    all_ = (new.X - reference.X.mean(0))[:, TRAINED]
    r2 = 1 - np.square(left).sum(1) / np.square(all_).sum(1)
    # The training centres by the mean of the entries it was not held out from.
    np.testing.assert_allclose(r2, new.obs["fe_r2"], atol=0.05)


def test_training_samples_as_new_ones_give_what_they_gave(placed):
    reference, _ = placed
    again = AnnData(reference.X, obs=reference.obs[[]], var=reference.var[[]])
    again.obsm["X_fe"], again.obs["fe_n_genes"] = reference.obsm["X_fe"], 29
    np.testing.assert_allclose(
        predicted(again, reference=reference), predicted(reference), rtol=1e-5, atol=1e-5
    )


def test_genes_are_found_by_name(placed):
    reference, new = placed
    whole = predicted(new, reference=reference)
    genes = [7, 4, 20, 0, 11]
    few = new[:, genes].copy()
    foreign = AnnData(np.zeros((12, 1), np.float32), obs=new.obs, var={"name": ["foreign"]})
    foreign.var_names = ["foreign"]
    more = anndata.concat([few, foreign], axis="var", merge="first")
    more.obsm = new.obsm
    found = predicted(more, reference=reference)
    np.testing.assert_allclose(found[:, :5], whole[:, genes], rtol=1e-5, atol=1e-5)
    assert np.isnan(found[:, 5]).all()


def test_chunks_do_not_matter(placed, monkeypatch):
    reference, new = placed
    whole = [predicted(reference), predicted(new, reference=reference)]
    monkeypatch.setattr(decoding, "VALUES", 100)
    for one, other in zip(
        whole, [predicted(reference), predicted(new, reference=reference)], strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_reference_and_new_samples_through_files(placed, tmp_path):
    reference, new = placed
    expected = predicted(new, reference=reference)
    reference.write_h5ad(tmp_path / "reference.h5ad")
    new.write_h5ad(tmp_path / "new.h5ad")
    back = fe.io.read_h5ad(tmp_path / "new.h5ad")
    for path in (tmp_path / "reference.h5ad", str(tmp_path / "reference.h5ad")):
        assert predicted(back, reference=path).tobytes() == expected.tobytes()


def test_a_sample_placed_nowhere(inner):
    reference, new = inner
    new.X[3] = np.nan
    with pytest.warns(UserWarning, match="placed nowhere"):
        fe.tl.transform(new, reference, progress=False)
    found = predicted(new, reference=reference)
    assert np.isnan(found[3]).all()
    assert np.isfinite(np.delete(found, 3, 0)[:, TRAINED]).all()


def test_another_key():
    adata = fe.datasets.simulated(40, 30, 3)
    reference, new = adata[:30].copy(), adata[30:].copy()
    fe.tl.train(reference, steps=10, key_added="k", progress=False)
    fe.tl.transform(new, reference, key="k", progress=False)
    assert np.isfinite(predicted(new, reference=reference, key="k")).all()
    with pytest.raises(KeyError, match="'k'"):
        predicted(new, reference=reference)


def unplaced(reference, new):
    return AnnData(new.X, obs=new.obs, var=new.var), reference


def not_by_transform(reference, new):
    del new.obs["fe_n_genes"]
    return new, reference


def other_width(reference, new):
    new.obsm["X_fe"] = np.zeros((12, 3), np.float32)
    return new, reference


def itself(reference, new):
    return reference, reference


def no_reference(reference, new):
    return new, None


def untrained(reference, new):
    return new, AnnData(reference.X, var=reference.var[[]])


def foreign_genes(reference, new):
    new.var_names = [f"ENSG{i:011d}" for i in range(30)]
    return new, reference


def newer(reference, new):
    reference.uns["fe"].update(version="99.0.0", format=99)
    return new, reference


def no_path(reference, new):
    return new, "none.h5ad"


def a_number(reference, new):
    return new, 3


REFUSED = [
    (unplaced, KeyError, r"not been placed.*fe\.tl\.transform"),
    (not_by_transform, KeyError, r"not been placed.*fe\.tl\.transform"),
    (other_width, ValueError, r"\(12, 3\).*2 dimensions.*fe\.tl\.transform"),
    (itself, ValueError, "itself trained.*leave reference out"),
    (no_reference, KeyError, r"placed by fe\.tl\.transform.*reference="),
    (untrained, KeyError, r"no trained model.*fe\.tl\.train"),
    (foreign_genes, ValueError, "no gene in common.*Ensembl"),
    (newer, ValueError, "99.*pip install"),
    (no_path, ValueError, "no file none.h5ad"),
    (a_number, TypeError, "reference must be an AnnData or the path"),
]


@pytest.mark.parametrize("use", [fe.tl.reconstruct, fe.tl.impute])
@pytest.mark.parametrize(("change", "error", "match"), REFUSED)
def test_refused_and_nothing_written(inner, use, change, error, match):
    new, reference = change(*inner)
    layers = list(new.layers)
    with pytest.raises(error, match=match):
        use(new, reference=reference)
    assert list(new.layers) == layers


def test_another_reference_than_the_one_that_samples_were_placed_in():
    first, other = (fe.datasets.simulated(40, 30, 4) for _ in range(2))
    fe.tl.train(first, steps=20, progress=False)
    fe.tl.train(other, steps=20, rng=1, progress=False)
    new = fe.datasets.simulated(12, 30, 4)
    new.obs_names = [f"new{i}" for i in range(12)]
    fe.tl.transform(new, first, progress=False)
    for verb in (fe.tl.reconstruct, fe.tl.impute):
        with pytest.raises(ValueError, match="places in another model than that of the reference"):
            verb(new, reference=other)
    fe.tl.reconstruct(new, reference=first)
    del new.uns["fe_placed_in"]  # as an earlier version wrote it
    fe.tl.reconstruct(new, reference=other)
