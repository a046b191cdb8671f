"""Given the same weights, hidden states, scores and gradients are those of transformers."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers")
from benchmarks import hugging_face as theirs

LENGTHS = [theirs.LISTS, (24, 20, 17)]


def check(differences):
    found = dict(differences)
    assert {"hidden states", "scores", "loss"} <= set(found)
    assert sum(name.startswith("gradient of") for name in found) > 10 * theirs.LAYERS
    assert not {name: far for name, far in found.items() if not far < 1e-5}


def test_gpt2():
    check(theirs.of_next_gene())


@pytest.mark.parametrize("lengths", LENGTHS, ids=["whole", "of several lengths"])
@pytest.mark.parametrize("objective", ["masked-gene", "masked-expression"])
def test_bert(objective, lengths):
    check(theirs.of_masked(objective, lengths))
