"""Who is answered, and what a page may load."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from fe_anndata.app import guard
from fe_anndata.app.guard import CONTENT_SECURITY_POLICY, new_token
from fe_anndata.app.site import site_of

from .conftest import TOKEN


@pytest.fixture(scope="module")
def http(client):
    return TestClient(site_of(client.site, TOKEN), base_url="http://127.0.0.1:8765")


@pytest.mark.parametrize("path", ["/", "/api/home", "/wrong/", "/wrong/api/home", "/tokenx/"])
def test_nothing_is_answered_without_the_token(http, path):
    answer = http.get(path)
    assert answer.status_code == 403
    assert "token" in answer.text
    assert "pbmc" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "",
        "localhost:evil",
        "evil.example:localhost",
    ],
)
def test_a_host_of_another_name_is_refused(http, host):
    assert http.get(f"/{TOKEN}/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765", "[::1]"]
)
def test_this_machine_is_answered(http, host):
    assert http.get(f"/{TOKEN}/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["", "api/home", "static/main.js", "api/none", "static/none.js"])
def test_every_answer_says_what_a_page_may_load(http, path):
    headers = http.get(f"/{TOKEN}/{path}").headers
    policy = headers["content-security-policy"]
    assert policy == CONTENT_SECURITY_POLICY
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_origin_is_allowed_in(http):
    headers = http.get(f"/{TOKEN}/api/home", headers={"Origin": "http://evil.example"}).headers
    assert not [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["../data.py", "%2e%2e/data.py", "..%2fdata.py", "/etc/passwd"])
def test_no_file_outside_is_served(http, path):
    assert http.get(f"/{TOKEN}/static/{path}").status_code in (403, 404)


def test_what_is_too_large_is_refused_by_its_length(http):
    answer = http.post(f"/{TOKEN}/api/samples/selection", content=bytes(guard.MOST_JSON + 1))
    assert answer.status_code == 413


def test_what_is_too_large_is_refused_whatever_it_says(http, monkeypatch):
    monkeypatch.setattr(guard, "MOST_JSON", 1000)
    monkeypatch.setattr(guard, "MOST_FILE", 1000)
    parts = iter([bytes(600)] * 3)
    assert http.post(f"/{TOKEN}/api/samples/selection", content=parts).status_code == 413
    parts = iter([bytes(600)] * 3)
    asked = f"/{TOKEN}/api/file/place?key=fe&name=a.h5ad"
    assert http.post(asked, content=parts).status_code == 413


def test_tokens_differ_and_are_long():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 24
