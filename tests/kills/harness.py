"""Kill commands at random moments, and look at what they leave.

Run as ``python tests/kills/harness.py FOLDER KILLS SEED``. It prints a line of JSON: how many
commands were killed by which signal, how they ended, and all faults that were found. Commands run
in forks of this process, which has loaded everything, so that a kill costs a fraction of a second.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

os.environ["MPLBACKEND"] = "agg"
warnings.simplefilter("ignore")

import anndata  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import sklearn.linear_model  # noqa: E402
import sklearn.neural_network  # noqa: E402, F401

import fe_anndata as fe  # noqa: E402
import fe_anndata.cli.commands  # noqa: E402
import fe_anndata.cli.pictures  # noqa: E402
import fe_anndata.io  # noqa: E402
import fe_anndata.tl  # noqa: E402
from fe_anndata.cli import main  # noqa: E402

TRAIN = ["--steps", "40", "--no-progress"]
COMMANDS = {
    "train": (["train", "in.h5ad", "-o", "out.h5ad", *TRAIN], ["out.h5ad"]),
    "train in place": (["train", "in.h5ad", "-o", "in.h5ad", *TRAIN], ["in.h5ad"]),
    "train, checkpoint": (
        ["train", "in.h5ad", "-o", "out.h5ad", "--checkpoint", "run", "--resume", *TRAIN],
        ["out.h5ad"],
    ),
    "train, zarr": (["train", "in.zarr", "-o", "out.zarr", *TRAIN], ["out.zarr"]),
    "train, zarr in place": (["train", "in.zarr", "-o", "in.zarr", *TRAIN], ["in.zarr"]),
    "transform": (["transform", "in.h5ad", "ref.h5ad", "-o", "out.h5ad"], ["out.h5ad"]),
    "reconstruct": (["reconstruct", "ref.h5ad", "-o", "out.h5ad"], ["out.h5ad"]),
    "impute": (["impute", "ref.h5ad", "-o", "out.h5ad"], ["out.h5ad"]),
    "evaluate": (
        ["evaluate", "in.h5ad", "--label", "group", "--methods", "pca", "--dims", "2", "--folds",
         "2", "--classifiers", "knn", "-o", "out.csv", "--plot", "out.png"],
        ["out.csv", "out.png"],
    ),
    "classify": (
        ["classify", "ref.h5ad", "half", "--folds", "2", "-o", "out.tsv", "--probabilities",
         "out.h5ad", "--plot", "out.png"],
        ["out.tsv", "out.h5ad", "out.png"],
    ),
    "plot": (["plot", "ref.h5ad", "history", "-o", "out.png"], ["out.png"]),
    "export": (["export", "ref.h5ad", "-o", "out.vec.gz"], ["out.vec.gz"]),
    "export samples": (["export", "ref.h5ad", "--samples", "-o", "out.tsv.gz"], ["out.tsv.gz"]),
    "similar": (["similar", "ref.h5ad", "gene1"], []),
    "arithmetic": (["arithmetic", "ref.h5ad", "gene1 - gene2"], []),
    "compare": (["compare", "ref.h5ad", "ref.h5ad"], []),
    "predict-labels": (
        ["predict-labels", "counts.h5ad", "counted.h5ad", "--key", "exceiver", "-o", "out.h5ad"],
        ["out.h5ad"],
    ),
    "differential": (
        ["differential", "counted.h5ad", "kind", "--key", "exceiver", "-o", "out.csv", "--save",
         "out.h5ad"],
        ["out.csv", "out.h5ad"],
    ),
    "markers": (
        ["markers", "ref.h5ad", "group", "-o", "out.csv", "--plot", "out.png"],
        ["out.csv", "out.png"],
    ),
    "sweep": (
        ["sweep", "in.h5ad", "-o", "out.csv", "--options", "gene_dim=2,3", "--fixed", "steps=9",
         "--checkpoint", "run", "--density", "out.png", "--save", "out.h5ad", "--no-progress"],
        ["out.csv", "out.png", "out.h5ad"],
    ),
    "models": (["models"], []),
    "info": (["info"], []),
    "demo": (["demo", "--out", "out"], ["out/pbmc.h5ad", "out/density.png", "out/history.png"]),
}  # fmt: skip
SIGNALS = ("SIGTERM", "SIGINT", "SIGKILL", "SIGHUP")
INPUTS = ("in.h5ad", "in.zarr", "ref.h5ad", "counts.h5ad", "counted.h5ad")


def inputs(folder):
    """Write what commands read."""
    adata = fe.datasets.simulated(40, 30, 4)
    adata.var["half"] = np.arange(30) % 2 == 0
    adata.write_h5ad(folder / "in.h5ad")
    adata.write_zarr(folder / "in.zarr")
    rates = np.random.default_rng(0).gamma(1, 2, (2, 60))[np.arange(40) % 2]
    counts = anndata.AnnData(np.random.default_rng(1).poisson(rates).astype(np.float32))
    counts.obs_names, counts.var_names = adata.obs_names, [f"gene{i}" for i in range(60)]
    counts.obs["kind"] = pd.Categorical(np.array(["a", "b"])[np.arange(40) % 2])
    counts.write_h5ad(folder / "counts.h5ad")
    child = os.fork()  # this process trains nothing, so that it has no threads when it forks
    if not child:
        fe.tl.train(adata, steps=20, progress=False)
        adata.write_h5ad(folder / "ref.h5ad")
        few = {"sample_dim": 4, "width": 8, "latents": 2, "heads": 2, "steps": 10}
        fe.tl.train(counts, "exceiver", labels_key="kind", progress=False, **few)
        counts.write_h5ad(folder / "counted.h5ad")
        os._exit(0)
    os.waitpid(child, 0)


def start(folder, words):
    """Begin a command in `folder`, and return its process."""
    child = os.fork()
    if child:
        return child
    os.chdir(folder)
    for number, name in ((1, "printed"), (2, "said")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv, code = ["fe-anndata", *words], 0
    try:
        main()
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException as error:
        print("Traceback", repr(error), file=sys.stderr, flush=True)
        code = 99
    os._exit(code)


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def content(path):
    """Return the bytes of a file or folder; None if it is not there."""
    if path.is_dir():
        return {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}
    return path.read_bytes() if path.exists() else None


def is_whole(path):
    """Return whether an output can be read to its end."""
    try:
        if path.suffix == ".zarr":
            return "X_fe" in anndata.read_zarr(path).obsm
        if path.suffix == ".h5ad":
            return anndata.read_h5ad(path).n_obs > 0
        if path.suffix == ".png":
            return plt.imread(path).size > 0
        if path.suffix == ".gz":
            return gzip.decompress(path.read_bytes()).endswith(b"\n")
        return len(pd.read_csv(path)) > 0 and path.read_bytes().endswith(b"\n")
    except Exception:
        return False


def partial(folder):
    """Return what is left of outputs that were being written."""
    return [str(f.relative_to(folder)) for f in folder.rglob("*.partial")]


def kill(folder, name, which, moment, rng):
    """Kill a command at a moment; return its exit code and all that is wrong."""
    words, outputs = COMMANDS[name]
    has_old = rng.random() < 0.5 or "in place" in name
    words = [*words, *["--overwrite"] * (has_old and bool(outputs) and name != "demo")]
    for source in INPUTS:
        (shutil.copytree if source.endswith(".zarr") else shutil.copy)(
            folder.parent / source, folder / source
        )
    for out in [folder / out for out in outputs if has_old and "in place" not in name]:
        if out.suffix == ".zarr":
            shutil.copytree(folder / "in.zarr", out)
        else:
            out.parent.mkdir(exist_ok=True)
            out.write_bytes(b"old")
    before = {path: content(folder / path) for path in (*INPUTS, *outputs)}
    child, begun = start(folder, words), time.perf_counter()
    if rng.random() < 0.5 and outputs:  # while something is written
        while not partial(folder) and time.perf_counter() - begun < 1.5 * moment:
            time.sleep(0.0003)
        time.sleep(rng.random() * 0.01)
    else:
        time.sleep(moment * rng.random() * 1.1)
    os.kill(child, getattr(signal, which))
    code, faults = ended(child), []
    for path in (*INPUTS, *outputs):
        now = content(folder / path)
        if now == before[path] or (now is None and before[path] == b"old" and which == "SIGKILL"):
            continue
        if path not in outputs or not is_whole(folder / path):
            faults.append(f"{path} is neither whole nor as it was")
    said = (folder / "said").read_text() if (folder / "said").exists() else ""
    if "Traceback" in said or "Error" in said:
        faults.append(f"said {said[-300:]}")
    number = getattr(signal, which)
    if code not in (0, 128 + number, -number):
        faults.append(f"exit code {code}: {said[-300:]}")
    if partial(folder) and which == "SIGKILL":
        again = [word for word in words if word != "--overwrite"]
        again += ["--overwrite"] * (bool(outputs) and name != "demo")
        if (code_again := ended(start(folder, again))) != 0:
            faults.append(f"the next run ended with {code_again}")
    if partial(folder):
        faults.append(f"left {partial(folder)}")
    return code, [f"{name}, {which}: {fault}" for fault in faults]


def run(folder, kills, seed):
    """Kill commands so many times, and return what was found."""
    folder.mkdir()
    inputs(folder)
    rng, seconds, faults = random.Random(seed), {}, []
    codes: Counter[str] = Counter()
    names = list(COMMANDS)
    for i in range(kills):
        name, which = names[i % len(names)], SIGNALS[(i // len(names) + i) % len(SIGNALS)]
        if name not in seconds:
            whole = folder / f"whole{i}"
            whole.mkdir()
            for source in INPUTS:
                link = folder / source
                (shutil.copytree if link.is_dir() else shutil.copy)(link, whole / source)
            more = ["--overwrite"] * ("in place" in name)
            begun = time.perf_counter()
            if ended(start(whole, [*COMMANDS[name][0], *more])) != 0:
                faults.append(f"{name} does not run: {(whole / 'said').read_text()[-300:]}")
            seconds[name] = time.perf_counter() - begun
        here = folder / str(i)
        here.mkdir()
        code, found = kill(here, name, which, seconds[name], rng)
        codes[f"{which} {code}"] += 1
        faults += found
        print(i, name, which, code, found, file=sys.stderr, flush=True)
        shutil.rmtree(here)
    return {"kills": kills, "ended": dict(sorted(codes.items())), "faults": faults}


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
