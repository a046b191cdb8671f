"""Runs verbs on mutants, each in a process of its own with little memory and little time.

Started as a program with one thread, since threads do not survive a fork:
``python -m tests.fuzz.worker FOLDER`` reads lines of ``PATH VERB VERB...`` and answers each with
a line of JSON, the outcome of each verb.
"""

from __future__ import annotations

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
            "message": str(error),
            "at": f"{last.filename}:{last.lineno}",
        }


def _run(path: Path, verbs: list[str], folder: Path) -> dict[str, dict[str, str]]:
    """Return the outcome of each verb; those after a crash are run in another process."""
    outcomes: dict[str, dict[str, str]] = {}
    while len(outcomes) < len(verbs):
        reading, writing = os.pipe()
        left = verbs[len(outcomes) :]
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _limit()
            for verb in left:
                os.write(writing, json.dumps(_outcome(verb, path, folder)).encode() + b"\n")
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb", buffering=0) as lines:
            for verb in left:
                ready, _, _ = select.select([lines], [], [], SECONDS)
                line = lines.readline() if ready else None
                if line:
                    outcomes[verb] = json.loads(line)
                    continue
                if line is None:
                    os.kill(child, signal.SIGKILL)
                    outcomes[verb] = {"hang": f"{SECONDS} s"}
                break
        status = os.waitpid(child, 0)[1]
        if len(outcomes) < len(verbs) and os.WIFSIGNALED(status) and line == b"":
            outcomes[verbs[len(outcomes)]] = {"crash": signal.Signals(os.WTERMSIG(status)).name}
        elif len(outcomes) < len(verbs) and line == b"":
            outcomes[verbs[len(outcomes)]] = {"crash": f"exit status {status}"}
    return outcomes


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
    print("ready", flush=True)
    for line in sys.stdin:
        path, *names = line.split()
        print(json.dumps(_run(Path(path), names, folder)), flush=True)


if __name__ == "__main__":
    main()
