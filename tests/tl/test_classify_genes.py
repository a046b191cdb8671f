"""Gene sets in all their forms, and what is wrong with them."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe

pytestmark = pytest.mark.filterwarnings("error::UserWarning:fe_anndata")
N = 120


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(fe.settings, "progress", False)


@pytest.fixture
def adata():
    """Return gene vectors alone, in which the first coordinate is a property."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(N, 5)).astype(np.float32)
    vectors[7] = np.nan
    names = [f"g{i}" for i in range(N)]
    var = pd.DataFrame({"symbol": [f"S{i}" for i in range(N)]}, index=names)
    var["first"] = vectors[:, 0] > 0.5
    var["half"] = np.arange(N) % 2 == 0
    return AnnData(np.zeros((0, N), dtype=np.float32), var=var, varm={"fe": vectors})


@pytest.fixture
def sets(adata):
    rng = np.random.default_rng(1)
    drawn = {f"r{i}": [str(g) for g in rng.choice(adata.var_names, 30)] for i in range(3)}
    return {"FIRST": list(adata.var_names[adata.var["first"]]), **drawn}


def write(path, sets):
    path.write_text("".join("\t".join([name, "na", *genes]) + "\n" for name, genes in sets.items()))
    return path


def same(a, b):
    pd.testing.assert_frame_equal(a.table.drop(columns="collection"),
                                  b.table.drop(columns="collection"))  # fmt: skip
    pd.testing.assert_frame_equal(a.probabilities, b.probabilities)


def test_the_result_says_what_it_is_and_can_be_pickled(adata, sets):
    result = fe.tl.classify_genes(adata, sets)
    assert isinstance(result, fe.tl.GeneClasses)
    assert repr(result).startswith("GeneClasses: 4 properties of 120 genes, 0 sets left out")
    assert "FIRST" in repr(result)
    same(pickle.loads(pickle.dumps(result)), result)


def test_the_table_and_the_probabilities(adata, sets):
    before = adata.copy()
    result = fe.tl.classify_genes(adata, sets)
    first = result.table.iloc[0]
    known = set(sets["FIRST"]) - {"g7"}
    universe = set().union(*sets.values()) - {"g7"}
    assert (first["property"], first["collection"]) == ("FIRST", "sets")
    assert first["n_given"] == len(sets["FIRST"])
    assert first["n_genes"] == len(known)
    assert first["base_rate"] == pytest.approx(len(known) / len(universe))
    assert first["auroc"] > 0.95
    p = result.probabilities
    assert p.index.equals(adata.var_names)
    assert list(p) == list(result.table["property"])
    assert (p.dtypes == np.float32).all()
    assert list(p.index[p.isna().any(axis=1)]) == ["g7"]
    assert set(result.genes.index[result.genes["in_universe"]]) == universe
    assert (result.genes["fold"][~result.genes["in_universe"]] == -1).all()
    assert adata.var.equals(before.var)
    assert list(adata.uns) == []


def test_all_forms_say_the_same(adata, sets, tmp_path):
    everyone = list(adata.var_names)
    expected = fe.tl.classify_genes(adata, sets, universe=everyone)
    path = write(tmp_path / "mine.gmt", sets)
    from_file = fe.tl.classify_genes(adata, path, universe=everyone)
    assert set(from_file.table["collection"]) == {"mine"}
    same(from_file, expected)
    same(fe.tl.classify_genes(adata, [str(path)], universe=everyone), expected)
    frame = pd.DataFrame({k: adata.var_names.isin(v) for k, v in sets.items()}, adata.var_names)
    frame = frame.iloc[::-1]  # aligned by name
    same(fe.tl.classify_genes(adata, frame), expected)
    symbols = {name: [f"S{gene[1:]}" for gene in genes] for name, genes in sets.items()}
    by_symbol = fe.tl.classify_genes(
        adata, symbols, universe=list(adata.var["symbol"]), gene_symbols="symbol"
    )
    same(by_symbol, expected)
    columns = adata.copy()
    columns.var[list(sets)] = frame
    same(fe.tl.classify_genes(columns, list(sets)), expected)
    columns.var["all"] = True
    same(fe.tl.classify_genes(columns, sets, universe="all"), expected)


def test_files_and_columns_together(adata, sets, tmp_path):
    a, b = write(tmp_path / "a.gmt", sets), write(tmp_path / "b.gmt", sets)
    table = fe.tl.classify_genes(adata, [a, "half", b]).table
    assert table["collection"].tolist() == ["a"] * 4 + ["var"] + ["b"] * 4
    assert table["property"].is_unique
    assert {"a:FIRST", "half", "b:FIRST"} <= set(table["property"])


def test_members_outside_the_universe_do_not_count(adata, sets):
    result = fe.tl.classify_genes(adata, sets, universe="half")
    known = [g for g in sets["FIRST"] if adata.var["half"][g] and g != "g7"]
    assert result.table["n_genes"][0] == len(known)
    away = {"FIRST": known, **{k: v for k, v in sets.items() if k != "FIRST"}}
    other = fe.tl.classify_genes(adata, away, universe="half")
    pd.testing.assert_frame_equal(other.probabilities, result.probabilities)


def test_all_genes_of_a_symbol_are_members_and_none_of_a_missing_one(adata):
    adata.var["symbol"] = ["twice" if i < 2 else None if i < 5 else f"S{i}" for i in range(N)]
    sets = {"a": ["twice", *[f"S{i}" for i in range(20, 30)]]}
    everyone = list(adata.var["symbol"].dropna())
    result = fe.tl.classify_genes(adata, sets, universe=everyone, gene_symbols="symbol")
    assert result.table["n_genes"][0] == 12
    assert result.table["n_given"][0] == 11
    assert not result.genes["in_universe"].iloc[2:5].any()


def test_small_sets_are_skipped_counted_and_reported(adata, sets, caplog):
    sets |= {"tiny": ["g1", "g2"], "unknown": [f"x{i}" for i in range(50)], "big": adata.var_names}
    sets["big"] = [g for g in adata.var_names if g not in ("g3", "g4", "g5", "g6")]
    caplog.set_level(logging.INFO, "fe_anndata")
    with pytest.warns(UserWarning, match="3 of 7 gene sets are left out: 2 with fewer than 10"):
        result = fe.tl.classify_genes(adata, sets, max_genes=60, universe=list(adata.var_names))
    assert result.skipped["property"].tolist() == ["tiny", "unknown", "big"]
    assert result.skipped["n_genes"].tolist() == [2, 0, 115]
    assert result.skipped["reason"].str.startswith(("fewer", "more")).all()
    assert len(result.table) == 4
    assert "1 have none" in caplog.text


def test_no_others(adata):
    everyone = {"all": list(adata.var_names)}
    with pytest.raises(ValueError, match="fewer than 2 genes outside the set"):
        fe.tl.classify_genes(adata, everyone)


def test_it_survives_a_file(adata, sets, tmp_path):
    sets["tiny"] = ["g1"]
    with pytest.warns(UserWarning, match="left out"):
        result = fe.tl.classify_genes(adata, sets)
    fe.io.write_h5ad(result.to_adata(), tmp_path / "a.h5ad")
    back = fe.io.read_h5ad(tmp_path / "a.h5ad")
    assert back.X.tobytes() == result.probabilities.to_numpy().tobytes()
    assert back.obs_names.equals(adata.var_names)
    np.testing.assert_array_equal(back.var["auroc"], result.table["auroc"])
    assert back.uns["skipped"]["property"].tolist() == ["tiny"]


def test_a_seed_gives_the_same_bytes(adata, sets):
    first, again = (fe.tl.classify_genes(adata, sets, rng=3) for _ in range(2))
    same(first, again)
    assert not first.probabilities.equals(fe.tl.classify_genes(adata, sets, rng=4).probabilities)


@pytest.mark.parametrize("classifier", ["knn", "boosting"])
def test_other_classifiers_have_the_same_folds(adata, classifier):
    linear = fe.tl.classify_genes(adata, ["first"], folds=2)
    other = fe.tl.classify_genes(adata, ["first"], folds=2, classifier=classifier)
    pd.testing.assert_frame_equal(other.genes, linear.genes)
    assert other.table["auroc"][0] > 0.8


BAD = {
    "no such key": ({"key": "nothing"}, KeyError, "nothing"),
    "classifier": ({"classifier": "svm"}, ValueError, "'linear', 'knn', 'boosting'"),
    "folds": ({"folds": 1}, ValueError, "at least 2"),
    "folds of text": ({"folds": "5"}, ValueError, "at least 2"),
    "more folds than genes": ({"folds": 10**4}, ValueError, "10000 folds are too many for"),
    "min_genes": ({"min_genes": 1}, ValueError, "at least 2"),
    "max_genes": ({"max_genes": 5}, ValueError, "less than min_genes"),
    "universe": ({"universe": "hlaf"}, KeyError, "did you mean 'half'"),
    "universe of text": ({"universe": "symbol"}, ValueError, "holds text, such as"),
    "unknown universe": ({"universe": ["G1"]}, KeyError, "did you mean 'g1"),
    "empty universe": ({"universe": []}, ValueError, "universe is empty"),
    "universe of a number": ({"universe": 5}, TypeError, "universe must be a boolean column"),
    "symbols": ({"gene_symbols": "symbols"}, KeyError, "did you mean 'symbol'"),
    "unknown genes": ({"gene_sets": {"a": ["TP53", "G1"]}}, KeyError, "gene_symbols="),
    "one known gene": ({"gene_sets": {"a": ["TP53", "g1"]}}, ValueError, "1 of 2 genes"),
    "no set": ({"gene_sets": {}}, ValueError, "empty"),
    "no file": ({"gene_sets": "there.gmt"}, ValueError, "there is no file"),
    "no column": ({"gene_sets": ["hlaf"]}, KeyError, "did you mean 'half'"),
    "a set of text": ({"gene_sets": {"a": "TP53"}}, TypeError, "list of gene names"),
    "a number": ({"gene_sets": 3}, TypeError, "gmt"),
    "a list of lists": ({"gene_sets": [["g1", "g2"]]}, TypeError, "a list of gene_sets must hold"),
    "a column of text": ({"gene_sets": ["symbol"]}, ValueError, "holds text, such as"),
    "a column twice": ({"gene_sets": ["half", "half"]}, ValueError, "two sets are named 'half'"),
    "rng": ({"rng": "x"}, TypeError, "rng"),
}


@pytest.mark.parametrize(("keywords", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_input(adata, sets, keywords, kind, message):
    with pytest.raises(kind, match=message):
        fe.tl.classify_genes(adata, **({"gene_sets": sets} | keywords))


@pytest.mark.parametrize("as_universe", [False, True])
def test_missing_values_of_a_column(adata, sets, as_universe):
    adata.var["half"] = adata.var["half"].astype("boolean").where(np.arange(N) > 2)
    keywords = {"gene_sets": sets, "universe": "half"} if as_universe else {"gene_sets": ["half"]}
    with pytest.raises(ValueError, match=r"missing \(NA\) for 3 of"):
        fe.tl.classify_genes(adata, **keywords)


def test_bad_frames(adata):
    frame = pd.DataFrame({"a": adata.var["half"]})
    with pytest.raises(ValueError, match="must be unique"):
        fe.tl.classify_genes(adata, pd.concat([frame, frame]))
    with pytest.raises(ValueError, match="must be unique"):
        fe.tl.classify_genes(adata, pd.concat([frame, frame], axis=1))
    with pytest.raises(ValueError, match="holds other numbers"):
        fe.tl.classify_genes(adata, 2 * frame.astype(int))
    with pytest.raises(KeyError, match="no gene of gene_sets is known"):
        fe.tl.classify_genes(adata, frame.rename(lambda name: f"x{name}"))


def test_names_that_are_not_unique(adata, sets):
    adata.var_names = ["g1", *adata.var_names[1:]]
    with pytest.raises(ValueError, match="not unique"):
        fe.tl.classify_genes(adata, sets)


# coherence


def test_coherence_of_the_property_and_of_random_sets(adata, sets):
    table = fe.tl.set_coherence(adata, sets, universe=list(adata.var_names), n_random=200)
    assert table["property"].tolist() == list(sets)
    own = adata.varm["fe"][[int(g[1:]) for g in sets["FIRST"] if g != "g7"]].astype(float)
    unit = own / np.linalg.norm(own, axis=1, keepdims=True)
    expected = (unit @ unit.T)[np.triu_indices(len(unit), 1)].mean()
    assert table["coherence"][0] == pytest.approx(expected)
    assert table["z"][0] > 5
    assert (table["z"][1:].abs() < 4).all()
    again = fe.tl.set_coherence(adata, sets, universe=list(adata.var_names), n_random=200)
    pd.testing.assert_frame_equal(table, again)


def test_sets_and_universe_are_matched_without_versions(adata, sets):
    universe = list(adata.var_names)
    expected = fe.tl.set_coherence(adata, sets, universe=universe, n_random=20)
    ids = dict(zip(adata.var_names, [f"ENSG{i:011d}" for i in range(N)], strict=True))
    adata.var_names = [f"{name}.3" for name in ids.values()]
    # Each set is of its own release, and one names a gene twice.
    bare = {name: [ids[g] + f".{i}" for g in genes] for i, (name, genes) in enumerate(sets.items())}
    bare["FIRST"].append(bare["FIRST"][0].split(".")[0])
    found = fe.tl.set_coherence(adata, bare, universe=list(ids.values()), n_random=20)
    columns = ["property", "n_genes", "coherence"]
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    of_var = adata.var["first"].set_axis(list(ids.values())).to_frame()
    table = fe.tl.set_coherence(adata, of_var, n_random=20)
    assert table["n_genes"].tolist() == expected["n_genes"].tolist()[:1]


def test_versions_of_a_gene_in_the_data_are_not_guessed(adata, sets):
    adata.var_names = ["ENSG00000000001.1", "ENSG00000000001.2", *adata.var_names[2:]]
    sets = {"ids": ["ENSG00000000001", "ENSG00000000001.2", *sets["FIRST"]]}
    with pytest.warns(UserWarning, match=r"1 genes were not matched, such as 'ENSG00000000001'"):
        fe.tl.set_coherence(adata, sets, n_random=20)


def test_coherence_skips_and_refuses(adata, sets):
    with pytest.warns(UserWarning, match="1 of 5 gene sets are left out"):
        assert len(fe.tl.set_coherence(adata, sets | {"tiny": ["g1"]})) == 4
    with pytest.raises(ValueError, match="n_random"):
        fe.tl.set_coherence(adata, sets, n_random=1)
