"""Genes that differ between groups: tl.differential beside Wilcoxon, on counts of known truth.

Counts are negative binomial around shares of three groups, with depths that vary from sample to
sample. Some genes differ in each group by a factor, up or down in balance, so that all others keep
their shares. `mixed` samples have states of their own beside, which change many genes and are
spread over all groups alike. Wilcoxon is that of Scanpy, on log1p of counts at 10,000 per sample,
as it is by default and with ties corrected. `power` is the part of different genes that has an
adjusted p-value below 0.05, `false` the part of those found that are wrong (the false discovery
rate, 0.05 at most), and `p < 0.05` the part of the other genes with so small a p-value. Means over
groups and seeds.

    python -m benchmarks.differential [--seeds N]
    python -m benchmarks.differential --tiny    # only to see that it runs
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData

import fe_anndata as fe
from benchmarks import report

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "shallow": {"total": 300.0},
    "deeper in a group": {"deeper": 2.0},
    "small groups": {"n_obs": 60, "factor": 4.0},
    "unequal groups": {"parts": (0.04, 0.16, 0.8), "factor": 3.0},
    "mixed": {"states": 0.8},
}
"""What differs from the defaults of `simulated`."""
TINY = {"plain": {"n_obs": 60, "n_vars": 80}}
GROUPS = ("a", "b", "c")
LEVEL = 0.05


def simulated(
    seed: int,
    n_obs: int = 400,
    n_vars: int = 1000,
    total: float = 1500.0,
    deeper: float = 1.0,
    parts: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3),
    states: float = 0.0,
    factor: float = 1.8,
    different: float = 0.06,
) -> tuple[AnnData, np.ndarray]:
    """Return counts, and which genes differ in which group, bool (3, n_vars)."""
    draw = np.random.default_rng(seed)
    group = np.repeat(np.arange(3), np.diff(np.round(np.cumsum([0, *parts]) * n_obs)).astype(int))
    share = np.exp(draw.normal(0, 1.5, n_vars))
    share /= share.sum()
    n = int(different * n_vars) // 2
    differs, of_group = np.zeros((3, n_vars), bool), np.tile(share, (3, 1))
    genes = draw.permutation(n_vars)
    for g in range(3):
        up, down = genes[2 * n * g : 2 * n * g + n], genes[2 * n * g + n : 2 * n * (g + 1)]
        moved = share[up].sum() + share[down].sum()
        of_group[g, up] *= factor
        of_group[g, down] /= factor
        # What they have together stays as it was, so that no other gene moves.
        of_group[g, [*up, *down]] *= moved / of_group[g, [*up, *down]].sum()
        differs[g, [*up, *down]] = True
    rate = of_group[group]
    if states:
        loadings = draw.normal(0, 1, (2, n_vars)) * (draw.random(n_vars) < 0.3)
        rate = rate * np.exp(states * draw.normal(0, 1, (len(group), 2)) @ loadings)
        rate /= rate.sum(1, keepdims=True)
    depth = total * np.exp(draw.normal(0, 0.5, len(group))) * np.where(group == 0, deeper, 1)
    size = 1 / np.exp(draw.normal(np.log(0.3), 0.5, n_vars))  # of the negative binomial
    mean = depth[:, None] * rate
    X = draw.negative_binomial(size, size / (size + mean)).astype(np.float32)
    names = [f"s{i}" for i in range(len(group))]
    adata = AnnData(X, obs=pd.DataFrame({"group": np.array(GROUPS)[group]}, index=names))
    kept = X.sum(0) > 0
    return adata[:, kept].copy(), differs[:, kept]


def ours(adata: AnnData, steps: int | None) -> str:
    """Train and test; return where the result is."""
    given = {} if steps is None else {"steps": steps}
    fe.tl.train(adata, "exceiver", progress=False, **given)
    fe.tl.differential(adata, "group", key="exceiver")
    return "rank_genes_groups_exceiver"


def wilcoxon(adata: AnnData, _: int | None, ties: bool = False) -> str:
    """Test as one does by default, or with ties corrected; return where the result is."""
    logs = adata.copy()
    sc.pp.normalize_total(logs, target_sum=1e4)
    sc.pp.log1p(logs)
    sc.tl.rank_genes_groups(logs, "group", method="wilcoxon", tie_correct=ties)
    adata.uns["wilcoxon"] = logs.uns["rank_genes_groups"]
    return "wilcoxon"


METHODS: dict[str, Callable[[AnnData, int | None], str]] = {
    "tl.differential": ours,
    "Wilcoxon": wilcoxon,
    "Wilcoxon, ties corrected": partial(wilcoxon, ties=True),
}


def judged(adata: AnnData, differs: np.ndarray, where: str) -> Iterator[dict[str, float]]:
    """Yield how well the genes of each group were found; one that differs elsewhere counts not."""
    for g, group in enumerate(GROUPS):
        table = sc.get.rank_genes_groups_df(adata, group, key=where).set_index("names")
        table = table.loc[adata.var_names]
        true, null = differs[g], ~differs.any(0)
        found = table["pvals_adj"].to_numpy() < LEVEL
        yield {
            "power": found[true].mean(),
            "false": found[null].sum() / max((found & (true | null)).sum(), 1),
            "p < 0.05": (table["pvals"].to_numpy()[null] < LEVEL).mean(),
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and write it as JSON."""
    parser = report.Parser("differential", __doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=None, help="of the training")
    options = parser.parse_args(arguments)
    records = []
    steps = 5 if options.tiny else options.steps
    for name, setting in (TINY if options.tiny else SETTINGS).items():
        found: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
        for seed in range(1 if options.tiny else options.seeds):
            adata, differs = simulated(seed, **setting)
            for method, run in METHODS.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    where = run(adata, steps)
                found[method] += judged(adata, differs, where)
        for method, values in found.items():
            means = pd.DataFrame(values).mean().to_dict()
            print(f"  {name}: {method}: {means}", flush=True)
            size = {"samples": adata.n_obs, "genes": adata.n_vars}
            records.append({"counts": name, **size, "method": method, **means})
    report.publish(
        options,
        pd.DataFrame(records),
        f"power and false discoveries at an adjusted p of {LEVEL}, means over groups and seeds",
        decoder=report.NO_MODEL,
    )


if __name__ == "__main__":
    main()
