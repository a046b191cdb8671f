"""Imports run downward, light parts stay light, and nothing global is touched."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import fe_anndata as fe

ROOT = Path(fe.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = {
    "_core": 0,
    "kernels": 1,
    "matrix": 1,
    "genespace": 2,
    "evaluation": 2,
    "training": 2,
    "models": 3,
    "store": 4,
    "_access": 5,
    "pp": 6,
    "tl": 6,
    "get": 6,
    "pl": 6,
    "io": 6,
    "datasets": 6,
    "app": 7,
    "cli": 8,
}
NUMERIC = ("kernels", "matrix", "models", "genespace", "evaluation", "training")


def room(path):
    """Return the folder of a file inside the package; empty for the package itself."""
    inside = path.relative_to(ROOT).parts
    if inside == ("__main__.py",):  # python -m fe_anndata, which is the command line
        return "cli"
    return inside[0] if len(inside) > 1 else ""


def only_for_types(tree):
    """Return the imports under ``if TYPE_CHECKING``, which never run."""
    return {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test).endswith("TYPE_CHECKING")
        for node in ast.walk(test)
    }


def imports(path):
    """Yield the full dotted name of everything a file imports."""
    tree = ast.parse(path.read_text())
    skipped = only_for_types(tree)
    package = ["fe_anndata", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def upward(path, names):
    """Return those of `names` that a file at `path` may not import."""
    here = room(path)
    found = []
    for name in names:
        parts = name.split(".")
        if parts[0] != "fe_anndata" or len(parts) < 2 or parts[1] not in FLOORS:
            continue
        there = parts[1]
        down = here in FLOORS and FLOORS[there] < FLOORS[here]
        if not (down or there == here or (not here and there == "_core")):
            found.append(name)
    return found


def test_every_folder_has_a_floor():
    folders = {room(path) for path in FILES} - {""}
    assert folders == set(FLOORS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_downward(path):
    assert upward(path, imports(path)) == []


@pytest.mark.parametrize(
    ("file", "name", "allowed"),
    [
        ("kernels/x.py", "fe_anndata.models.base.Model", False),
        ("kernels/x.py", "fe_anndata.matrix.values.tile", False),
        ("tl/x.py", "fe_anndata.pl.embedding", False),
        ("pl/x.py", "fe_anndata.tl.train", False),
        ("io/x.py", "fe_anndata.tl", False),
        ("training/x.py", "fe_anndata.kernels", True),
        ("training/x.py", "fe_anndata.models.fe.network", False),
        ("models/fe/x.py", "fe_anndata.training.task.Task", True),
        ("models/fe/x.py", "fe_anndata.store.uns", False),
        ("x.py", "fe_anndata.tl", False),
    ],
)
def test_this_test_sees_an_upward_import(file, name, allowed):
    assert (upward(ROOT / file, [name]) == []) == allowed


def test_relative_imports_are_resolved():
    found = set(imports(ROOT / "tl" / "train.py"))
    assert {"fe_anndata._core.keys.Keys", "fe_anndata.training.fit", "numpy"} <= found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_private_module_of_another_package(path):
    private = [
        name
        for name in imports(path)
        if not name.startswith(("fe_anndata", "__future__"))
        and any(part.startswith("_") for part in name.split("."))
    ]
    assert private == []


def python(code):
    """Run `code` in a new process; return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numeric_floors_need_no_anndata():
    modules = [
        ".".join(("fe_anndata", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in FILES
        if room(path) in NUMERIC
    ]
    assert len(modules) > 15
    python(
        f"""
import importlib, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("anndata", "scanpy"):
            raise ImportError(name + " is not here")
sys.meta_path.insert(0, Missing())
for name in {modules!r}:
    importlib.import_module(name)
# and they work
import numpy as np
from fe_anndata.kernels.device import compute
from fe_anndata.matrix.audit import audit
from fe_anndata.matrix.rows import InMemory
from fe_anndata.models import FE, family
from fe_anndata.training import Problem, fit
from fe_anndata.training.ranks import Ranks
rows = InMemory(np.random.default_rng(0).random((20, 15), dtype=np.float32))
problem = Problem(rows, audit(rows), Ranks(np.arange(20), np.arange(15)), 0, compute("cpu"))
fitted = fit(family("fe").task(problem, FE(steps=5), None))
assert np.isfinite(fitted.trained.genes()).all()
try:
    import fe_anndata.tl
except ImportError:
    pass
else:
    raise SystemExit("the block on anndata does not work")
"""
    )


def test_import_is_light_and_configures_nothing():
    heavy = python(
        """
import logging, sys
before = (list(logging.root.handlers), logging.root.level)
import fe_anndata
names = ("torch", "anndata", "scanpy", "matplotlib", "pandas")
print([n for n in names if n in sys.modules])
import fe_anndata.cli, fe_anndata.pl, fe_anndata.tl
log = logging.getLogger("fe_anndata")
assert (list(logging.root.handlers), logging.root.level) == before
assert (log.handlers, log.level, log.propagate) == ([], logging.NOTSET, True)
"""
    )
    assert heavy == "[]"


def test_options_are_light():
    # Help, completion and the command line read them without waiting for torch.
    heavy = python(
        """
import sys
import fe_anndata
from fe_anndata.models.fe.options import FE
assert FE(sample_dim=8).sample_dim == 8
assert fe_anndata.models.family("fe").options is FE
names = ("torch", "anndata", "scanpy", "scipy", "numba", "matplotlib", "pandas")
print([n for n in names if n in sys.modules])
"""
    )
    assert heavy == "[]"


def strings(tree):
    """Return the strings that a file compares, looks up or calls with; none of its docstrings."""
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    }


COMPARING = ("compare_models", "_comparison", "_evaluation")
TRAINING = ("train", "_run", "_starts", "_place", "models", "transform", "reconstruct", "generate")
GENERAL = [
    path
    for path in FILES
    if room(path) in ("training", "store", "_access", "get")
    or (room(path) == "tl" and path.stem in TRAINING)
]
"""What trains, stores and reads any family."""


@pytest.mark.parametrize("path", GENERAL, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_family_is_known_by_its_name(path):
    inside = [n for n in imports(path) if n.startswith("fe_anndata.models.fe")]
    assert inside == []
    assert not {"inner", "concat", "decoder"} & strings(ast.parse(path.read_text()))


@pytest.mark.parametrize("name", COMPARING)
def test_what_compares_models_names_none(name):
    path = ROOT / "tl" / f"{name}.py"
    assert not [n for n in imports(path) if n.startswith("fe_anndata.models.")]
    named = strings(ast.parse(path.read_text()))
    assert not {*fe.models.families(), "pca", "umap", "DEFAULT_KEY", "inner", "concat"} & named


# randomness

LOCAL = {"default_rng", "Generator", "SeedSequence", "BitGenerator", "PCG64"}
DRAWS = {
    "rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "seed",
    "manual_seed", "set_rng_state", "rand_like", "randn_like",
}  # fmt: skip


def global_draws(tree):
    """Return the calls that would read or set a global random state."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            if parts[:2] in (["np", "random"], ["numpy", "random"]) and len(parts) == 3:
                found += [ast.unparse(node)] * (parts[2] not in LOCAL)
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        own = any(k.arg == "generator" for k in node.keywords)
        parts = name.split(".")
        draws = parts[0] == "torch" and len(parts) == 2 and parts[1] in DRAWS
        draws |= name.startswith(("nn.init.", "torch.nn.init.")) and parts[-1].endswith(
            ("uniform_", "normal_", "orthogonal_")
        )
        found += [name] * (draws and not own)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_global_randomness(path):
    tree = ast.parse(path.read_text())
    assert global_draws(tree) == []
    # The module of the standard library is known where its state is put back, and nowhere else.
    assert "random" not in set(imports(path)) or path == ROOT / "_core" / "random.py"


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("np.random.seed(0)", True),
        ("np.random.default_rng(0)", False),
        ("torch.manual_seed(0)", True),
        ("torch.Generator().manual_seed(0)", False),
        ("torch.randn(3)", True),
        ("torch.randn(3, generator=g)", False),
        ("nn.init.xavier_uniform_(w)", True),
    ],
)
def test_this_test_sees_global_randomness(code, seen):
    assert bool(global_draws(ast.parse(code))) == seen


def train(**keywords):
    adata = fe.datasets.simulated(30, 20, 3)
    fe.tl.train(adata, steps=5, progress=False, **keywords)
    return adata


def states():
    return torch.get_rng_state().numpy().tobytes(), str(np.random.get_state())  # noqa: NPY002


RUNS = [
    {},
    {"decoder": "concat", "hidden": (6, 4), "minibatch_size": (10, 10)},
    {"decoder": "dot", "minibatch_size": 100},
]


@pytest.mark.parametrize("keywords", RUNS, ids=["inner", "concat", "dot"])
def test_global_random_states_are_left_alone(keywords):
    before = states()
    adata = train(**keywords)
    assert states() == before
    fe.tl.reconstruct(adata)
    fe.get.model(adata)
    assert states() == before


@pytest.mark.parametrize("keywords", RUNS, ids=["inner", "concat", "dot"])
def test_global_random_states_do_not_matter(keywords):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = train(**keywords)
        torch.manual_seed(2)
        second = train(**keywords)
    assert first.obsm["X_fe"].tobytes() == second.obsm["X_fe"].tobytes()
    assert first.varm["fe"].tobytes() == second.varm["fe"].tobytes()


def test_training_changes_no_global_setting_of_torch():
    def settings():
        return (
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.is_grad_enabled(),
        )

    before = settings()
    train()
    assert settings() == before
