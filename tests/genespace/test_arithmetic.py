from __future__ import annotations

import pandas as pd
import pytest

from fe_anndata.genespace.arithmetic import parse
from fe_anndata.genespace.names import NameTable

NAMES = NameTable(
    pd.Index(
        [
            "HLA-A",
            "MT-CO1",
            "NKX2-5",
            "TP53",
            "MDM2",
            "A",
            "B",
            "A-B",
            "5S_rRNA",
            "H1.4",
            "a b",
            "ENSG00000141510.18",
        ]
    )
)


@pytest.mark.parametrize(
    ("expression", "weights"),
    [
        ("HLA-A - MT-CO1 + NKX2-5", {"HLA-A": 1, "MT-CO1": -1, "NKX2-5": 1}),
        ("HLA-A-MT-CO1+NKX2-5", {"HLA-A": 1, "MT-CO1": -1, "NKX2-5": 1}),
        ("0.5*TP53 + MDM2", {"TP53": 0.5, "MDM2": 1}),
        ("-.5 * TP53+2e1*MDM2", {"TP53": -0.5, "MDM2": 20}),
        ("TP53", {"TP53": 1}),
        ("+ TP53", {"TP53": 1}),
        ("TP53 + MDM2 - 3*TP53", {"TP53": -2, "MDM2": 1}),
        ("TP53 \N{MINUS SIGN} 2\N{MULTIPLICATION SIGN}MDM2", {"TP53": 1, "MDM2": -2}),
        ("A - B", {"A": 1, "B": -1}),
        ('"A-B" - A', {"A-B": 1, "A": -1}),
        ('2*"A"-"B"', {"A": 2, "B": -1}),
        ("5S_rRNA-H1.4", {"5S_rRNA": 1, "H1.4": -1}),
        ("a b - A", {"a b": 1, "A": -1}),
        ("ENSG00000141510 - TP53", {"ENSG00000141510": 1, "TP53": -1}),
        ("TP53:MDM2::HLA-A:?", {"MDM2": 1, "TP53": -1, "HLA-A": 1}),
        (' TP53 : "A-B" :: B : ? ', {"A-B": 1, "TP53": -1, "B": 1}),
    ],
)
def test_expressions(expression, weights):
    assert parse(expression, NAMES) == weights


@pytest.mark.parametrize(
    ("expression", "at", "match"),
    [
        ("TP53 + ", 7, "a gene is expected"),
        ("TP53 + + MDM2", 7, "a gene is expected"),
        ("TP53 MDM2", 5, "[+] or - is expected"),
        ("TP53 / MDM2", 5, "[+] or - is expected"),
        ("TP53*2", 4, "[+] or - is expected"),
        ("MDM2 - 0.5 TP53", 7, "a gene is expected"),
        ("(TP53 + MDM2)", 0, "a gene is expected"),
        ('TP53 + "MDM2', 7, "a gene is expected"),
        ("-", 1, "a gene is expected"),
        ("TP53:MDM2::HLA-A", 9, "a:b::c:"),
        ("TP53::MDM2:?", 4, "a:b::c:"),
        ("TP53:MDM2:: :?", 9, "a gene is missing"),
        ("TP53 + A-B", 7, r'"A" - "B" or as "A-B"'),
        ("3*A-B", 0, r'3\*"A" - "B" or as 3\*"A-B"'),
    ],
)
def test_where_an_expression_cannot_be_read(expression, at, match):
    with pytest.raises(ValueError, match=match) as caught:
        parse(expression, NAMES)
    first, shown, caret = str(caught.value).split("\n")
    assert f"character {at + 1}" in first
    assert shown == f"  {expression}"
    assert caret == f"  {' ' * at}^"


def test_empty_and_not_a_string():
    for empty in ("", " \n"):
        with pytest.raises(ValueError, match=r"is empty; write .*APOE"):
            parse(empty, NAMES)
    with pytest.raises(TypeError, match="string"):
        parse(["A", "B"], NAMES)


@pytest.mark.parametrize("expression", ["tp53 - A + MDM3", "tp53:A::MDM3:?", '"tp53" + MDM3 - A'])
def test_unknown_genes_are_listed(expression):
    with pytest.raises(KeyError, match=r"2 of . genes.*'tp53'.*'TP53'\? \(case.*'MDM3'.*'MDM2'"):
        parse(expression, NAMES)


def test_a_name_that_only_looks_like_a_difference():
    names = NameTable(pd.Index(["A-B", "A", "C"]))
    assert parse("A-B-C", names) == {"A-B": 1, "C": -1}  # there is no B


def test_many_terms_are_read_in_no_time():
    names = NameTable(pd.Index(["A", "A-A", "B"]))
    with pytest.raises(ValueError, match="can be read as"):
        parse("-".join(["A"] * 60), names)  # in some 10^12 ways
    assert parse(" + ".join(["A", "B"] * 60), names) == {"A": 60, "B": 60}
