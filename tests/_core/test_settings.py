"""Settings are checked when they are set."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fe_anndata._core.settings import Settings


def test_defaults():
    made = Settings()
    assert (made.device, made.progress, made.threads) == ("auto", True, None)
    assert (made.precision, made.kernel) == ("auto", "auto")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision", "float32"),
        ("precision", "bf16"),
        ("kernel", "reference"),
        ("kernel", "cpu"),
        ("kernel", "triton"),
        ("threads", 3),
        ("threads", np.int64(3)),
        ("threads", None),
        ("device", "any name that torch knows"),
    ],
)
def test_values_that_are_taken(name, value):
    made = Settings(**{name: value})
    setattr(made, name, value)
    assert getattr(made, name) == value


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("precision", "fp16", ValueError, "precision must be one of 'auto', 'float32', 'bf16'"),
        ("precision", None, ValueError, "precision must be one of"),
        ("kernel", "cuda", ValueError, "kernel must be one of 'auto', 'reference', 'cpu'"),
        ("kernel", ["cpu"], ValueError, "kernel must be one of"),
        ("threads", 0, ValueError, "at least 1"),
        ("threads", -2, ValueError, "at least 1"),
        ("threads", "4", TypeError, "int or None, not str"),
        ("threads", 2.0, TypeError, "int or None, not float"),
        ("threads", True, TypeError, "int or None, not bool"),
        ("thread", 4, AttributeError, "no setting 'thread'.*'threads'"),
    ],
)
def test_values_that_are_refused(name, value, error, words):
    made = Settings()
    with pytest.raises(error, match=words):
        setattr(made, name, value)
    assert made == Settings()


def test_a_warning_points_at_the_line_of_the_user(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from fe_anndata._core.warn import warn_user\n\nwarn_user('the message')\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert f"{script}:3: UserWarning: the message" in done.stderr
