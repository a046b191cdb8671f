"""Train by several processes, as ``torchrun`` starts them, and say what came of it.

Run as ``python tests/several/harness.py FOLDER``. It prints a line of JSON. Processes are forks of
this one, which has loaded everything, so that one more costs a fraction of a second.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sys
import time
import warnings
from pathlib import Path

os.environ["TORCH_CPP_LOG_LEVEL"] = "FATAL"  # as commands do before torch is loaded
warnings.simplefilter("ignore")

import anndata  # noqa: E402
import numpy as np  # noqa: E402
import torch.distributed  # noqa: E402

import fe_anndata as fe  # noqa: E402
import fe_anndata.cli.commands  # noqa: E402
import fe_anndata.io  # noqa: E402
import fe_anndata.tl  # noqa: E402
from fe_anndata._access import inputs  # noqa: E402
from fe_anndata.cli import main  # noqa: E402
from fe_anndata.matrix.rows import ByBlocks  # noqa: E402
from fe_anndata.models.fe import many  # noqa: E402
from fe_anndata.models.fe.whole_matrix import Alternating  # noqa: E402

torch.optim.Adam([torch.zeros(1)])  # which loads much of torch

SAMPLES, GENES = 200, 100
STEPS = ["--steps", "45", "--record-every", "10"]
LONG = ["--steps", "100000", "--patience", "100000", "--checkpoint", "run"]
DIES_AT = 55


def data(folder):
    """Write what processes train on."""
    adata = fe.datasets.simulated(SAMPLES, GENES, 5)
    adata.obs["batch"] = np.array(["a", "b", "c"])[np.arange(SAMPLES) % 3]
    adata.X[np.arange(SAMPLES) % 3 == 1, :40] += 1
    adata.write_h5ad(folder / "in.h5ad")
    other = adata.copy()
    other.X[100, 3] += 1
    other.X[0, 3] += 1
    other.write_h5ad(folder / "other.h5ad")
    adata[:40].copy().write_h5ad(folder / "few.h5ad")
    adata.X[-1, 7] = np.inf
    adata.write_h5ad(folder / "infinite.h5ad")


def free_port():
    with socket.socket() as of:
        of.bind(("127.0.0.1", 0))
        return of.getsockname()[1]


def start(folder, number, words, before=None):
    """Begin a command in `number` processes; each may call ``before(rank)`` first."""
    port, children = free_port(), []
    for rank in range(number):
        child = os.fork()
        if child:
            children.append(child)
            continue
        os.chdir(folder)
        for stream, name in ((1, f"printed{rank}"), (2, f"said{rank}")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        if number > 1:
            of = {"RANK": rank, "WORLD_SIZE": number, "MASTER_PORT": port}
            os.environ |= {name: str(value) for name, value in of.items()}
            os.environ |= {"MASTER_ADDR": "127.0.0.1"}
        code = 0
        try:
            mine = words(rank) if callable(words) else words
            sys.argv = ["fe-anndata", *([] if mine[0] == "info" else ["train"]), *mine]
            if before is not None:
                before(rank)
            main()
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException as error:
            print("Traceback", repr(error), file=sys.stderr, flush=True)
            code = 99
        os._exit(code)
    return children


def ended(folder, children):
    """Return the exit codes of processes, and all that they said."""
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    said = [(folder / f"said{rank}").read_text() for rank in range(len(children))]
    return {"codes": codes, "said": [line for of in said for line in of.splitlines()]}


def run(folder, number, words, before=None):
    return ended(folder, start(folder, number, words, before))


def fresh(folder, name):
    at = folder / name
    at.mkdir()
    for source in folder.glob("*.h5ad"):
        (at / source.name).symlink_to(source)
    return at


def learned(path):
    """Return what a result holds, in numbers."""
    adata = anndata.read_h5ad(path)
    stored = adata.uns["fe"]
    u, steps = np.asarray(stored["records"]["samples"]), list(stored["records"]["steps"])
    tables = adata.obsm["X_fe"].tobytes() + adata.varm["fe"].tobytes()
    return {
        "tables": {step: u[steps.index(step)] for step in (10, 30)},
        "loss": float(stored["params"]["validation_loss"]),
        "bytes": hashlib.sha256(tables).hexdigest(),
        "effects": stored.get("batches", {}).get("effects"),
    }


def apart(one, other):
    """Return how far samples lie apart in two tables, as a fraction of their spread."""
    spread = np.square(one - one.mean(0)).sum(1).mean() ** 0.5
    return float(np.square(one - other).sum(1).mean() ** 0.5 / spread)


def agreement(folder, name, options=(), numbers=(1, 2)):
    """Return how far several processes are from one, and the last ones from those before."""
    at, found = fresh(folder, name), {}
    for number in numbers:
        words = ["in.h5ad", "-o", f"out{len(found)}.h5ad", *STEPS, *options]
        done = run(at, number, words)
        assert set(done["codes"]) == {0}, done
        assert len([line for line in done["said"] if "trained" in line]) == 1, done
        found[len(found)] = learned(at / f"out{len(found)}.h5ad")
    one, *others = found.values()
    effects = [apart(one["effects"], of["effects"]) for of in others if of["effects"] is not None]
    return {
        "apart": {
            step: max(apart(table, of["tables"][step]) for of in others)
            for step, table in one["tables"].items()
        },
        "loss": max(abs(of["loss"] / one["loss"] - 1) for of in others),
        "bytes": [of["bytes"] for of in found.values()],
        "effects": max(effects, default=None),
    }


def of_many(folder):
    """Return how far several processes are from one if some samples train, and all are placed."""
    at, whole = fresh(folder, "many"), many.MOST
    many.MOST = 60
    tables, losses = [], []
    for number in (1, 2, 4, 2):
        words = ["in.h5ad", "-o", f"out{len(tables)}.h5ad", "--steps", "30"]
        done = run(at, number, words)
        assert set(done["codes"]) == {0}, done
        adata = anndata.read_h5ad(at / f"out{len(tables)}.h5ad")
        tables.append(adata.obsm["X_fe"])
        losses.append(float(adata.uns["fe"]["params"]["validation_loss"]))
    many.MOST = whole
    of_each = np.sqrt(np.square(tables[1] - tables[0]).sum(1)) / tables[0].std(0).max()
    return {
        "median": float(np.median(of_each)),
        "apart": max(apart(tables[0], of) for of in tables[1:]),
        "loss": max(abs(of / losses[0] - 1) for of in losses),
        "same bytes": tables[1].tobytes() == tables[3].tobytes(),
    }


def rows_read(folder):
    """Return which rows each of three processes reads from disk."""
    at = fresh(folder, "rows")

    def before(rank):
        inputs.SMALL = 0
        whole, seen = ByBlocks.read, set()

        def read(self, part):
            seen.update(range(self.first + part.start, self.first + part.stop))
            Path(f"rows{rank}.json").write_text(json.dumps(sorted(seen)))
            return whole(self, part)

        ByBlocks.read = read

    done = run(at, 3, ["in.h5ad", "-o", "out.h5ad", "--steps", "2"], before)
    assert set(done["codes"]) == {0}, done
    return [json.loads((at / f"rows{rank}.json").read_text()) for rank in range(3)]


def dies_at_a_step(which):
    def before(rank):
        whole = Alternating.backward

        def backward(self, step):
            if rank == which and step == DIES_AT:
                os.kill(os.getpid(), signal.SIGKILL)
            return whole(self, step)

        Alternating.backward = backward

    return before


def killed(folder, which):
    """Return what is left when one of two processes is killed, and how the run goes on."""
    at = fresh(folder, f"killed{which}")
    steps = ["--steps", "60", "--record-every", "10"]
    found = run(at, 2, ["in.h5ad", "-o", "out.h5ad", *steps, "--checkpoint", "run"],
                dies_at_a_step(which))  # fmt: skip
    found["output"] = (at / "out.h5ad").exists()
    found["state"] = [path.name for path in (at / "run").glob("state-*")]
    whole = run(at, 2, ["in.h5ad", "-o", "whole.h5ad", *steps])
    assert set(whole["codes"]) == {0}, whole
    numbers = (1, 2, 3) if which else (2,)
    for number in numbers:
        shutil.copytree(at / "run", at / f"run{number}")
        goes_on = ["--checkpoint", f"run{number}", "--resume"]
        done = run(at, number, ["in.h5ad", "-o", f"out{number}.h5ad", *goes_on])
        assert set(done["codes"]) == {0}, done
    one = learned(at / "whole.h5ad")
    again = {number: learned(at / f"out{number}.h5ad") for number in numbers}
    found["loss"] = max(abs(of["loss"] / one["loss"] - 1) for of in again.values())
    found["same bytes"] = again[2]["bytes"] == one["bytes"]
    return found


def asked_to_end(folder):
    """Return how two processes end that are asked to, at moments a little apart."""
    at = fresh(folder, "asked")
    children = start(at, 2, ["in.h5ad", "-o", "out.h5ad", *LONG])
    while not list(at.glob("run/state-*[1-9]*.safetensors")):
        time.sleep(0.05)
    for child in children:
        os.kill(child, signal.SIGTERM)
        time.sleep(0.02)
    found = ended(at, children)
    adata = anndata.read_h5ad(at / "out.h5ad")
    found["ended"] = str(adata.uns["fe"]["params"]["ended"])
    return found


def main_of(folder):
    data(folder)
    two = {
        "different files": lambda rank: [f"{('in', 'other')[rank]}.h5ad", "-o", "out.h5ad"],
        "different options": lambda rank: ["in.h5ad", "-o", "out.h5ad", "--steps", str(5 + rank)],
        "a file that only one has": lambda rank: [f"{('in', 'no')[rank]}.h5ad", "-o", "out.h5ad"],
        "few": ["few.h5ad", "-o", "out.h5ad"],
        "labels": ["in.h5ad", "-o", "out.h5ad", "--labels-key", "group"],
        "views": ["in.h5ad", "-o", "out.h5ad", "--gene-views", "bins"],
        "concat": ["in.h5ad", "-o", "out.h5ad", "--decoder", "concat"],
        "infinite": ["infinite.h5ad", "-o", "out.h5ad"],
        "another command": ["info"],
        "option": ["in.h5ad", "-o", "out.h5ad", "--stepz", "3"],
    }
    at = fresh(folder, "refused")
    refused = {name: run(at, 3 if name == "few" else 2, words) for name, words in two.items()}
    return {
        "agreement": agreement(folder, "plain", numbers=(1, 2, 4, 2)),
        "batches": agreement(folder, "batches", ["--batch-key", "batch"]),
        "samples": agreement(folder, "samples", ["--validation-by", "samples"]),
        "gradient": agreement(folder, "gradient", ["--gene-step", "gradient"]),
        "dimensions": agreement(folder, "dimensions", ["--sample-dim", "8"]),
        "many": of_many(folder),
        "rows": rows_read(folder),
        "killed": [killed(folder, which) for which in (0, 1)],
        "asked": asked_to_end(folder),
        "refused": refused,
        "written": (at / "out.h5ad").exists(),
    }


if __name__ == "__main__":
    print(json.dumps(main_of(Path(sys.argv[1]))))
