"""The gallery of the documentation: pictures of `fe.pl` on a cohort, each with its call.

Writes docs/images/gallery and docs/gallery.md. The cohort is TCGA, eleven types of cancer and the
normal tissue beside.

    python -m benchmarks.gallery [--only FUNCTION ...]
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

import fe_anndata as fe
from benchmarks import cohorts
from benchmarks.contact_calls import function_of
from benchmarks.contact_material import material
from benchmarks.contact_sheet import draw

DOCS = Path(__file__).parents[1] / "docs"
CALLS = (
    'fe.pl.embedding(adata, "cancer_type")',
    'fe.pl.embedding(adata, "cancer_type", legend="on data")',
    'fe.pl.embedding(adata, ["sample_type", "KRT5"])',
    'fe.pl.embedding(adata, "cancer_type", query=new)',
    "fe.pl.density(adata)",
    'fe.pl.density(adata, groupby="cancer_type", groups=["BRCA", "KIRC", "LIHC", "THCA"])',
    'fe.pl.expression_map(adata, ["KRT5", "ALB", "FOXA1", "GATA3"])',
    'fe.pl.similarity_map(adata, ("cancer_type", "LUAD"))',
    'fe.pl.path(adata, [("cancer_type", "LUAD"), ("cancer_type", "LUSC")], n_genes=20)',
    'fe.pl.trajectories(adata, "cancer_type")',
    'fe.pl.animate(adata, "cancer_type")',
    "fe.pl.history(adata)",
    "fe.pl.reconstruction(adata)",
    "fe.pl.distance_preservation(adata)",
    'fe.pl.components_kept(fe.tl.components_kept(adata, methods=["fe", "fe_linear", "pca"]))',
    'fe.pl.similar_genes(adata, "KRT5", 20)',
    'fe.pl.gene_arithmetic(adata, "KRT5 - GATA3 + ALB", 10)',
    "fe.pl.gene_lists(adata, lists)",
    "fe.pl.gene_similarity_matrix(adata, genes)",
    'fe.pl.markers(fe.tl.markers(adata, "cancer_type"))',
    'fe.pl.evaluate(fe.tl.evaluate(adata, "cancer_type", methods=["fe", "pca"]))',
    "fe.pl.imputation_curve(fe.tl.imputation_curve(adata))",
    'fe.pl.classify_genes(fe.tl.classify_genes(adata, "hallmark.gmt"))',
    'fe.pl.attention(counts, groupby="cancer_type", key="exceiver")',
    'fe.pl.sweep(fe.tl.sweep(adata, {"gene_dim": [10, 25], "l2": [0.0, 1e-5]}))',
    'fe.pl.survival(fe.tl.survival(tumours, "OS_time", "OS", bases=["fe", "pca"]))',
)
"""Each stands below its picture; tables of verbs that take minutes are made of fewer genes."""
HEAD = """# Gallery

Every function of `fe.pl`, on eleven types of cancer of TCGA with normal tissue. Each returns
matplotlib Axes, or an animation. `python -m benchmarks.gallery` draws them again.

In the calls, `adata` was trained by `fe.tl.train(adata, record_every=5)`, and `new` was placed by
`fe.tl.transform(new, adata)`. `lists` is a dictionary of lists of genes, and `genes` one list.
`counts` was trained by the family `"exceiver"`, and `tumours` are samples with times of survival.
"""


def values() -> dict[str, Any]:
    """Return what calls draw, by name."""
    found, _ = material()
    adata, counts = found["t"], found["counts"]
    counts.obs["cancer_type"] = counts.obs["eleven"]
    return {**found, "adata": adata, "genes": found["genes"][:30]}


def drawn_from(call: str) -> str:
    """Return a call that draws a table at hand, in the place of one that makes it."""
    tables = {
        "components_kept": "kept",
        "markers": "marking",
        "evaluate": "evaluated",
        "imputation_curve": "imputed",
        "classify_genes": "classified",
        "sweep": "swept",
        "survival": "survived",
    }
    name = function_of(call)
    return f"fe.pl.{name}({tables[name]})" if name in tables else call


def page(calls: Sequence[str]) -> str:
    """Return the page: for each function its first sentence, its pictures and their calls."""
    parts, named = [HEAD], set()
    for i, call in enumerate(calls):
        name = function_of(call)
        if name not in named:
            first = (inspect.getdoc(getattr(fe.pl, name)) or "").split("\n\n")[0]
            sentence = " ".join(first.split())
            parts.append(f"\n## {name}\n\n{sentence} {{func}}`fe_anndata.pl.{name}`\n")
            named.add(name)
        parts.append(f"\n![{call}](images/gallery/{file_of(i, call)})\n\n```python\n{call}\n```\n")
    return "".join(parts)


def file_of(i: int, call: str) -> str:
    """Return the name of the file of a picture."""
    name = function_of(call)
    return f"{i + 1:02d}_{name}.{'gif' if name == 'animate' else 'png'}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all pictures, or those of some functions, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="FUNCTION", default=[])
    options = parser.parse_args(arguments)
    if not cohorts.present("tcga"):
        raise SystemExit(f"{cohorts.path_of('tcga')} is absent: set FE_ANNDATA_DATA.")
    folder = DOCS / "images" / "gallery"
    folder.mkdir(exist_ok=True)
    at_hand = values()
    for i, call in enumerate(CALLS):
        if options.only and function_of(call) not in options.only:
            continue
        path = folder / f"{i + 1:02d}_{function_of(call)}.png"
        draw(drawn_from(call), "light", at_hand, path)
        if function_of(call) == "animate":
            path.unlink()  # beside it is the moving one
        else:
            # 256 colours are enough for a picture of few, and a third of the size.
            Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
        print(path.name, flush=True)
    (DOCS / "gallery.md").write_text(page(CALLS))


if __name__ == "__main__":
    main()
