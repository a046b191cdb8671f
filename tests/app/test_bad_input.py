"""Questions and files that are wrong: each gets one clear line, and the app goes on."""

from __future__ import annotations

import os
import shlex
import time

import h5py
import numpy as np
import pytest

import fe_anndata as fe
from fe_anndata.app.data import open_data

from .conftest import HOSTILE, Client

LONG = "x" * 19_000
LARGE = "9" * 400
QUESTIONS = {
    "an unknown gene": ("genes/similar", {"gene": "CST33"}, "did you mean"),
    "no gene": ("genes/similar", {"gene": " "}, "missing"),
    "a very long gene": ("genes/similar", {"gene": LONG}, "x"),
    "HTML": ("genes/similar", {"gene": "<b>x</b>"}, "<b>x</b>"),
    "no such vectors": ("genes/similar", {"gene": "CST3", "key": "nope"}, "nope"),
    "no such number": ("genes/similar", {"gene": "CST3", "n": "many"}, "whole number"),
    "too many": ("genes/similar", {"gene": "CST3", "n": "9999999"}, "1 to"),
    "no such metric": ("genes/similar", {"gene": "CST3", "metric": "best"}, "one of"),
    "no such column": ("genes/explain", {"a": "CST3", "b": "LYZ", "groupby": "kinb"}, "kind"),
    "no sum": ("calculator", {"expression": "CST3 +* LYZ"}, "LYZ"),
    "code": ("calculator", {"expression": "__import__('os').system('x')"}, ""),
    "an unknown colour": ("samples/colour", {"name": "bulk_label"}, "bulk_labels"),
    "an unknown embedding": ("samples/points", {"basis": "X_nope"}, "X_nope"),
    "a dimension too many": ("samples/points", {"x": "7"}, "0 to 1"),
    "an unknown sample": ("samples/one", {"name": "nobody"}, "nobody"),
    "a place of three": ("generate/place", {"at": "[1,2,3]"}, "two numbers"),
    "a place of nothing": ("generate/place", {"at": "[NaN, 1]"}, "two numbers"),
    "a place that is no JSON": ("generate/place", {"at": "{"}, "cannot be read"),
    "a place too large for a number": ("generate/place", {"at": f"[{LARGE}, 1]"}, "two numbers"),
    "a place too deep": ("generate/place", {"at": "[" * 19_000}, "cannot be read"),
    "a path of one": ("generate/path", {"stops": '[["kind", "a"]]'}, "2 to"),
    "a path to nowhere": ("generate/path", {"stops": '[["kind","a"],["kind","b"]]'}, "'b'"),
    "no such model": ("model", {"key": "nope"}, "nope"),
    "no such job": ("properties", {"job": "nope"}, "start it again"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_wrong_question_is_answered_by_what_is_wrong(client, name):
    path, params, word = QUESTIONS[name]
    answer = client.get(path, **params)
    assert answer["status"] == 400, answer
    assert word in answer["error"]
    assert "fault of the app" not in answer["error"]
    assert len(answer["error"]) < 3000


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]
SELECTIONS = [
    None,
    [],
    {},
    "x",
    ["polygon"],
    ["polygon", "X_fe", 0, 1, [[0, 0]]],
    ["polygon", "X_fe", 0, 1, [[0, 0], [1, None], [2, 2]]],
    ["polygon", "X_fe", 0, 99, SQUARE],
    ["polygon", "nope", 0, 1, SQUARE],
    ["polygon", "X_fe", 0, 1, [[int(LARGE), 0], [1, 0], [1, 1]]],
    ["is", "kind", ["b"]],
    ["is", "kind", "a"],
    ["is", "nope", ["a"]],
    ["between", "kind", 0, 1],
    ["between", "n_genes", "a", 1],
    ["between", "n_genes", None, 1],
    ["between", "n_genes", int(LARGE), 1],
    ["names", ["nobody"]],
    ["names", [[1]]],
    ["names", []],
]


@pytest.mark.parametrize("what", SELECTIONS, ids=lambda what: str(what)[:60])
def test_a_wrong_selection_is_refused(client, what):
    answer = client.post("samples/selection", sel=what)
    assert answer["status"] == 400, answer


NO_OBJECTS = [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b'"x"', b'{"text": "CST3 \\ud800"}']


@pytest.mark.parametrize("body", NO_OBJECTS, ids=lambda body: str(body[:9]))
def test_what_is_no_object_is_refused(client, body):
    assert client.http.post("lists", content=body).status_code == 400


@pytest.mark.parametrize(
    "name", ["../out.h5ad", "/tmp/out.h5ad", ".h5ad", "out.txt", "", "a/b.h5ad"]
)
def test_a_copy_stays_in_its_folder(client, file, name):
    before = sorted(os.listdir(file.parent))
    answer = client.post("sets/copy", sets=[["s", ["is", "kind", ["a"]]]], name=name)
    assert answer["status"] == 400
    assert sorted(os.listdir(file.parent)) == before


SETS = [None, [], [["kind", ["is", "kind", ["a"]]]], [["a/b", ["is", "kind", ["a"]]]], [1], [["s"]]]


@pytest.mark.parametrize("sets", SETS, ids=str)
def test_wrong_sets_are_refused(client, sets):
    assert client.post("sets/copy", sets=sets, name="new.h5ad")["status"] == 400


def test_names_stay_as_they_are(client):
    """HTML is data: pages show it as text, so nothing is taken out of it."""
    assert client.get("search", q="<img")["found"][0]["name"] == HOSTILE
    assert client.get("samples/one", name=HOSTILE)["name"] == HOSTILE
    assert HOSTILE in client.get("samples/colour", name="kind")["labels"]
    assert client.get("genes/similar", gene=HOSTILE)["query"] == [HOSTILE]
    found = client.http.get("home")
    assert found.headers["content-type"] == "application/json"
    assert found.headers["x-content-type-options"] == "nosniff"


def written(tmp_path, adata):
    adata.write_h5ad(tmp_path / "new.h5ad")
    return (tmp_path / "new.h5ad").read_bytes()


def dropped(client, content, name="new.h5ad"):
    return client.send("file/place", content, name=name, key="fe")


def test_a_dropped_file_of_three_genes(client, adata, tmp_path):
    new = adata[:4, :3].copy()
    new.uns.clear(), new.obsm.clear(), new.varm.clear()
    job = dropped(client, written(tmp_path, new))
    assert job["error"] or any("3" in one for one in job["warnings"]), job


def test_a_dropped_file_of_another_species(client, adata, tmp_path):
    new = fe.datasets.simulated(5, 30, 2)
    new.var_names = [f"Mouse{i}" for i in range(30)]
    error = dropped(client, written(tmp_path, new))["error"]
    assert "Mouse0" in error
    assert "fault of the app" not in error


def test_a_dropped_file_of_another_unit_is_warned_of(client, adata, tmp_path):
    new = adata[:50].copy()
    new.X = new.X * 7
    new.uns.clear(), new.obsm.clear(), new.varm.clear()
    job = dropped(client, written(tmp_path, new))
    assert job["error"] or job["warnings"]


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\nbroken", b"no file", bytes(5000)])
@pytest.mark.parametrize(
    "name",
    ["new.h5ad", "new.csv", "../../new.h5ad", "new", "a\0b.h5ad", "..", "", "x" * 300 + ".h5ad"],
)
def test_a_broken_file_is_refused_and_nothing_is_left(client, content, name):
    answer = client.http.post("file/place", content=content, params={"name": name, "key": "fe"})
    if answer.status_code == 200:
        job = client.finished(answer.json())
        assert job["error"]
        assert "fault of the app" not in job["error"]
        assert "fe-anndata-app-" not in job["error"]
    else:
        assert answer.status_code == 400, answer.text
        assert "fe-anndata-app-" not in answer.text


def test_links_in_a_dropped_file_are_not_followed(client, adata, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["X"] = np.ones((3, 3))
    new = adata[:3].copy()
    new.uns.clear(), new.obsm.clear(), new.varm.clear()
    new.write_h5ad(tmp_path / "new.h5ad")
    with h5py.File(tmp_path / "new.h5ad", "a") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink(str(secret), "X")
    error = dropped(client, (tmp_path / "new.h5ad").read_bytes())["error"]
    assert "link" in error


@pytest.mark.parametrize("content", [b"", b"one\tx\tA\tB\n", b"\xff\xfe", b"just text"])
def test_gene_sets_that_cannot_be_learned(client, content):
    answer = client.http.post("file/classify", content=content, params={"name": "sets.gmt"})
    said = answer.json()
    error = said.get("error") or client.finished(said)["error"]
    assert error
    assert "fault of the app" not in error
    assert "fe-anndata-app-" not in error


def test_lists_that_are_no_gmt_file_are_named_by_their_line_alone(client):
    error = client.post("lists", text="a\tb\tCST3\nc")["error"]
    assert error.startswith("lists.gmt, line 2")


@pytest.fixture
def untrained(tmp_path):
    adata = fe.datasets.simulated(60, 40, 3)
    adata.obsm.clear(), adata.varm.clear()
    adata.write_h5ad(tmp_path / "raw.h5ad")
    return tmp_path / "raw.h5ad"


def test_a_file_without_results_is_trained_on_the_page(untrained):
    client = Client(untrained)
    home = client.get("home")
    assert home["families"] == []
    assert "fe-anndata train" in home["typed"]
    for path in ("samples/points", "genes/similar", "model", "generate/place"):
        assert "Home" in client.get(path, gene="G")["error"]
    job = client.finished(client.post("train", sample_dim=3, steps=20))
    assert not job["error"]
    made = untrained.parent / "raw.trained.h5ad"
    assert job["made"]["wrote"] == str(made)
    home = client.get("home")
    assert home["families"][0]["sample_dim"] == 3
    assert home["path"] == str(made)
    wanted = fe.datasets.simulated(60, 40, 3)
    fe.tl.train(wanted, sample_dim=3, steps=20, progress=False)
    assert np.array_equal(fe.io.read_h5ad(made).obsm["X_fe"], wanted.obsm["X_fe"])
    assert "fe" not in fe.io.read_h5ad(untrained).uns


def test_the_command_to_type_is_safe_in_a_shell(untrained):
    path = untrained.rename(untrained.with_name("a'$HOME' (1).h5ad"))
    words = shlex.split(Client(path).get("home")["typed"])
    assert words[:3] == ["fe-anndata", "train", path.name]
    assert '"' not in Client(path).get("home")["typed"].replace("'\"'\"'", "")


def test_a_training_that_fails_says_why(untrained):
    client = Client(untrained)
    assert client.finished(client.post("train", sample_dim=900_000))["error"]


def test_colours_that_cannot_be_computed_are_not_waited_for_without_an_end(adata):
    without = adata.copy()
    without.X = None
    client = Client(without)
    asked = {"name": ":fit", "key": "fe"}
    client.get("samples/colour", **asked)
    time.sleep(1)  # longer than a page waits before it asks again
    assert "adata.X is empty" in client.get("samples/colour", **asked)["error"]


def test_genes_that_cannot_be_compared_leave_the_other_pages_as_they_are(adata):
    twice = adata.copy()
    twice.var_names = [twice.var_names[0], *twice.var_names[:-1]]
    twice.var["a"], twice.var["b"] = "x", "y"
    twice.var.columns = ["a" if name == "b" else name for name in twice.var.columns]
    client = Client(twice)
    assert client.get("home")["n_vars"] == twice.n_vars
    assert client.get("samples/points")["axes"] == ["FE1", "FE2"]
    assert "make_unique" in client.get("genes/similar", gene="LYZ")["error"]


def test_an_anndata_in_memory_is_not_changed(adata):
    before = (set(adata.obs), set(adata.obsm), set(adata.uns))
    client = Client(adata)
    client.get("samples/colour", name=":density")
    client.patient("samples/colour", name=":fit", key="fe")
    assert (set(adata.obs), set(adata.obsm), set(adata.uns)) == before


def test_an_empty_file(tmp_path):
    fe.datasets.simulated(5, 5, 2)[:0].copy().write_h5ad(tmp_path / "empty.h5ad")
    home = Client(tmp_path / "empty.h5ad").get("home")
    assert home["n_obs"] == 0


@pytest.mark.parametrize("content", [b"", b"no file at all", b"\x89HDF\r\n\x1a\n"])
def test_a_broken_file_is_not_opened(tmp_path, content):
    (tmp_path / "broken.h5ad").write_bytes(content)
    with pytest.raises((ValueError, OSError), match=r"broken\.h5ad"):
        open_data(tmp_path / "broken.h5ad")


def test_what_is_no_file_is_not_opened(tmp_path):
    with pytest.raises(ValueError, match="none"):
        open_data(tmp_path / "none.h5ad")
    with pytest.raises(TypeError, match="int"):
        open_data(3)


def test_a_file_that_changes_is_noticed_and_opened_again(untrained):
    client = Client(untrained)
    answer = client.http.get("home")
    assert (answer.headers["x-changed"], answer.headers["x-edition"]) == ("0", "0")
    fe.datasets.simulated(61, 40, 3).write_h5ad(untrained)
    assert client.http.get("home").headers["x-changed"] == "1"
    client.post("reopen")
    answer = client.http.get("home")
    assert (answer.headers["x-changed"], answer.headers["x-edition"]) == ("0", "1")
    assert answer.json()["n_obs"] == 61


def test_two_windows_have_jobs_of_their_own(client):
    what = [["is", "kind", [kind]] for kind in ("a", HOSTILE)]
    jobs = [client.post("samples/markers", sel=one, key="fe", n=5) for one in what]
    assert jobs[0]["job"] != jobs[1]["job"]
    tables = [client.get("samples/markers", job=client.finished(job)["job"]) for job in jobs]
    assert tables[0]["sides"] == tables[1]["sides"][::-1]
    assert client.post("samples/markers", sel=what[0], key="fe", n=5)["job"] == jobs[0]["job"]


def test_an_anndata_that_is_trained_meanwhile_is_noticed(adata):
    made = adata.copy()
    client = Client(made)
    assert client.http.get("home").headers["x-changed"] == "0"
    fe.tl.train(made, steps=3, key_added="later", progress=False)
    assert client.http.get("home").headers["x-changed"] == "1"
    client.post("reopen")
    answer = client.http.get("home")
    assert answer.headers["x-changed"] == "0"
    assert "later" in [one["key"] for one in answer.json()["families"]]
    view = Client(made[:20])
    assert [view.http.get("home").headers["x-changed"] for _ in range(2)] == ["0", "0"]
