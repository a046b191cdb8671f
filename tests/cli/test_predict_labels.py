"""The command predict-labels."""

from __future__ import annotations

import pandas as pd
import pytest

import fe_anndata as fe
from tests.models.exceiver.conftest import QUICK, cohort

from .shared import bad


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    adata = cohort(80, 120, apart=1.5)
    fe.tl.train(adata, "exceiver", labels_key="kind", **QUICK)
    path = tmp_path_factory.mktemp("counts") / "reference.h5ad"
    adata.write_h5ad(path)
    return path


@pytest.mark.filterwarnings("ignore")
def test_it_writes_what_the_verb_writes(run, reference, tmp_path):
    new = cohort(9, 120, rng=3, apart=1.5)
    new.write_h5ad(tmp_path / "new.h5ad")
    words = (tmp_path / "new.h5ad", reference, "--key", "exceiver", "--least", "0.4")
    code, out, err = run("predict-labels", *words, "--no-progress", "-o", tmp_path / "out.h5ad")
    assert code == 0, err
    fe.tl.predict_labels(new, reference, key="exceiver", least=0.4, progress=False)
    named = int((~new.obs["exceiver_abstained"]).sum())
    assert f"{named} of 9 samples named" in out
    pd.testing.assert_frame_equal(fe.io.read_h5ad(tmp_path / "out.h5ad").obs, new.obs,
                                  check_categorical=False)  # fmt: skip
    bad(run("predict-labels", *words, "-o", tmp_path / "out.h5ad"), "exists")


def test_bad_words(run, reference, trained, tmp_path):
    cohort(9, 120, rng=3).write_h5ad(tmp_path / "new.h5ad")
    base = ("predict-labels", tmp_path / "new.h5ad")
    out = ("--no-progress", "-o", tmp_path / "out.h5ad")
    bad(run(*base, reference, *out), "'exceiver'")
    bad(run(*base, reference, "--key", "exceiver", "--least", "2", *out), "from 0 to 1")
    bad(run(*base, trained, *out), "learned no classes", "labels_key")
    assert not (tmp_path / "out.h5ad").exists()
