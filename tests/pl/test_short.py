"""Names with few letters: what they keep, and that they can be told apart."""

from __future__ import annotations

import pytest

from fe_anndata.pl._short import DOTS, shortened

KIDNEYS = ["Kidney renal clear cell carcinoma", "Kidney renal papillary cell carcinoma"]


@pytest.mark.parametrize("names", [["B", "T cell"], ["", "x"], ["two\nlines", "b"]])
def test_short_names_stay(names):
    assert shortened(names, 12, 2) == names


def test_a_long_name_loses_its_end():
    assert shortened(["Glioblastoma multiforme"], 12) == [f"Glioblastom{DOTS}"]


def test_a_long_name_takes_lines_and_keeps_words_whole():
    assert shortened(["Lung adenocarcinoma"], 12, 2) == ["Lung\nadenocarcinoma"]
    (shown,) = shortened(["Head and neck squamous cell carcinoma"], 14, 2)
    assert shown == f"Head and neck\nsquamous cell{DOTS}"


@pytest.mark.parametrize("width", [6, 10, 16, 24])
@pytest.mark.parametrize("lines", [1, 2, 3])
@pytest.mark.parametrize(
    "names",
    [
        KIDNEYS,
        [f"cluster number {i}" for i in range(40)],
        [f"{c} of the very same tract" for c in "abc"],
        [f"the very same {c} of the very same tract" for c in "abc"],
        ["x" * 100 + "1", "x" * 100 + "2"],
        ["same", "same", "other"],
    ],
)
def test_names_that_differ_are_shown_differently(names, width, lines):
    shown = shortened(names, width, lines)
    assert len(set(shown)) == len(set(names))
    assert len(shown) == len(names)
    assert len({shown[i] for i, name in enumerate(names) if name == names[0]}) == 1


@pytest.mark.parametrize("width", [10, 16, 24])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_lines_are_few_and_short(width, lines):
    names = ["Pheochromocytoma and paraganglioma", "Uveal melanoma", "Acute myeloid leukemia"]
    for name in shortened(names, width, lines):
        rows = name.split("\n")
        assert len(rows) <= lines
        assert max(map(len, rows)) <= width + 4  # so that a word stays whole


def test_names_that_begin_alike_lose_what_they_share():
    assert shortened(["sample of batch 1", "sample of batch 2"], 10) == [
        f"sampl{DOTS}ch 1", f"sampl{DOTS}ch 2",
    ]  # fmt: skip
