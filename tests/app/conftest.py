"""A trained file, and the app on it as a client without a browser sees it."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

import fe_anndata as fe

pytest.importorskip("starlette", reason="the extra app is not installed")

from starlette.testclient import TestClient

from fe_anndata.app.data import open_data
from fe_anndata.app.site import Site, site_of

TOKEN = "token"
HOSTILE = "<img src=x onerror=alert(1)>"


def trained_pbmc():
    """Return a small trained AnnData, whose names hold HTML in each place that is shown."""
    adata = fe.datasets.pbmc68k_reduced()
    adata.X = np.asarray(adata.X.todense())
    adata = adata[:, np.argsort(-adata.X.var(axis=0), kind="stable")[:150]].copy()
    adata.var_names = [HOSTILE if name == adata.var_names[20] else name for name in adata.var_names]
    names = adata.obs_names.tolist()
    names[5] = HOSTILE
    adata.obs_names = names
    adata.obs["kind"] = pd.Categorical(np.where(np.arange(adata.n_obs) % 3, "a", HOSTILE))
    adata.obs["louvain_and_phase"] = (
        adata.obs["louvain"].astype(str) + " " + adata.obs["phase"].astype(str)
    ).astype("category")
    adata.obs[f"c {HOSTILE}"] = np.arange(adata.n_obs, dtype=float)
    fe.tl.train(adata, steps=30, record_every=10, progress=False)
    return adata


@pytest.fixture(scope="session")
def adata():
    return trained_pbmc()


@pytest.fixture(scope="session")
def file(adata, tmp_path_factory):
    file = tmp_path_factory.mktemp("app") / "pbmc.h5ad"
    fe.io.write_h5ad(adata, file)
    return file


class Client:
    """Asks the endpoints of one app."""

    def __init__(self, source):
        self.site = Site(open_data(source))
        self.http = TestClient(
            site_of(self.site, TOKEN),
            base_url=f"http://127.0.0.1/{TOKEN}/api/",
            raise_server_exceptions=False,
        )

    def get(self, path, **params):
        return self._read(self.http.get(path, params=params))

    def post(self, path, **values):
        return self._read(self.http.post(path, json=values))

    def send(self, path, content, **params):
        return self.finished(self._read(self.http.post(path, content=content, params=params)))

    def finished(self, job):
        until = time.monotonic() + 60
        while not job["done"]:
            assert time.monotonic() < until, job
            time.sleep(0.02)
            job = self.get("job", job=job["job"])
        return job

    def patient(self, path, **params):
        """Ask until the answer is there."""
        until = time.monotonic() + 60
        while "wait" in (answer := self.get(path, **params)):
            assert time.monotonic() < until, answer
            time.sleep(0.02)
        return answer

    def _read(self, response):
        if response.headers.get("content-type") == "application/octet-stream":
            return unpacked(response.content)
        if response.status_code == 200:
            return response.json()
        return {"status": response.status_code, **response.json()}


def unpacked(content):
    """Return the facts of numbers as bytes, and their arrays."""
    import json

    length = int.from_bytes(content[:4], "little")
    facts = json.loads(content[4 : 4 + length])
    for name, of in facts["arrays"].items():
        facts["arrays"][name] = np.frombuffer(content, of["type"], of["n"], 4 + length + of["at"])
    return facts


@pytest.fixture(scope="session")
def client(file):
    return Client(file)
