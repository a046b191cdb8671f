from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fe_anndata.genespace import GeneSpace
from fe_anndata.genespace.names import NameTable

TABLE = NameTable(
    pd.Index(["TP53", "C1orf112", "ENSG00000141510.18", "ENSMUSG00000059552", "TWIN", "TWIN"])
)


def test_ensembl_ids_match_without_their_versions():
    for name in ("ENSG00000141510.18", "ENSG00000141510", "ENSG00000141510.3"):
        assert TABLE.positions([name]).tolist() == [2]
    assert TABLE.positions(["ENSMUSG00000059552.14", "TP53"]).tolist() == [3, 0]


def test_a_name_as_it_stands_comes_first():
    table = NameTable(pd.Index(["ENSG00000141510.18", "ENSG00000141510.3", "ENSG00000141510"]))
    assert table.positions(["ENSG00000141510.3", "ENSG00000141510"]).tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"'ENSG00000141510\.1' is ambiguous: 3 genes"):
        table.positions(["ENSG00000141510.1"])


def test_a_pair_on_x_and_y_stays_apart():
    pair = NameTable(pd.Index(["ENSG00000182378.15", "ENSG00000182378.15_PAR_Y"]))
    assert pair.positions(["ENSG00000182378", "ENSG00000182378_PAR_Y"]).tolist() == [0, 1]
    alone = NameTable(pair.names[1:])
    with pytest.raises(KeyError, match=r"did you mean 'ENSG00000182378\.15_PAR_Y'"):
        alone.positions(["ENSG00000182378"])


def test_a_clone_keeps_its_number():
    for name in ("AC012345.2", "AC012345", "RP11-34P13.7"):
        assert NameTable(pd.Index(["AC012345.1", "RP11-34P13.2"])).find(name) == []
    assert NameTable(pd.Index(["NM_000546.6"])).find("NM_000546.5") == [0]


def test_hints_know_versions():
    names = [f"ENSG{i:011d}.2" for i in range(20)]
    table = NameTable(pd.Index(names[:10]), without=pd.Index(names[10:]))
    with pytest.raises(KeyError, match="has no vector, because it was not trained on"):
        table.positions(["ENSG00000000015.7"])
    with pytest.raises(KeyError, match=r"did you mean 'ENSG00000000003\.2'\? \(case matters"):
        table.positions(["ensg00000000003.1"])
    with pytest.raises(KeyError) as caught:  # not an id that differs in a digit
        table.positions(["ENSG00000000033"])
    assert "did you mean" not in str(caught.value)
    assert "there is 'ENSG00000000000.2'" in str(caught.value)


def test_case_is_never_changed():
    with pytest.raises(KeyError, match=r"1 of 1.*'tp53': did you mean 'TP53'\? \(case matters"):
        TABLE.positions(["tp53"])
    with pytest.raises(KeyError, match=r"did you mean 'C1orf112'\? \(case"):
        TABLE.positions(["C1ORF112"])


def test_unknown_names_are_listed():
    names = ["TP53", "TP54", *[f"no{i}" for i in range(15)], "TP54"]
    with pytest.raises(KeyError) as caught:
        TABLE.positions(names)
    message = caught.value.args[0]
    assert message.startswith("16 of 18 genes are not in the space. 'TP54': did you mean 'TP53'?")
    assert all(f"'no{i}'" in message for i in range(9))
    assert message.endswith("and 6 more.")


def test_an_ambiguous_name_is_an_error_only_when_asked_for():
    assert TABLE.positions(["TP53"]).tolist() == [0]
    with pytest.raises(ValueError, match=r"'TWIN' is ambiguous: 2 genes.*different names"):
        TABLE.positions(["TP53", "TWIN"])
    with_ids = NameTable(pd.Index(["TWIN", "TWIN"]), pd.Index(["id1", "id2"]))
    with pytest.raises(ValueError, match="Give one of 'id1', 'id2'"):
        with_ids.positions(["TWIN"])
    assert with_ids.positions(["id2", "id1"]).tolist() == [1, 0]


def test_ids_come_with_the_answers():
    space = GeneSpace(pd.Index(["TWIN", "TWIN", "ONE"]), np.eye(3), pd.Index(["x", "y", "z"]))
    table = space.similar(["ONE"], 2)
    assert table["gene"].tolist() == ["TWIN", "TWIN"]
    assert table["id"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("error", "match", "genes"),
    [
        (ValueError, "no gene", []),
        (ValueError, "empty", ["TP53", ""]),
        (ValueError, "empty", [" "]),
        (TypeError, "string, not 3", [3]),
        (TypeError, r"\['TP53'\]", "TP53"),
    ],
)
def test_names_that_make_no_sense(error, match, genes):
    with pytest.raises(error, match=match):
        TABLE.positions(genes)
