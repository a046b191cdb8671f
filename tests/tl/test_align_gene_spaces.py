"""Two species in one space."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe

N = 120


def genes(names, vectors):
    X = np.empty((0, len(names)), np.float32)
    return AnnData(X, var=pd.DataFrame(index=list(names)), varm={"fe": np.float32(vectors)})


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def human():
    return genes([f"H{i}" for i in range(N)], normal(N, 6))


@pytest.fixture
def mouse(human):
    # The other way round, turned, with noise, two genes more and one dimension less.
    noisy = human.varm["fe"] @ np.linalg.qr(normal(6, 6, seed=1))[0][:, :5]
    vectors = np.concatenate([noisy[::-1] + 0.1 * normal(N, 5, seed=2), normal(2, 5, seed=3)])
    return genes([*(f"m{i}" for i in reversed(range(N))), "H0", "x"], vectors)


@pytest.fixture
def orthologs():
    table = pd.DataFrame({"human": [f"H{i}" for i in range(100)]})
    return table.assign(mouse=[f"m{i}" for i in range(100)])


def test_orthologs_meet(human, mouse, orthologs):
    missing = pd.DataFrame({"human": ["H101", "none"], "mouse": ["none", "m101"]})
    result = fe.tl.align_gene_spaces(human, mouse, pd.concat([orthologs, missing]))
    summary = result.summary.set_index(["training", "pairs", "direction"])
    held_out = summary.loc[("orthologs", "held out", "human to mouse")]
    assert held_out["top_10"] > 0.8
    assert (held_out["n_pairs"], held_out["n_candidates"]) == (100, N + 2)
    assert summary.loc[("shuffled orthologs", "held out", "human to mouse"), "top_10"] < 0.3
    pairs = result.pairs
    assert len(pairs) == 200
    assert (pairs["human"].str[1:] == pairs["mouse"].str[1:]).all()
    assert (
        pairs.groupby("human")["held_out"].agg(list).map(sorted).tolist() == [[False, True]] * 100
    )
    ranks = pairs.loc[pairs["held_out"], "rank"]
    assert held_out["top_1"] == (ranks == 1).mean()
    assert "10" in repr(result)


def test_aligned_vectors_are_those_of_the_maps(human, mouse, orthologs):
    human.varm["fe"][7] = np.nan
    result = fe.tl.align_gene_spaces(human, mouse, orthologs)
    assert result.human.shape == (0, N - 1)
    assert result.mouse.shape == (0, N + 2)
    kept = [name for name in human.var_names if name != "H7"]
    assert result.human.var_names.tolist() == kept
    original = human[:, kept].varm["fe"]
    np.testing.assert_array_equal(result.human.varm["fe"], result.human_map(original))
    np.testing.assert_array_equal(result.mouse.varm["fe"], result.mouse_map(mouse.varm["fe"]))
    np.testing.assert_allclose(np.linalg.norm(result.mouse.varm["fe"], axis=1), 1, atol=1e-5)
    fitted = result.pairs[~result.pairs["held_out"]].set_index("human")["similarity"]
    expected = result.human[:, "H3"].varm["fe"][0]
    assert fitted["H3"] == pytest.approx(expected @ result.mouse[:, "m3"].varm["fe"][0], abs=1e-6)
    both = result.both
    assert both.n_vars == 2 * N + 1
    assert both.var.loc["m_H0"].tolist() == ["mouse", "H0"]
    assert both.var.loc["H0"].tolist() == ["human", "H0"]
    assert fe.tl.similar_genes(both, "H3", n=5)["gene"].str.startswith("m_m3").any()


def test_the_same_seed_gives_the_same_result(human, mouse, orthologs):
    first, second, other = (
        fe.tl.align_gene_spaces(human, mouse, orthologs, rng=rng) for rng in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(first.pairs, second.pairs)
    assert first.both.varm["fe"].tobytes() == second.both.varm["fe"].tobytes()
    assert not first.pairs["fold"].equals(other.pairs["fold"])


def test_classes_come_from_held_out_ranks(human, mouse, orthologs):
    orthologs["cds"] = np.linspace(0.3, 1, 100)
    result = fe.tl.align_gene_spaces(human, mouse, orthologs, identity="cds", csls=0)
    pairs = result.pairs[result.pairs["held_out"]]
    low = pairs["identity"] <= np.percentile(pairs["identity"], 40)
    assert (low == (pairs["dna"] == "low")).all()
    poor = pairs["rank"] >= np.percentile(pairs["rank"], 60)
    assert (pairs.loc[pairs["rna"] == "low", "rank"] > 1).all()
    assert set(pairs.index[pairs["rna"] == "low"]) <= set(pairs.index[poor])
    both = pairs["rna"].isin(["low", "high"]) & pairs["dna"].isin(["low", "high"])
    assert (pairs["class"].notna() == both).all()


def test_other_columns_and_a_file(human, mouse, orthologs, tmp_path):
    path = tmp_path / "o.tsv"
    orthologs.assign(more=1)[["mouse", "more", "human"]].to_csv(path, sep="\t", index=False)
    with pytest.raises(ValueError, match=r"'mouse', 'more', 'human'.*columns="):
        fe.tl.align_gene_spaces(human, mouse, path)
    named = fe.tl.align_gene_spaces(human, mouse, path, columns=("human", "mouse"))
    pd.testing.assert_frame_equal(
        named.pairs, fe.tl.align_gene_spaces(human, mouse, orthologs).pairs
    )


def test_without_supervision_all_pairs_are_held_out(human, orthologs):
    copy = genes([f"m{i}" for i in range(N)], human.varm["fe"][:, ::-1])
    result = fe.tl.align_gene_spaces(human, copy, orthologs, supervised=False)
    assert result.pairs["held_out"].all()
    assert result.summary["pairs"].unique().tolist() == ["held out"]
    assert result.summary["top_1"].min() > 0.95


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"method": "pls"}, ValueError, "'cca', 'procrustes'"),
        ({"folds": 1}, ValueError, "folds must be at least 2"),
        ({"folds": 60}, ValueError, "too few for 60 folds"),
        ({"csls": -1}, ValueError, "csls"),
        ({"refine": -1}, ValueError, "refine"),
        ({"identity": "cds"}, KeyError, "'cds'"),
        ({"columns": ("human", "rat")}, KeyError, "'rat'"),
        ({"columns": "human"}, ValueError, "columns="),
        ({"key_mouse": "k"}, KeyError, "'k'"),
        ({"orthologs": "none.tsv"}, ValueError, "no file none.tsv"),
        ({"orthologs": ["H1"]}, TypeError, "DataFrame"),
        ({"columns": ("mouse", "human")}, ValueError, r"no pair.*'m0' - 'H0'.*'H0'"),
        ({"prefix": ""}, ValueError, "another prefix"),
    ],
)
def test_bad_input(human, mouse, orthologs, change, error, words):
    with pytest.raises(error, match=words):
        fe.tl.align_gene_spaces(human, mouse, **{"orthologs": orthologs, **change})


def test_ids_are_matched_without_versions(human, mouse, orthologs):
    expected = fe.tl.align_gene_spaces(human, mouse, orthologs).pairs
    numbers = human.var_names.str[1:].astype(int)
    human.var_names = [f"ENSG{i:011d}.2" for i in numbers]
    orthologs["human"] = [f"ENSG{i:011d}.{1 + i % 3}" for i in range(100)]
    found = fe.tl.align_gene_spaces(human, mouse, orthologs)
    assert set(found.pairs["human"]) == set(human.var_names[:100])  # the names of the space
    pd.testing.assert_frame_equal(found.pairs.drop(columns="human"), expected.drop(columns="human"))


@pytest.mark.parametrize(
    "text",
    [
        "human\tmouse\n{}", '"human","mouse"\r\n{}', "\ufeff# from R\n\nhuman,mouse\r{}",
    ],
)  # fmt: skip
def test_tables_of_any_kind(human, mouse, orthologs, tmp_path, text):
    gap = "\t" if "\t" in text else ","
    pairs = "".join(f'"{h}"{gap}{m}\n' for h, m in orthologs.to_numpy())
    (tmp_path / "pairs").write_bytes(text.format(pairs).encode())
    expected = fe.tl.align_gene_spaces(human, mouse, orthologs).pairs
    found = fe.tl.align_gene_spaces(human, mouse, tmp_path / "pairs").pairs
    pd.testing.assert_frame_equal(found, expected)


def test_one_to_many_is_an_error(human, mouse, orthologs):
    orthologs.loc[1, "mouse"] = "m0"
    with pytest.raises(ValueError, match=r"1 mouse genes are in several pairs, first 'm0'.*keep"):
        fe.tl.align_gene_spaces(human, mouse, orthologs)


def test_tables_that_cannot_be_read(human, mouse, orthologs, tmp_path):
    path = tmp_path / "pairs.tsv"
    for content in (b"", bytes(range(256)), b"\x1f\x8b\x08"):
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"pairs\.tsv(, line 1| cannot be read| is a damaged gzip)"
        ):
            fe.tl.align_gene_spaces(human, mouse, path)
    with pytest.raises(ValueError, match="the column 'same' of orthologs must hold numbers"):
        fe.tl.align_gene_spaces(human, mouse, orthologs.assign(same="x"), identity="same")
