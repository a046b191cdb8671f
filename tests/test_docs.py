"""What the documentation shows: numbers come from results alone, links and commands are real."""

from __future__ import annotations

import json
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import report, tables
from benchmarks.shown import HEADLINES, TABLES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CALLS = {
    "command": "python -m benchmarks.calls --rounds 3",
    "date": "2025-01-02",
    "machine": {"processor": "a processor", "cores": 2, "threads": 2, "torch": "2.9"},
    "decoder": "inner",
    "table": [
        {
            **{"data": "gtex", "samples": 3795, "genes": 1000, "dim": 2, "seconds": 3.2149},
            **{"against": "PCA + neighbors + UMAP", "seconds against": 5.0231, "ratio": 0.64},
            **{"held-out loss": 0.5, "held-out R2": None},
        }
    ],
}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Copies of the files, made from one result."""
    readme = tmp_path / "README.md"
    readme.write_text(tables.README.read_text())
    monkeypatch.setattr(tables, "README", readme)
    monkeypatch.setattr(tables, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    beside = tmp_path / "bins.md"
    beside.write_text("Before.\n\n<!-- numbers: calls -->\n<!-- /numbers -->\n\nAfter.\n")
    monkeypatch.setattr(tables, "PAGES", (beside,))
    (tmp_path / "calls.json").write_text(json.dumps(CALLS))
    tables.main([])
    return tmp_path


def test_numbers_are_those_of_the_results():
    tables.main(["--check"])


def test_a_result_is_shown(measured):
    page = (measured / "benchmarks.md").read_text()
    assert "`python -m benchmarks.calls --rounds 3`, 2025-01-02" in page
    assert "a processor, 2 cores, 2 threads; torch 2.9" in page
    assert "Decoder: inner." in page
    line = "| gtex | 3,795 | 1,000 | 2 | 3.21 | PCA + neighbors + UMAP | 5.02 | 0.640 | - |"
    assert line in page
    assert "not measured yet; run: `python -m benchmarks.speed`" in page
    line = "| inner | 3.21 | 5.02, PCA, neighbors and UMAP | `benchmarks.calls --rounds 3` |"
    assert line in (measured / "README.md").read_text()
    beside = (measured / "bins.md").read_text()
    assert beside.startswith("Before.\n\n<!-- numbers: calls -->\n\n`python -m")
    assert beside.endswith("|\n\n<!-- /numbers -->\n\nAfter.\n")
    tables.main(["--check"])


@pytest.mark.parametrize("name", ["benchmarks.md", "README.md", "bins.md"])
def test_a_number_edited_by_hand_fails(measured, name):
    path = measured / name
    path.write_text(path.read_text().replace("3.21", "2.21"))
    with pytest.raises(SystemExit, match=name):
        tables.main(["--check"])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.87, "0.870"), (1043.2, "1,043"), (60600, "60,600"), (14.0, "14"), (0.00012, "1.2e-04"),
     (0.0316, "0.0316"), (261.4, "261"), (0.0, "0"), (-0.013, "-0.0130"), (None, "-"),
     (float("nan"), "-"), (True, "yes"), ("GTEx", "GTEx")],
)  # fmt: skip
def test_rounding(value, text):
    assert tables.number(value) == text


def test_every_table_has_one_place():
    shown = [*tables.MARK.findall(tables.TEMPLATE.read_text())]
    for path in tables.PAGES:
        shown += [name for name, _ in tables.IN_PAGE.findall(path.read_text())]
    assert sorted(shown) == sorted(TABLES)
    assert {line.table for line in HEADLINES} <= set(TABLES)


def test_text_around_tables_has_no_measured_number():
    assert re.findall(r"\d+\.\d+", tables.TEMPLATE.read_text()) == []


class ParsedError(Exception):
    """The command line was understood."""


@pytest.mark.parametrize("name", TABLES)
def test_commands_are_understood(name, monkeypatch):
    parse = report.Parser.parse_args

    def stop(self, arguments):
        options = parse(self, arguments)
        assert options.result == TABLES[name].result
        raise ParsedError

    monkeypatch.setattr(report.Parser, "parse_args", stop)
    benchmark, *arguments = shlex.split(TABLES[name].arguments)
    with pytest.raises(ParsedError):
        import_module(f"benchmarks.{benchmark}").main(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_and_commands_are_real(page):
    text = page.read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    for benchmark in re.findall(r"python -m benchmarks\.(\w+)", text):
        assert (ROOT / "benchmarks" / f"{benchmark}.py").is_file(), benchmark


def test_readme_is_short():
    assert len(PAGES[0].read_text().splitlines()) <= 120


def test_every_page_is_in_a_table_of_contents():
    named = " ".join(page.read_text() for page in PAGES[1:]).split()
    assert {page.stem for page in PAGES[1:]} - {"index"} <= set(named)
