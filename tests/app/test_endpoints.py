"""What each endpoint answers, beside the verb that it stands for."""

from __future__ import annotations

import io
import shlex
import time

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import fe_anndata as fe
from fe_anndata.cli.commands import app as command_line

from .conftest import HOSTILE, Client


def frame(table):
    return pd.DataFrame(table["rows"], columns=table["columns"])


def same(table, wanted):
    """Check that a table of the page is that of the verb, as far as they share columns."""
    table = frame(table)
    shared = [name for name in wanted.columns if name in table]
    assert len(shared) >= 2
    for name in shared:
        if wanted[name].dtype.kind in "fiu":
            assert np.allclose(table[name].astype(float), wanted[name], equal_nan=True), name
        else:
            assert list(table[name]) == list(wanted[name].astype(str)), name


def run(python, **names):
    """Run the lines that a page gives, and return what the last one is."""
    *lines, last = python
    space = {"fe": fe, **names}
    exec("\n".join(lines), space)
    return eval(last, space)


def test_home(client, adata):
    home = client.get("home")
    assert (home["file"], home["n_obs"], home["n_vars"]) == ("pbmc.h5ad", 700, 150)
    assert home["families"] == [
        {"key": "fe", "family": "fe", "n_trained": 150, "sample_dim": 2, "gene_dim": 64}
    ]
    assert home["bases"][0] == {"name": "X_fe", "dim": 2}
    assert home["gene_keys"][0] == "fe"
    assert {"name": "kind", "kind": "groups", "n": 2} in home["obs"]
    assert [len(home["ramps"][page]) for page in ("light", "dark")] == [255, 255]
    assert run([home["opening"], "adata"]).shape == adata.shape


def test_points_are_the_embedding(client, adata):
    found = client.get("samples/points", basis="X_pca", x=2, y=1)
    assert found["axes"] == ["PCA3", "PCA2"]
    wanted = np.asarray(adata.obsm["X_pca"])[:, [2, 1]]
    assert np.allclose(found["arrays"]["points"].reshape(-1, 2), wanted)


def test_a_gene_colours_by_bytes(client, adata):
    gene = adata.var_names[0]
    found = client.get("samples/colour", name=gene, key="fe")
    values = np.asarray(adata[:, gene].X, dtype=float).ravel()
    steps = found["arrays"]["codes"] / 254 * (found["high"] - found["low"]) + found["low"]
    assert np.abs(steps - values).max() <= np.ptp(values) / 254
    assert f"fe.pl.embedding(adata, {gene!r}, basis='X_fe')" in found["python"]


def test_a_column_colours_by_groups(client, adata):
    found = client.get("samples/colour", name="kind")
    labels = np.array(found["labels"])[found["arrays"]["codes"]]
    assert list(labels) == list(adata.obs["kind"])
    assert found["counts"] == [int((adata.obs["kind"] == one).sum()) for one in found["labels"]]


def test_the_fit_to_a_layer_is_repeated_by_its_line_of_python(adata, tmp_path):
    layered = adata.copy()
    layered.layers["other"] = np.expm1(np.abs(adata.X))
    layered.obs["some"] = pd.array([250, None] * (layered.n_obs // 2), dtype="Int64")
    fe.tl.train(layered, steps=20, layer="other", normalize=None, progress=False)
    fe.io.write_h5ad(layered, tmp_path / "layered.h5ad")
    client = Client(tmp_path / "layered.h5ad")
    found = client.patient("samples/colour", name=":fit", key="fe")
    assert found["high"] == pytest.approx(run(found["python"]).max())
    found = client.post("samples/selection", sel=["between", "some", 200, 300])
    mask = run([*found["python"][:-1], "selected"])
    assert np.array_equal(mask, found["arrays"]["mask"].astype(bool))
    assert mask.sum() == 350


def test_density_fit_and_outliers_are_those_of_the_verbs(client, adata):
    copy = fe.tl.embedding_density(adata, copy=True)
    found = client.get("samples/colour", name=":density")
    assert run(found["python"]) is not None
    density = copy.obs["fe_density"]
    assert (found["low"], found["high"]) == pytest.approx((density.min(), density.max()))
    fit = client.patient("samples/colour", name=":fit", key="fe")
    placed = AnnData(adata.X, obs=adata.obs, var=adata.var)
    fe.tl.transform(placed, adata, key_added="fit", progress=False)
    assert fit["high"] == pytest.approx(placed.obs["fit_r2"].max(), rel=1e-4)
    found = client.patient("samples/colour", name=":outlier", key="fe")
    assert found["arrays"]["codes"].sum() == placed.obs["fit_outlier"].sum()


SELECTIONS = [
    ["polygon", "X_fe", 0, 1, [[-9, -9], [9, -9], [9, 0], [-9, 0]]],
    ["is", "kind", [HOSTILE]],
    ["between", "n_genes", 1000, 1200],
    ["names", [HOSTILE]],
]


@pytest.mark.parametrize("what", SELECTIONS, ids=lambda what: what[0])
def test_a_selection_and_its_line_of_python_select_the_same(client, what):
    found = client.post("samples/selection", sel=what)
    mask = found["arrays"]["mask"].astype(bool)
    assert mask.any()
    assert not mask.all()
    assert found["n"] == mask.sum()
    assert list(run([*found["python"][:-1], "selected"])) == list(mask)


def test_a_selection_is_described_and_saved(client, adata):
    what = ["is", "kind", ["a"]]
    made_of = client.post("samples/selection", sel=what)["made_of"]
    kinds = next(one for one in made_of if one["column"] == "kind")
    assert kinds["rows"] == [["a", 466, 1.0, 1.0]]
    genes = next(one for one in made_of if one["column"] == "n_genes")
    assert genes["median"] == adata.obs["n_genes"][adata.obs["kind"] == "a"].median()
    text = client.http.post("samples/csv", json={"sel": what}).text
    assert text.count("\n") == 467
    assert "FE1,FE2" in text.splitlines()[0]


def test_markers_are_those_of_the_verb(client, adata):
    what = ["is", "bulk_labels", ["CD19+ B"]]
    job = client.finished(client.post("samples/markers", sel=what, key="fe", n=10))
    found = client.get("samples/markers", job=job["job"])
    side = np.where(adata.obs["bulk_labels"] == "CD19+ B", "in", "out")
    wanted = adata.copy()
    wanted.obs["side"] = pd.Categorical(side)
    wanted = fe.tl.markers(wanted, "side", groups=["in"], n_genes=10)
    same(found["table"], wanted.drop(columns="group"))
    same(found["table"], run(found["python"]).drop(columns="group"))
    other = client.finished(
        client.post(
            "samples/markers", sel=what, against=["is", "bulk_labels", ["Dendritic"]], key="fe"
        )
    )
    assert other["job"] != job["job"]


def test_similar_genes_are_those_of_the_verb(client, adata):
    gene = adata.var_names[0]
    found = client.get("genes/similar", gene=gene, n=7, ranks=1)
    same(found["table"], fe.tl.similar_genes(adata, gene, 7))
    same(found["table"], run(found["python"]))
    first = frame(found["table"]).iloc[0]
    both = fe.tl.gene_similarity(adata, gene, first["gene"])
    assert first["rank of query"] == both.rank_of_a
    assert first["percentile"] == pytest.approx(both.percentile_of_b)


def test_several_genes_are_one_query(client, adata):
    genes = list(adata.var_names[:2])
    found = client.get("genes/similar", gene=", ".join(genes), n=5)
    same(found["table"], fe.tl.similar_genes(adata, genes, 5))


def test_a_column_of_very_many_labels_colours_at_once():
    labels = [f"c{i}" for i in range(60_000)]
    many = AnnData(obs=pd.DataFrame({"clone": pd.Categorical(labels)}, index=labels))
    client = Client(many)
    began = time.process_time()
    found = client.get("samples/colour", name="clone")
    assert time.process_time() - began < 8
    assert [found["labels"][i] for i in found["order"][9:11]] == ["c9", "c10"]


def test_a_table_keeps_columns_that_are_named_as_an_axis(adata):
    named = adata.copy()
    named.obs["FE1"] = '=1+1, "q"'
    answer = Client(named).http.post("samples/csv", json={"sel": ["is", "kind", ["a"]]})
    table = pd.read_csv(io.StringIO(answer.text), index_col=0)
    assert set(table["FE1"]) == {'=1+1, "q"'}
    assert np.allclose(table["FE1 of X_fe"], adata.obsm["X_fe"][adata.obs["kind"] == "a", 0])


def test_genes_can_be_restricted(client, adata):
    columns = dict(client.get("genes/columns")["columns"])
    assert "fe_trained" in columns
    found = client.get(
        "genes/similar", gene=adata.var_names[0], n=3, among="fe_trained", only="True"
    )
    assert len(found["table"]["rows"]) == 3
    same(found["table"], run(found["python"]))


def test_two_genes_are_compared_and_explained(client, adata):
    a, b = adata.var_names[:2]
    found = client.get("genes/pair", a=a, b=b)
    assert found["rank_of_b"] == fe.tl.gene_similarity(adata, a, b).rank_of_b
    found = client.get("genes/explain", a=a, b=b, groupby="kind")
    same(found["table"], fe.tl.explain_similarity(adata, a, b, groupby="kind").reset_index())


def test_maps_of_genes(client, adata):
    genes = list(adata.var_names[:4])
    found = client.post("genes/map", genes=genes, n_query=1)
    assert found["genes"] == genes
    assert np.isfinite(found["points"]).all()
    every = client.get("genes/all")
    assert len(every["genes"]) * 2 == len(every["arrays"]["points"])


def test_the_calculator_states_the_relation_the_right_way_round(client, adata):
    a, b, c = adata.var_names[:3]
    found = client.get("calculator", expression=f"{a}:{b}::{c}:?", n=5)
    wanted = fe.tl.gene_arithmetic(adata, f"{b} - {a} + {c}", 5)
    same(found["table"], wanted)
    assert found["says"].startswith(f"{a} is to {b} as {c} is to {wanted['gene'].iloc[0]}:")
    assert found["arrows"][0] == [found["genes"].index(a), found["genes"].index(b)]
    assert 0 < found["kept"] <= 1


def test_any_signed_sum(client, adata):
    expression = f"0.5*{adata.var_names[0]} + {adata.var_names[1]} - 2*{adata.var_names[2]}"
    found = client.get("calculator", expression=expression, n=5)
    same(found["table"], fe.tl.gene_arithmetic(adata, expression, 5))
    assert "0.5 *" in found["says"]


def test_lists(client, adata):
    first, second = list(adata.var_names[:4]), list(adata.var_names[30:33])
    text = f"first: {', '.join(first)}\nsecond: {' '.join(second)} CD79X"
    found = client.post("lists", text=text)
    assert [one["known"] for one in found["lists"]] == [first, second]
    [[unknown, hint]] = found["lists"][1]["unknown"]
    assert unknown == "CD79X"
    assert "did you mean" in hint
    universe = list(fe.get.gene_embedding(adata).dropna().index)
    wanted = fe.tl.set_coherence(
        adata, {"first": first, "second": second}, universe=universe, min_genes=2, n_random=1000
    )
    table = frame(found["coherence"])
    assert np.allclose(table["coherence"].astype(float), wanted["coherence"])
    assert np.allclose(table["p_value"].astype(float), wanted["p_value"])
    matrix = np.array(found["matrix"]["values"])
    assert np.allclose(np.diag(matrix), 1, atol=1e-3)
    gmt = "\n".join(f"{name}\tx\t" + "\t".join(of) for name, of in (("a", first), ("b", second)))
    assert [one["known"] for one in client.post("lists", text=gmt)["lists"]] == [first, second]


def test_properties(client, adata):
    sets = {"one": list(adata.var_names[:30]), "two": list(adata.var_names[20:60])}
    gmt = "\n".join(f"{name}\tx\t" + "\t".join(of) for name, of in sets.items())
    gmt = gmt.replace(HOSTILE, adata.var_names[61])
    job = client.send("file/classify", gmt.encode(), name="sets.gmt", min_genes=5)
    assert not job["error"]
    found = client.get("properties", job=job["job"])
    table = frame(found["table"])
    assert set(table["property"]) == {"one", "two"}
    assert table["auroc_permuted"].notna().all()
    genes = frame(client.get("properties/genes", job=job["job"], property="one")["table"])
    best = genes.iloc[0]
    of_gene = frame(client.get("properties/gene", job=job["job"], gene=best["gene"])["table"])
    assert of_gene.set_index("property")["probability"]["one"] == best["probability"]


def test_profiles_at_a_place_and_along_a_path(client, adata):
    found = client.get("generate/place", at="[0.3, 0.4]")
    wanted = fe.tl.generate(adata, np.array([found["at"]]))
    table = frame(found["table"]).set_index("gene")["predicted"]
    assert np.allclose(
        table.loc[wanted.var_names].astype(float), np.asarray(wanted.X)[0], atol=1e-4
    )
    assert not found["is_far"]
    assert client.get("generate/place", at="[9000, 0]")["is_far"]
    stops = '[["bulk_labels", "CD34+"], ["bulk_labels", "Dendritic"]]'
    found = client.get("generate/path", stops=stops, n=5)
    assert np.shape(found["changes"]) == (5, 60)
    assert np.allclose(np.array(found["changes"])[:, 0], 0)


def test_the_model_page(client, adata):
    found = client.get("model")
    held = fe.get.history(adata)["validation_loss"].min()
    assert found["validation_loss"] == pytest.approx(held)
    spread = np.asarray(adata.X) - np.asarray(adata.X).mean(axis=0)
    assert found["held_out_r2"] == pytest.approx(1 - held / (spread**2).mean(), abs=0.01)


def test_the_command_and_the_line_of_python_repeat_the_training(client, adata, file):
    found = client.get("model")
    *words, out = shlex.split(found["command"])
    assert words.pop(0) == "fe-anndata"
    words[1], out = str(file), file.parent / out
    with pytest.raises(SystemExit, match="0"):
        command_line([*words, str(out)])
    again = fe.io.read_h5ad(file)
    run([*found["python"][:-1], "None"])
    eval(found["python"][-1], {"fe": fe, "adata": again})
    for repeated in (again, fe.io.read_h5ad(out)):
        assert np.array_equal(repeated.obsm["X_fe"], adata.obsm["X_fe"])


def test_search_finds_genes_samples_labels_and_near_matches(client, adata):
    gene = adata.var_names[0]
    assert client.get("search", q=gene.lower())["found"][0]["name"] == gene
    assert client.get("search", q="CD19+ B")["found"][0]["kind"] == "label"
    assert client.get("search", q=adata.obs_names[0])["found"][0]["kind"] == "sample"
    assert client.get("search", q="bulk_label")["found"][0]["name"] == "bulk_labels"
    wrong = gene[:-1] + ("A" if gene[-1] != "A" else "B")
    assert gene in [one["name"] for one in client.get("search", q=wrong)["found"]]
    assert client.get("search", q="\u2603" * 50)["found"] == []


def test_new_samples_are_placed(client, adata, tmp_path):
    new = adata[:6].copy()
    for table in (new.obsm, new.varm, new.uns):
        table.clear()
    new.write_h5ad(tmp_path / "new.h5ad")
    job = client.send("file/place", (tmp_path / "new.h5ad").read_bytes(), name="new.h5ad", key="fe")
    assert not job["error"]
    found = client.get("placed", job=job["job"], key="fe")
    fe.tl.transform(new, adata, progress=False)
    assert np.allclose(found["arrays"]["points"].reshape(-1, 2), new.obsm["X_fe"], atol=1e-4)
    assert np.allclose(found["arrays"]["errors"].reshape(-1, 2), new.obsm["X_fe_se"], atol=1e-4)
    assert found["n"] == 6


def test_named_sets_go_to_a_copy(client, file):
    what = ["is", "kind", ["a"]]
    found = client.post("sets/copy", sets=[["mine", what]], name="copy.h5ad")
    copy = fe.io.read_h5ad(file.parent / "copy.h5ad")
    assert copy.obs["mine"].sum() == 466
    assert copy.obsm["X_fe"].shape == (700, 2)
    assert found["wrote"].endswith("copy.h5ad")
    again = client.post("sets/copy", sets=[["mine", what]], name="copy.h5ad")
    assert "exists" in again["error"]
    assert "overwrite" not in again["error"]
    assert "mine" not in fe.io.read_h5ad(file).obs


def test_gene_vectors_alone(tmp_path):
    lines = [
        f"G{i} " + " ".join(f"{x:.3f}" for x in np.random.default_rng(i).normal(size=5))
        for i in range(20)
    ]
    (tmp_path / "genes.txt").write_text("20 5\n" + "\n".join(lines) + "\n")
    client = Client(tmp_path / "genes.txt")
    home = client.get("home")
    assert home["vectors_alone"]
    assert home["bases"] == []
    key = home["gene_keys"][0]
    assert len(client.get("genes/similar", gene="G3", n=4, key=key)["table"]["rows"]) == 4
    assert client.get("calculator", expression="G1:G2::G3:?", key=key)["table"]["rows"]
    assert "no samples" in client.get("genes/explain", a="G1", b="G2", key=key)["error"]


def test_a_gene_is_shown_in_the_units_of_the_embedding(adata):
    counts = AnnData(np.round(np.expm1(np.asarray(adata.X, dtype=float))), adata.obs, adata.var)
    counts.obsm["X_pca"] = adata.obsm["X_pca"]
    fe.tl.train(counts, normalize="log1p_cp10k", steps=3, progress=False)
    client = Client(counts)
    gene = counts.var_names[0]
    most = float(np.asarray(counts[:, gene].X).max())
    assert client.get("samples/colour", name=gene, basis="X_pca", key="fe")["high"] == most
    assert client.get("samples/colour", name=gene, basis="X_fe", key="fe")["high"] < 10 < most
