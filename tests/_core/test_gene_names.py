"""Names of genes: ids with and without versions, and names that no file can keep."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from fe_anndata._core.gene_names import match, require_one_line, tell, without_version

P53, MOUSE = "ENSG00000141510", "ENSMUSG00000059552"


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("ENSG00000141510.18", P53),
        ("ENSG00000141510.17_5", P53),  # lifted over to an older genome by GENCODE
        ("ENSMUSG00000059552.14", MOUSE),
        ("ENST00000269305.9", "ENST00000269305"),
        ("ENSGR0000182378.10", "ENSGR0000182378"),  # the older mark of a gene on Y
        ("NM_000546.6", "NM_000546"),
        ("XR_001737578.2", "XR_001737578"),
        ("ENSG00000002586.20_PAR_Y", "ENSG00000002586_PAR_Y"),  # another gene than without
        (P53, P53),
        ("H1.4", "H1.4"),
        ("RP11-34P13.7", "RP11-34P13.7"),  # genes of a clone, told apart by their number
        ("AC012345.1", "AC012345.1"),
        ("ENSA.2", "ENSA.2"),
        ("NM_1.2", "NM_1.2"),
        ("ENSG00000141510.x", "ENSG00000141510.x"),
    ],
)
def test_versions(name, bare):
    assert without_version(name) == bare


def found(wanted, known, **more):
    return match(pd.Index(wanted, dtype=object), pd.Index(known, dtype=object), **more)


@pytest.mark.parametrize(
    ("wanted", "known", "positions", "ambiguous"),
    [
        (["A", P53], [f"{P53}.3", "A"], [1, 0], []),
        ([f"{P53}.1", f"{MOUSE}.2"], [f"{MOUSE}.1", f"{P53}.2"], [1, 0], []),
        # as it is written comes first, and what is left is not guessed
        ([f"{P53}.1"], [P53, f"{P53}.1"], [1], []),
        ([P53, f"{P53}.1"], [P53], [0, -1], [1]),
        ([f"{P53}.1"], [f"{P53}.2", f"{P53}.3"], [-1], [0]),
        ([f"{P53}.2", f"{P53}.3"], [f"{P53}.1"], [-1, -1], [0, 1]),
        ([f"{P53}.1", f"{P53}.2"], [f"{P53}.1", f"{P53}.3"], [0, -1], [1]),
        # a pair on X and Y
        ([P53, f"{P53}_PAR_Y"], [f"{P53}.3_PAR_Y", f"{P53}.3"], [1, 0], []),
        ([P53], [f"{P53}.3_PAR_Y"], [-1], []),
        (["AC012345.1", "RP11-34P13.7"], ["AC012345.2", "RP11-34P13"], [-1, -1], []),
        ([3, np.nan, "A"], ["A", 3], [1, -1, 0], []),
        ([], ["A"], [], []),
        (["A"], [], [-1], []),
    ],
)
def test_match(wanted, known, positions, ambiguous):
    result = found(wanted, known)
    assert result.positions.tolist() == positions
    assert np.flatnonzero(result.ambiguous).tolist() == ambiguous


def test_names_that_are_questions_of_their_own():
    result = found([f"{P53}.1", f"{P53}.2", P53], [f"{P53}.3"], one_to_one=False)
    assert result.positions.tolist() == [0, 0, 0]
    assert found([P53], [f"{P53}.1", f"{P53}.2"], one_to_one=False).positions.tolist() == [-1]


def test_the_order_of_the_names_does_not_matter():
    draw = np.random.default_rng(0)
    ids = [f"ENSG{i:011d}" for i in range(50)]
    known = pd.Index([f"{i}.{v}" for i in ids for v in draw.choice(9, draw.integers(3)) if v])
    wanted = pd.Index([f"{i}.{v}" for i in ids for v in draw.choice(9, draw.integers(3))])
    wanted, known = wanted.unique(), known.unique()
    expected = dict(zip(wanted, known[match(wanted, known).positions], strict=True))
    for _ in range(5):
        a, b = (names[draw.permutation(len(names))] for names in (wanted, known))
        again = match(a, b).positions
        assert {n: b[p] for n, p in zip(a, again, strict=True) if p >= 0} == {
            n: expected[n]
            for n, p in zip(wanted, match(wanted, known).positions, strict=True)
            if p >= 0
        }


def test_what_is_said(caplog):
    caplog.set_level(logging.INFO, logger="fe_anndata")
    wanted, known = pd.Index(["A", P53, f"{MOUSE}.1"]), pd.Index([f"{P53}.3", "A", f"{MOUSE}.3"])
    words = rf"2 of 3 genes were matched by their ids .* '{P53}' with '{P53}\.3'"
    with pytest.warns(UserWarning, match=words):
        tell(match(wanted, known), wanted, known, warn=True)
    assert not caplog.messages
    tell(match(wanted, known), wanted, known)
    assert len(caplog.messages) == 1
    assert "2 of 3" in caplog.messages[0]
    tell(match(wanted[:1], known), wanted[:1], known, warn=True)  # nothing, which would be an error
    twice = pd.Index([f"{P53}.1", f"{P53}.2"])
    with pytest.warns(UserWarning, match=rf"1 genes were not matched, such as '{P53}'.*versions"):
        tell(match(wanted[1:2], twice), wanted[1:2], twice)


@pytest.mark.parametrize("name", ["a\nb", "a\0", "\rb", "é\n", "\ud800"])
def test_names_that_files_cannot_keep(name):
    with pytest.raises(ValueError, match=r"1 names of genes, first .*\\.* rename") as caught:
        require_one_line(pd.Index(["ok", name, 3], dtype=object), "names of genes")
    assert name not in str(caught.value)  # it is shown escaped
    require_one_line(pd.Index(["ok", "é", 3, None], dtype=object), "names of genes")
