"""Factorized embeddings that learn classes of samples beside their expression."""

import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.models.fe.labels import Head, Naming
from fe_anndata.models.fe.whole_matrix import Alternating

QUICK = {"sample_dim": 2, "gene_dim": 8, "progress": False}


def with_labels(n=300, m=60, seed=0):
    """Samples of three kinds that differ in few genes, beside two states that change many."""
    adata = fe.datasets.simulated(n, m, 2, rng=seed)
    draw = np.random.default_rng(seed)
    kind = draw.integers(3, size=n)
    adata.X = adata.X + 0.8 * draw.normal(size=(3, m)).astype(np.float32)[kind] * (np.arange(m) < 6)
    adata.obs["kind"] = np.array(["a", "b", "c"])[kind]
    return adata


@pytest.fixture(scope="module")
def parts():
    adata = with_labels()
    trained, new = adata[:200].copy(), adata[200:].copy()
    trained.obs.iloc[::10, trained.obs.columns.get_loc("kind")] = None
    fe.tl.train(trained, labels_key="kind", labels_weight=0.3, **QUICK)
    return trained, new


def accuracy(new, key="fe"):
    return float((new.obs[f"{key}_label"].astype(str) == new.obs["kind"].astype(str)).mean())


def test_classes_of_new_samples_are_told_by_their_expression_alone(parts):
    trained, new = (part.copy() for part in parts)
    fe.tl.train(trained, labels_key="kind", labels_weight=0.0, key_added="never", **QUICK)
    without = new.copy()
    del without.obs["kind"]
    for key in ("fe", "never"):
        fe.tl.transform(new, trained, key=key, progress=False)
    fe.tl.transform(without, trained, progress=False)
    np.testing.assert_array_equal(new.obsm["X_fe"], without.obsm["X_fe"])
    np.testing.assert_array_equal(new.obsm["fe_probabilities"], without.obsm["fe_probabilities"])
    assert accuracy(new) > accuracy(new, "never") + 0.1
    np.testing.assert_allclose(new.obsm["fe_probabilities"].sum(1), 1, rtol=1e-5)
    few = new[[5, 2]].copy()
    fe.tl.transform(few, trained, progress=False)
    np.testing.assert_array_equal(
        few.obsm["fe_probabilities"], new.obsm["fe_probabilities"][[5, 2]]
    )


def test_a_file_names_classes_as_the_model_does(parts, tmp_path):
    trained, new = (part.copy() for part in parts)
    trained.write_h5ad(tmp_path / "model.h5ad")
    again = new.copy()
    fe.tl.predict_labels(new, trained, progress=False)
    fe.tl.predict_labels(again, tmp_path / "model.h5ad", progress=False)
    assert new.obs.equals(again.obs)
    assert set(new.obs["fe_predicted_label"].cat.categories) == {"a", "b", "c"}


def test_labels_that_are_held_out_say_how_far_to_trust(parts):
    told = parts[0].uns["fe"]["labels"]
    assert told["n_held_out"] == 9  # 5 % of 180
    assert told["accuracy_of_commonest"] < 0.7


def test_gradients_are_those_of_the_cross_entropy():
    import torch

    generator = torch.manual_seed(0)
    head, P = Head(3, 5), torch.randn(7, 5, generator=generator, requires_grad=True)
    with torch.no_grad():
        for part in head.of_labels:
            part.copy_(torch.randn(part.shape, generator=generator))
    codes = torch.tensor([0, 2, -1, 1, 1, -1, 0])
    naming = Naming(head, None, None, codes, 0.3)
    weight, bias = head.of_labels
    loss = 0.3 * torch.nn.functional.cross_entropy(P @ weight.T + bias, codes, ignore_index=-1)
    loss.backward()
    halves = [naming.gradients(P.detach()[rows], rows) for rows in (slice(0, 3), slice(3, 7))]
    np.testing.assert_allclose(torch.cat([half[0] for half in halves]), P.grad, atol=1e-6)
    for i, parameter in enumerate(head.of_labels):
        total = halves[0][i + 1] + halves[1][i + 1]
        np.testing.assert_allclose(total, parameter.grad, atol=1e-6)


@pytest.mark.parametrize("gene_step", ["solve", "gradient"])
def test_both_whole_matrix_trainings_learn_them(gene_step):
    adata = with_labels()
    found = {}
    for weight in (0.0, 1.0):
        fe.tl.train(
            adata, labels_key="kind", labels_weight=weight, gene_step=gene_step, steps=60, **QUICK
        )
        found[weight] = adata.uns["fe"]["labels"]["weight"], adata.obsm["X_fe"].copy()
    assert not np.allclose(found[0.0][1], found[1.0][1])


def test_a_run_goes_on_as_if_it_had_not_stopped(monkeypatch):
    keywords = {"labels_key": "kind", "steps": 60, **QUICK}
    whole, broken = with_labels(), with_labels()
    fe.tl.train(whole, **keywords)
    backward = Alternating.backward

    def killed(self, step):
        if step == 35:
            raise KeyboardInterrupt
        return backward(self, step)

    monkeypatch.setattr(Alternating, "backward", killed)
    fe.tl.train(broken, **keywords)
    assert broken.uns["fe"]["params"]["ended"] == "interrupted"
    monkeypatch.undo()
    fe.tl.train(broken, resume=True, progress=False)
    np.testing.assert_array_equal(whole.obsm["X_fe"], broken.obsm["X_fe"])
    np.testing.assert_array_equal(
        whole.uns["fe"]["labels"]["weight"], broken.uns["fe"]["labels"]["weight"]
    )


def test_with_samples_held_out_their_labels_are():
    adata = with_labels()
    fe.tl.train(
        adata, labels_key="kind", validation_by="samples", validation=0.2, steps=30, **QUICK
    )
    assert adata.uns["fe"]["labels"]["n_held_out"] == 60


def test_what_cannot_be_learned_is_said():
    adata = with_labels()
    with pytest.raises(ValueError, match="labels_key needs minibatch='full'"):
        fe.tl.train(adata, labels_key="kind", decoder="concat", progress=False)
    adata.obs["kind"] = "a"
    with pytest.raises(ValueError, match="at least two"):
        fe.tl.train(adata, labels_key="kind", progress=False)
    assert "X_fe" not in adata.obsm


def with_numbers(seed=0):
    adata = with_labels(seed=seed)
    draw = np.random.default_rng(seed)
    number = draw.normal(size=len(adata))
    adata.X = adata.X + np.outer(number, np.arange(adata.n_vars) < 5).astype(np.float32)
    adata.obs["age"] = 50 + 10 * number
    return adata


def test_numbers_are_learned_and_foretold(tmp_path):
    adata = with_numbers()
    trained, new = adata[:200].copy(), adata[200:].copy()
    trained.obs.iloc[::10, trained.obs.columns.get_loc("age")] = np.nan
    r2 = {}
    for weight in (0.0, 1.0):
        fe.tl.train(trained, labels_key="age", labels_weight=weight, **QUICK)
        trained.write_h5ad(tmp_path / "model.h5ad")
        fe.tl.predict_labels(new, tmp_path / "model.h5ad", progress=False)
        found = new.obs["fe_predicted_label"].to_numpy()
        known = np.isfinite(found)
        assert known.mean() > 0.9
        r2[weight] = np.corrcoef(found[known], new.obs["age"][known])[0, 1] ** 2
    assert r2[1.0] > r2[0.0] + 0.03  # how far, rounding decides
    assert "fe_predicted_probability" not in new.obs
    fe.tl.transform(new, trained, progress=False)
    np.testing.assert_array_equal(new.obs["fe_label"][known], found[known])


def test_the_gradient_of_numbers_is_that_of_the_squared_error():
    import torch

    generator = torch.manual_seed(1)
    head, P = Head(1, 4), torch.randn(6, 4, generator=generator, requires_grad=True)
    with torch.no_grad():
        head.label_weight.copy_(torch.randn(1, 4, generator=generator))
    codes, z = torch.tensor([0, 0, -1, 0, 0, -1]), torch.randn(6, generator=generator)
    naming = Naming(head, None, None, codes, 0.5, z)
    weight, bias = head.of_labels
    left = ((P @ weight.T + bias)[:, 0] - z)[codes == 0]
    (0.5 * left.square().mean()).backward()
    of_P, *of_head = naming.gradients(P.detach(), slice(None))
    np.testing.assert_allclose(of_P, P.grad, atol=1e-6)
    for found, parameter in zip(of_head, head.of_labels, strict=True):
        np.testing.assert_allclose(found, parameter.grad, atol=1e-6)


@pytest.mark.parametrize(
    ("value", "said"), [(np.inf, "infinite for the sample"), (0.0, "two diff")]
)
def test_numbers_that_cannot_be_learned(value, said):
    adata = with_labels()
    adata.obs["age"] = 0.0
    adata.obs.iloc[3, adata.obs.columns.get_loc("age")] = value
    with pytest.raises(ValueError, match=said):
        fe.tl.train(adata, labels_key="age", progress=False)


def test_a_run_of_other_labels_does_not_go_on():
    adata = with_labels()
    fe.tl.train(adata, labels_key="kind", steps=15, **QUICK)
    adata.obs["kind"] = np.roll(adata.obs["kind"], 1)
    with pytest.raises(ValueError, match="that labels come from are not those"):
        fe.tl.train(adata, steps=30, resume=True, progress=False)
