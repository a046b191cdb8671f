"""The command info."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

import fe_anndata as fe

from .shared import bad


def test_info(run):
    code, out, _ = run("info")
    assert code == 0
    for package in ("fe-anndata", "anndata", "scanpy", "torch", "numpy"):
        assert f"{package} {version(package)}\n" in out
    assert "device c" in out  # cpu or cuda


def test_info_says_what_is_chosen_and_why(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("fe_anndata.kernels.pair_mlp.choice.has_bf16", lambda device: False)
    monkeypatch.setattr(fe.settings, "device", "auto")
    monkeypatch.setattr(fe.settings, "threads", 1)
    code, out, _ = run("info")
    assert code == 0
    assert f"numba {version('numba')}\n" in out
    assert "\ntriton " in out
    lines = dict(line.split(" ", 1) for line in out.splitlines())
    assert lines["device"] == "cpu (no CUDA device was found)"
    assert lines["threads"].startswith("1 on ")
    assert "fe.settings.threads" in lines["threads"]
    assert lines["precision"].startswith("float32 (")
    assert "bf16 is not in hardware" in lines["precision"]
    assert "concat" in lines["kernel"]
    assert re.search(r"cpu \(.*(8|16) numbers at a time\)", lines["kernel"])


def test_info_without_a_package(run, monkeypatch):
    def found(package):
        if package == "triton":
            raise PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr("fe_anndata.cli.info.version", found)
    assert "triton not installed\n" in run("info")[1]


def test_info_of_settings_that_do_not_go_together(run, monkeypatch):
    monkeypatch.setattr("fe_anndata.kernels.device.has_bf16", lambda device: False)
    monkeypatch.setattr(fe.settings, "precision", "bf16")
    bad(run("info"), "'bf16'", "'float32'")
