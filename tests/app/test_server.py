"""How it is served: the port, the address, the command, and the end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request

import pytest

import fe_anndata as fe
from fe_anndata.app import server

PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def asked(url):
    with PLAIN.open(url, timeout=20) as answer:
        return answer.read()


def test_it_is_served_until_it_is_stopped(file):
    served = fe.app(file, open_browser=False)
    assert served.url == f"http://127.0.0.1:{served.port}/{served.url.split('/')[3]}/"
    assert b"fe_anndata" in asked(served.url)
    assert json.loads(asked(served.url + "api/home"))["n_obs"] == 700
    assert served._repr_html_().startswith("<a href=")
    with socket.create_connection(("127.0.0.1", served.port)):
        pass
    served.stop()
    with pytest.raises(OSError):  # noqa: PT011  # refused, in the words of the system
        asked(served.url)


def test_two_apps_have_two_ports_and_two_tokens(file, adata):
    first, second = (fe.app(of, open_browser=False) for of in (file, adata))
    assert first.port != second.port
    token = first.url.split("/")[3]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        asked(f"http://127.0.0.1:{second.port}/{token}/")
    first.stop()
    second.stop()


@pytest.mark.parametrize("port", [0, 80, 70000, -1, "8765", True, 8765.0])
def test_a_port_that_is_none(file, port):
    with pytest.raises(ValueError, match="1024 to 65535"):
        fe.app(file, port=port, open_browser=False)


def test_no_port_is_free(file, monkeypatch):
    monkeypatch.setattr(server, "TRIED", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ValueError, match="is free"):
            fe.app(file, port=taken.getsockname()[1], open_browser=False)


def test_a_missing_extra_is_named(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r'pip install "fe-anndata\[app\]"'):
        fe.app(file, open_browser=False)


def test_the_browser_is_opened_at_the_address(file, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    served = fe.app(file)
    served.stop()
    assert opened == [served.url]


def test_the_command_prints_the_address_first_and_says_of_a_port_in_use(file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "fe_anndata", "app", str(file), "--port", str(port)]
        process = subprocess.Popen(
            [*command, "--no-open"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"NO_PROXY": "*"},
        )  # fmt: skip
        try:
            url = process.stdout.readline().strip()
            assert url.startswith(f"http://127.0.0.1:{port + 1}") or f":{port}/" not in url
            assert b"fe_anndata" in asked(url)
            process.send_signal(2)
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert f"port {port} is in use" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["none.h5ad", "broken.h5ad"])
def test_the_command_refuses_a_bad_file_in_a_line(tmp_path, name):
    (tmp_path / "broken.h5ad").write_bytes(b"no file")
    command = [sys.executable, "-m", "fe_anndata", "app", str(tmp_path / name), "--no-open"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
