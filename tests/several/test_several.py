"""Several processes train what one does; each reads its own rows, and they end together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fe_anndata._core import processes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forks")
SPREAD, LOSS = 1e-5, 0.01
"""How far several processes may be from one: samples, as a fraction of their spread, and loss."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    words = [Path(__file__).with_name("harness.py"), tmp_path_factory.mktemp("several")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_two_and_four_processes_are_where_one_is_after_30_steps(found):
    assert found["agreement"]["apart"]["30"] < SPREAD
    assert found["agreement"]["loss"] < LOSS


def test_as_many_processes_end_in_the_same_bytes(found):
    _, two, four, again = found["agreement"]["bytes"]
    assert two == again != four


# Steps along the gradients of all tables multiply any difference, such as that of rounding, faster:
# one of 1e-6 at the start is one of 3e-3 after 30 steps, in one process as well.
@pytest.mark.parametrize(
    ("name", "step"),
    [("batches", "30"), ("dimensions", "30"), ("samples", "10"), ("gradient", "10")],
)
def test_so_they_are_with_other_options(found, name, step):
    assert found[name]["apart"][step] < SPREAD
    assert found[name]["loss"] < LOSS


def test_they_train_on_a_choice_of_many_samples_together(found):
    many = found["many"]
    assert many["same bytes"]
    assert many["median"] < 1e-4
    # Rounding decides between two places that fit a sample about as well.
    assert many["apart"] < 0.02
    assert many["loss"] < 1e-3


def test_what_batches_do_is_found_by_all_together(found):
    assert found["batches"]["effects"] < 1e-3
    assert found["agreement"]["effects"] is None


def test_each_process_reads_its_own_rows_and_a_few_to_compare(found):
    assert found["rows"] == [list(range(66)), list(range(66, 133)), list(range(133, 200))]


@pytest.mark.parametrize("which", [0, 1])
def test_when_one_is_killed_all_end_with_one_message_and_the_checkpoint_stands(found, which):
    killed = found["killed"][which]
    assert sorted(killed["codes"]) == [-9, 1]
    assert killed["codes"][which] == -9
    (said,) = killed["said"]
    assert "another of the 2 processes has ended" in said
    assert not killed["output"]
    assert killed["state"] == ["state-000000045.safetensors"]
    assert killed["same bytes"]  # as a run of as many processes that was not killed
    assert killed["loss"] < LOSS  # also of one and of three processes


def test_when_asked_to_end_all_keep_the_same_evaluation(found):
    asked = found["asked"]
    assert asked["codes"] == [143, 143]
    assert asked["ended"] == "interrupted"
    assert "Traceback" not in "".join(asked["said"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("different files", "given different values: start all of them by the same line"),
        ("different options", "given different options"),
        ("a file that only one has", "there is no file no.h5ad"),
        ("few", "40 samples are too few for 3 processes"),
        ("labels", "--labels-key needs one process alone"),
        ("views", "--gene-views bins ranks all samples"),
        ("concat", "--minibatch tiles is trained by one process"),
        ("infinite", "infinite values (sample 'sample200', gene 'gene8')"),
        ("another command", "several processes only train; start info once"),
        ("option", "Unknown option"),
    ],
)
def test_bad_input_ends_all_with_one_message(found, name, message):
    refused = found["refused"][name]
    assert set(refused["codes"]) == {2}
    (said,) = refused["said"]
    assert message in said
    assert not found["written"]


def test_alone_nothing_is_shared():
    assert (processes.number(), processes.is_first()) == (1, True)
    assert processes.part(7) == slice(0, 7)
    assert processes.share(3) == [0, 1, 2]
    assert processes.total(2, 0.5) == (2, 0.5)
    assert processes.exchanged("word") == ["word"]
    processes.require_enough(1)
