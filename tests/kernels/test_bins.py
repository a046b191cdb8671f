"""Panels of a reference and the bins of values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fe_anndata.kernels import bins
from fe_anndata.kernels.bins import NO_PANEL, UNKNOWN, Panel, apply, fit_panel, survey
from fe_anndata.kernels.z_scores import apply_z, fit_scale
from fe_anndata.matrix.rows import InMemory

NAN = float("nan")


def fit(X, n_bins=2000, panel=512, zero=0.0, n_rows=None):
    """Return the panel of an array or CSR matrix, read `n_rows` at a time."""
    rows = InMemory(X)

    def blocks():
        return rows.blocks(n_rows)

    return fit_panel(blocks, survey(blocks, rows.shape[1], zero), n_bins, panel)


def column(*values):
    return np.array(values, np.float32)[:, None]


def matrix(n=60, m=40, seed=0):
    """Return values with ties, zeros, missing ones, and genes with no, one and equal values."""
    draw = np.random.default_rng(seed)
    X = draw.gamma(1.0, 3.0, (n, m)).astype(np.float32)
    X[:, ::3] = np.round(X[:, ::3])
    X[draw.random((n, m)) < 0.3] = 0
    X[draw.random((n, m)) < 0.05] = np.nan
    X[:, 1], X[:, 2], X[:, 4] = 0, 0, 3
    X[5, 2] = 7
    return X


def naive(reference, new, n_bins, zero=0.0):
    """Return the bins of one gene by comparing every value with all of the reference."""
    points = [v for v in reference if v == v and v != zero]
    found = []
    for v in new:
        below, up_to = sum(p < v for p in points), sum(p <= v for p in points)
        k = len(points)
        if v != v or (v != zero and k == 0):
            found.append(UNKNOWN)
        elif v == zero:
            found.append(0)
        elif k == 1:
            found.append(1)
        else:
            twice = min(max(below + up_to - 1, 0), 2 * (k - 1))
            found.append(min(n_bins - 1, twice * (n_bins - 1) // (2 * (k - 1)) + 1))
    return found


@pytest.mark.parametrize(
    ("n_bins", "reference", "new", "expected"),
    [
        (10, [0, 1, 2, 2, 5], [0, 1, 2, 2, 5], [0, 1, 5, 5, 9]),
        (10, [0, 1, 2, 2, 5], [0, 0.5, 1, 1.5, 2, 3, 5, 9, NAN], [0, 1, 1, 2, 5, 8, 9, 9, UNKNOWN]),
        (100, [3, 3, 3, 3], [3, 3, 3, 3], [50, 50, 50, 50]),
        (2000, [0, 0, 7], [7, 6, 8], [1, 1, 1]),
        (2000, list(range(1, 302)), [1, 301, 151], [1, 1999, 1000]),
    ],
)
def test_by_hand(n_bins, reference, new, expected):
    panel = fit(column(*reference), n_bins)
    assert apply(panel, column(*new)).ravel().tolist() == expected


@pytest.mark.parametrize("n_bins", [2, 7, 100, 2000, 65534])
def test_every_bin_is_that_of_comparing_with_all(n_bins):
    X, new = matrix(), matrix(30, seed=1)
    found = apply(fit(X, n_bins), new)
    for gene in range(X.shape[1]):
        assert found[:, gene].tolist() == naive(X[:, gene], new[:, gene], n_bins)


def published(X, n_bins):
    """Return the bins of the description, less one: ranks of a double argsort, no ties."""
    found = np.zeros(X.shape, np.int64)
    for gene in range(X.shape[1]):
        at = np.flatnonzero(X[:, gene])
        rank = np.argsort(np.argsort(X[at, gene]))
        if len(at) == 1:
            found[at, gene] = 1
        elif len(at):
            width = (len(at) - 1) / (n_bins - 1)
            found[at, gene] = np.minimum(n_bins, np.floor(rank / width) + 2) - 1
    return found


def test_without_ties_bins_are_the_published_ones():
    draw = np.random.default_rng(0)
    X = draw.random((300, 200)).astype(np.float32) + 0.1
    X[draw.random(X.shape) < 0.3] = 0
    assert all(len(np.unique(c[c > 0])) == (c > 0).sum() for c in X.T)
    np.testing.assert_array_equal(apply(fit(X), X), published(X, 2000))
    # With 100 bins their division of floats misses some quotients that are whole.
    ours, theirs = apply(fit(X, 100), X).astype(int), published(X, 100)
    assert np.abs(ours - theirs).max() <= 1
    assert (ours == theirs).mean() > 0.999


def test_points_are_quantiles():
    draw = np.random.default_rng(0)
    X = draw.gamma(1.0, 2.0, (701, 5)).astype(np.float32)
    X[:, 3] = np.round(X[:, 3])
    X[:600, 4] = 0
    panel = fit(X, panel=100)
    assert panel.points.tolist() == [100] * 5
    for gene, values in enumerate(panel.values):
        expressed = X[X[:, gene] != 0, gene].astype(np.float64)
        expected = np.quantile(expressed, np.linspace(0, 1, 100))
        np.testing.assert_allclose(values, expected, rtol=2e-7)
        assert (np.diff(values) >= 0).all()
    assert panel.n_expressed.tolist() == (X != 0).sum(0).tolist()


def test_all_values_are_kept_while_there_is_room():
    X = matrix()
    panel = fit(X)
    for gene, (values, n) in enumerate(zip(panel.values, panel.points, strict=True)):
        expressed = np.sort(X[(X[:, gene] != 0) & ~np.isnan(X[:, gene]), gene])
        np.testing.assert_array_equal(values[:n], expressed)
        assert np.isnan(values[n:]).all()


@pytest.mark.parametrize("n_points", [2, 3, 15, 16, 17, 33, 500])
def test_any_number_of_points(n_points):
    # Points are looked up by sixteens.
    draw = np.random.default_rng(n_points)
    points = np.sort(draw.integers(1, 90, (3, n_points)).astype(np.float32))
    panel = Panel(points, np.full(3, n_points, np.int32), np.full(3, n_points, np.int32), 2000, 0)
    new = draw.integers(0, 99, (200, 3)).astype(np.float32)
    found = apply(panel, new)
    for gene in range(3):
        assert found[:, gene].tolist() == naive(points[gene], new[:, gene], 2000)


def test_a_sample_has_the_same_bins_in_any_company():
    X, new = matrix(), matrix(50, seed=1)
    panel = fit(X)
    whole = apply(panel, new)
    alone = np.vstack([apply(panel, new[i : i + 1]) for i in range(len(new))])
    assert alone.tobytes() == whole.tobytes()
    order = np.random.default_rng(2).permutation(len(new))
    assert apply(panel, new[order]).tobytes() == whole[order].tobytes()


def test_order_of_samples_and_genes_is_irrelevant():
    X = matrix()
    draw = np.random.default_rng(0)
    rows, genes = draw.permutation(len(X)), draw.permutation(X.shape[1])
    panel, other = fit(X, panel=20), fit(X[rows][:, genes].copy(), panel=20)
    assert other.values.tobytes() == panel.values[genes].tobytes()
    np.testing.assert_array_equal(apply(other, X[:, genes]), apply(panel, X)[:, genes])


@pytest.mark.parametrize("zero", [0.0, 3.0, -np.inf])
@pytest.mark.parametrize("missing", [False, True], ids=["all known", "some genes unknown"])
def test_csr_is_as_dense(zero, missing):
    X = matrix()
    csr = sparse.csr_matrix(X)
    csr.data[::11] = 0  # stored zeros
    X, before = csr.toarray(), (csr.data.tobytes(), csr.indices.tobytes())
    panel, other = fit(X, zero=zero, panel=20), fit(csr, zero=zero, panel=20)
    assert other.values.tobytes() == panel.values.tobytes()
    assert other.n_expressed.tobytes() == panel.n_expressed.tobytes()
    if missing:
        panel = panel.at(np.where(np.arange(X.shape[1]) % 4, np.arange(X.shape[1]), -1))
    found, dense = apply(panel, csr), apply(panel, X)
    assert sparse.issparse(found) == (zero == 0)
    if sparse.issparse(found):
        assert found.data.all()
        assert found.has_canonical_format
        found = found.toarray()
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, dense)
    assert (csr.data.tobytes(), csr.indices.tobytes()) == before


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
def test_blocks_and_groups_of_genes_are_irrelevant(convert, monkeypatch):
    X = convert(matrix())
    whole = fit(X, panel=20)
    monkeypatch.setattr(bins, "HELD", 150)  # some genes at a time
    parts = fit(X, panel=20, n_rows=7)
    assert parts.values.tobytes() == whole.values.tobytes()
    assert parts.points.tobytes() == whole.points.tobytes()


def test_no_more_is_held_than_is_allowed(monkeypatch):
    X = matrix()
    monkeypatch.setattr(bins, "HELD", 150)
    held = []
    gather = bins.loops.gather_dense
    monkeypatch.setattr(
        bins.loops, "gather_dense", lambda *a: (held.append(len(a[-1])), gather(*a))
    )
    fit(X)
    assert max(held) <= 150
    assert sum(held) == ((X != 0) & ~np.isnan(X)).sum()


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
@pytest.mark.parametrize("factor", [0, 1], ids=["fewer", "more"])
def test_a_matrix_that_changes_is_an_error(convert, factor):
    X = matrix()
    found = survey(InMemory(convert(X)).blocks, X.shape[1])
    X[:50] = factor  # and nothing is written beyond the values that are held
    with pytest.raises(ValueError, match="changed between two passes"):
        fit_panel(InMemory(convert(X)).blocks, found)


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
def test_survey(convert):
    X = np.array([[0, 2, NAN], [0, 0, 0], [-1, 3, 0], [NAN, NAN, NAN], [4, 4, NAN]], np.float32)
    rows = InMemory(convert(X))
    found = survey(rows.blocks, 3)
    assert found.expressed.tolist() == [2, 3, 0]
    assert (found.least, found.zeros, found.infinite) == (-1, 5, 0)
    assert found.uniform.tolist() == [1, 3, 4]
    found = survey(lambda: rows.blocks(2), 3, zero=-1)
    assert found.expressed.tolist() == [3, 4, 2]
    assert found.zeros == 1
    assert found.uniform.tolist() == [1, 3, 4]
    for value in (np.inf, -np.inf):
        X[0, 1] = value
        assert survey(InMemory(convert(X)).blocks, 3).infinite == 1


def test_genes_of_another_reference_are_unknown():
    X = matrix()
    panel = fit(X).at(np.array([3, -1, 1]))
    assert panel.points.tolist()[1] == NO_PANEL
    found = apply(panel, X[:, [3, 0, 1]])
    np.testing.assert_array_equal(found[:, 0], apply(fit(X), X)[:, 3])
    assert (found[:, 1] == UNKNOWN).all()  # zeros as well
    new = np.array([[0, 0, 0], [0, 0, 5]], np.float32)
    assert apply(panel, new)[:, 2].tolist() == [0, UNKNOWN]  # never expressed there


# z-scores


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix], ids=["dense", "csr"])
def test_z_scores(convert):
    X = matrix()
    X[:, 6] += 1000
    rows = InMemory(convert(X))
    scale = fit_scale(lambda: rows.blocks(7), X.shape[1])
    double = X.astype(np.float64)
    mean, sd = np.nanmean(double, axis=0), np.nanstd(double, axis=0)
    np.testing.assert_allclose(scale.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(scale.sd, sd, rtol=1e-9, atol=1e-7)
    z = apply_z(scale, convert(X))
    assert isinstance(z, np.ndarray)
    assert z.dtype == np.float32
    varies = sd > 0
    expected = (double[:, varies] - mean[varies]) / sd[varies]
    np.testing.assert_allclose(z[:, varies], expected, rtol=1e-5, atol=1e-6)
    flat = z[:, ~varies]
    assert (flat[~np.isnan(X[:, ~varies])] == 0).all()
    np.testing.assert_array_equal(np.isnan(z), np.isnan(X))
    alone = np.vstack([apply_z(scale, convert(X)[i : i + 1]) for i in range(len(X))])
    assert alone.tobytes() == z.tobytes()
    assert np.isnan(apply_z(scale.at(np.array([-1, 3])), convert(X)[:, :2])[:, 0]).all()
