"""Runs verbs on mutants in a process with little memory and little time.

Started as a program with one thread, since threads do not survive a fork:
``python -m tests.fuzz.worker FOLDER`` reads lines of ``PATH VERB VERB...`` and answers each with
a line of JSON, the outcome of each verb.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
import traceback
import warnings
from pathlib import Path

SECONDS = 10
ROOM = 3 << 30
"""Bytes of address space beyond those at the start."""


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _outcome(verb: str, path: Path, folder: Path) -> dict[str, str]:
    from tests.fuzz.verbs import OF_NEW, OF_TRAINED

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {"ended": {**OF_TRAINED, **OF_NEW}[verb](path, folder)}
    except BaseException as error:
        kind = type(error)
        last = traceback.extract_tb(error.__traceback__)[-1]
        return {
            "error": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
            "message": str(error)[:4000],
            "at": f"{last.filename}:{last.lineno}",
        }


class Child:
    """A copy of this process that runs verbs, until it crashes or hangs."""

    def __init__(self, folder: Path) -> None:
        asked, self.asking = os.pipe()
        self.answers, answering = os.pipe()
        self.process = os.fork()
        if self.process:
            os.close(asked)
            os.close(answering)
            return
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        _limit()
        with os.fdopen(asked) as lines:
            for line in lines:
                path, verb = line.split()
                answer = json.dumps(_outcome(verb, Path(path), folder))
                os.write(answering, answer.encode()[:60_000] + b"\n")
        os._exit(0)

    def outcome(self, path: str, verb: str) -> tuple[dict[str, str], bool]:
        """Return the outcome of a verb, and whether the process can go on."""
        os.write(self.asking, f"{path} {verb}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            if not select.select([self.answers], [], [], SECONDS)[0]:
                os.kill(self.process, signal.SIGKILL)
                self._end()
                return {"hang": f"{SECONDS} s"}, False
            more = os.read(self.answers, 1 << 16)
            if not more:
                return {"crash": f"status {self._end()}"}, False
            answer += more
        return json.loads(answer), True

    def _end(self) -> int:
        os.close(self.asking)
        os.close(self.answers)
        return os.waitpid(self.process, 0)[1]


def main() -> None:
    """Answer lines until there are no more."""
    folder = Path(sys.argv[1])
    import scanpy  # noqa: F401  so that it is not imported for each mutant again
    import torch  # noqa: F401

    import fe_anndata as fe
    from tests.fuzz import verbs

    fe.settings.progress, fe.settings.threads, fe.settings.device = False, 1, "cpu"
    for name in ("get", "tl", "pl", "io"):
        for public in dir(getattr(fe, name)):
            getattr(getattr(fe, name), public)
    verbs.prepare(folder)
    with warnings.catch_warnings():  # what is compiled or imported when it is first used
        warnings.simplefilter("ignore")
        for verb in verbs.OF_TRAINED.values():
            verb(folder / "trained.h5ad", folder)
    gc.collect()
    gc.freeze()  # pages that copies share stay shared
    print("ready", flush=True)
    child, is_alive = Child(folder), True
    for line in sys.stdin:
        path, *names = line.split()
        outcomes = {}
        for name in names:
            child = child if is_alive else Child(folder)
            outcomes[name], is_alive = child.outcome(path, name)
        print(json.dumps(outcomes), flush=True)


if __name__ == "__main__":
    main()
