"""Fresh processes that do what they are asked, with one of two checkouts of fe_anndata.

A worker imports fe_anndata, from this checkout or from another, and the benchmarks always from
this one. It lives until it is closed, so that what it did once it need not do again, and answers
one request at a time: the name of a function in a module of benchmarks, and its arguments. Memory
is what the kernel records of it (Linux); the page cache does not count.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
MB = 1e6


class Worker:
    """A process that calls functions of the benchmarks; close it, or use it in a with statement.

    Parameters
    ----------
    module
        Where the functions are, such as ``"calls"``.
    checkout
        The folder fe_anndata is imported from.
    """

    def __init__(self, module: str, checkout: Path = HERE) -> None:
        command = [sys.executable, "-P", __file__, module, str(checkout.resolve())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()

    def ask(self, function: str, *arguments: Any) -> Any:
        """Return what a function of the module returns; both are passed on as JSON."""
        print(json.dumps([function, arguments]), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended early; what it says of it is above")
        return json.loads(line)

    def resident(self) -> float:
        """Return the memory it holds now, in MB."""
        return self._status("VmRSS")

    def forget_peak(self) -> None:
        """Let its peak begin anew, at what it holds now."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def peak(self) -> float:
        """Return the most it has held since its start, or since its peak was forgotten, in MB."""
        return self._status("VmHWM")

    def _status(self, field: str) -> float:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(f"{field}:"))
        return int(line.split()[1]) * 1024 / MB

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(module: str, checkout: str) -> None:
    """Answer until nobody asks any more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what functions print is no answer
    sys.path.insert(0, checkout)
    package = importlib.import_module("fe_anndata")
    if not Path(str(package.__file__)).is_relative_to(checkout):
        raise ImportError(f"fe_anndata is imported from {package.__file__}, not from {checkout}")
    sys.path.insert(0, str(HERE))
    functions = importlib.import_module(f"benchmarks.{module}")
    print("null", file=answers, flush=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(json.dumps(getattr(functions, name)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
