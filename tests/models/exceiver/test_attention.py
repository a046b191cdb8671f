"""What latent vectors take of genes: as numbers, and as a picture."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import fe_anndata as fe
from fe_anndata._access.layers import layers_of
from fe_anndata._access.results import trained_model
from fe_anndata.models.exceiver.trained import Reader
from tests.models.exceiver.conftest import QUICK, cohort


@pytest.fixture(scope="module")
def adata():
    made = cohort()
    made = made[:, np.random.default_rng(0).permutation(80)].copy()  # names are in no order
    made.obs["text"] = made.obs["kind"].map({"0": "zero", "1": "one", "2": "two"})
    fe.tl.train(made, "exceiver", **QUICK | {"steps": 30})
    return made


@pytest.fixture(autouse=True)
def _no_window():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def test_weights_add_up_to_one_over_counted_genes(adata):
    found = fe.get.attention(adata, key="exceiver")
    assert found.shape == adata.shape
    assert list(layers_of(found)) == ["latent1", "latent2", "latent3"]
    for values in (found.X, *layers_of(found).values()):
        np.testing.assert_allclose(values.toarray().sum(1), 1, rtol=1e-5)
        assert values.dtype == np.float32
        assert ((values.toarray() > 0) == (adata.X.toarray() > 0)).all()
    mean = np.mean([values.toarray() for values in layers_of(found).values()], axis=0)
    np.testing.assert_allclose(found.X.toarray(), mean, rtol=1e-5)
    assert found.obs["kind"].tolist() == adata.obs["kind"].tolist()


def test_they_are_what_the_network_gathers_by(adata):
    """Compare with scores that are computed gene by gene, from the network's own tables."""
    model, _ = trained_model(adata, "exceiver")
    network, reader = model.network, Reader(model, np.arange(80))
    row = 7
    X = adata.X[row].toarray()
    tables = network.tables(reader.tables, np.arange(int(X.max()) + 1))
    heads, scores = network.options.heads, {}
    for column in np.flatnonzero(X[0]):
        number = sorted(adata.var_names).index(adata.var_names[column])
        scores[column] = tables.score_of_gene[number] + tables.score_of_value[int(X[0, column])]
    shares = torch.stack(list(scores.values())).softmax(0).view(len(scores), heads, -1).mean(1)
    found = fe.get.attention(adata, adata.obs_names[row], key="exceiver")
    for i in range(3):
        ours = found.layers[f"latent{i + 1}"].toarray()[0, list(scores)]
        np.testing.assert_allclose(ours, shares[:, i], rtol=1e-4, atol=1e-7)


def test_samples_and_genes_are_chosen_in_the_order_given(adata):
    whole = fe.get.attention(adata, key="exceiver")
    samples, genes = ["s031", "s002", "s017"], ["g070", "g003"]
    some = fe.get.attention(adata, samples, genes, key="exceiver")
    assert some.obs_names.tolist() == samples
    assert some.var_names.tolist() == genes
    np.testing.assert_array_equal(some.X.toarray(), whole[samples, genes].X.toarray())
    less = adata[::2].copy()  # samples may have been left out since
    part = fe.get.attention(less, key="exceiver")
    np.testing.assert_array_equal(part.X.toarray(), whole[::2].X.toarray())


def test_new_samples_by_a_reference(adata, tmp_path):
    adata.write_h5ad(tmp_path / "a.h5ad")
    new = cohort(4, rng=3)[:, 5:].copy()
    X = new.X.toarray()
    X[2] = 0
    new.X = X
    found = fe.get.attention(new, reference=tmp_path / "a.h5ad", key="exceiver")
    assert found.shape == (4, 75)
    assert found.X.toarray()[2].sum() == 0
    np.testing.assert_allclose(found.X.toarray()[[0, 1, 3]].sum(1), 1, rtol=1e-5)
    new.layers["counts"], new.X = new.X, X * 0.5
    same = fe.get.attention(new, layer="counts", reference=adata, key="exceiver")
    np.testing.assert_array_equal(same.X.toarray(), found.X.toarray())
    with pytest.raises(ValueError, match="no count"):
        fe.get.attention(new, reference=adata, key="exceiver")


def test_a_heat_map_of_means_by_group(adata):
    axes = fe.pl.attention(adata, groupby="text", n_genes=9, key="exceiver", show=False)
    assert [ax.get_title() for ax in axes] == ["one", "two", "zero"]
    names = [label.get_text() for label in axes[0].get_yticklabels()]
    assert len(set(names)) == 9
    whole = fe.get.attention(adata, key="exceiver")
    every = []
    for ax in axes:
        image = ax.images[0]
        group = whole[adata.obs["text"] == ax.get_title()]
        means = np.column_stack([np.asarray(v.mean(0)).ravel() for v in layers_of(group).values()])
        places = whole.var_names.get_indexer(names)
        np.testing.assert_allclose(image.get_array(), 100 * means[places], rtol=1e-4)
        assert image.get_clim() == axes[0].images[0].get_clim()
        every.append(means)
    least = min(np.max(every, axis=0)[places].max(1))
    others = np.delete(np.max(every, axis=0), places, axis=0)
    assert least >= others.max()
    assert axes[0].images[0].get_clim()[1] == pytest.approx(100 * np.max(every), rel=1e-4)


def test_a_heat_map_of_one_sample_and_given_genes(adata):
    ax = plt.figure().add_subplot()
    genes = ["g001", "g005", "g040"]
    assert fe.pl.attention(adata, "s003", genes, key="exceiver", ax=ax, vmax=50) is ax
    assert ax.get_title() == "s003"
    assert {label.get_text() for label in ax.get_yticklabels()} == set(genes)
    assert ax.images[0].get_clim() == (0, 50)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first gene is at the top


def test_names_do_not_touch(adata):
    axes = fe.pl.attention(adata, groupby="text", n_genes=40, key="exceiver", show=False)
    figure = axes[0].figure
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes[0].get_yticklabels()]
    assert all(a.y0 >= b.y1 - 1 for a, b in pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0
    panels = [ax.get_tightbbox() for ax in axes]
    assert all(a.x1 < b.x0 for a, b in pairwise(panels))


def test_what_cannot_be_asked(adata):
    ask = (fe.get.attention, fe.pl.attention)
    both = adata.copy()
    fe.tl.train(both, steps=5, progress=False)
    for verb in ask:
        with pytest.raises(ValueError, match=r"no latent vectors.*fe\.tl\.train"):
            verb(both)
        with pytest.raises(KeyError, match="'exceiver'"):
            verb(adata, key="exceivr")
        with pytest.raises(KeyError, match="no sample 's0099'"):
            verb(adata, "s0099", key="exceiver")
        with pytest.raises(KeyError, match="no trained gene 'nogene'"):
            verb(adata, "s001", ["g001", "nogene"], key="exceiver")
        with pytest.raises(ValueError, match="no sample is named"):
            verb(adata, [], key="exceiver")
    with pytest.raises(KeyError, match="'kind'"):
        fe.pl.attention(adata, groupby="knd", key="exceiver")
    for wrong in (0, 101):
        with pytest.raises(ValueError, match="1 to 100"):
            fe.pl.attention(adata, n_genes=wrong, key="exceiver")
    with pytest.raises(ValueError, match="one by one"):
        fe.pl.attention(adata, groupby="kind", key="exceiver", ax=plt.figure().add_subplot())


def test_other_samples_of_one_name(adata):
    twice = adata.copy()
    twice.obs_names = ["same", "same", *adata.obs_names[2:]]
    found = fe.get.attention(twice, ["s007", "s003"], key="exceiver")
    expected = fe.get.attention(adata, ["s007", "s003"], key="exceiver")
    np.testing.assert_array_equal(found.X.toarray(), expected.X.toarray())
    with pytest.raises(ValueError, match="several are named 'same'"):
        fe.get.attention(twice, "same", key="exceiver")


def test_what_is_no_name_and_no_number(adata):
    with pytest.raises(TypeError, match="each sample is asked for by name"):
        fe.get.attention(adata, 3, key="exceiver")
    with pytest.raises(TypeError, match="n_genes must be a whole number"):
        fe.pl.attention(adata, n_genes=2.5, key="exceiver", show=False)
    with pytest.raises(TypeError, match="vmax must be a number"):
        fe.pl.attention(adata, vmax="1", key="exceiver", show=False)


def test_names_in_two_lines_have_room(adata):
    longer = adata.copy()
    longer.var_names = [name + " with many words" * 5 for name in adata.var_names]
    short = fe.pl.attention(adata, n_genes=20, key="exceiver", show=False)
    long = fe.pl.attention(longer, n_genes=20, key="exceiver", show=False)
    height = [ax.figure.get_size_inches()[1] for ax in (short, long)]
    assert height[1] > 1.5 * height[0]
