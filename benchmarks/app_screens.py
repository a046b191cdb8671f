"""Pictures of every page of the app, at 1280 and 390 pixels, light and dark, to be looked at.

    python -m benchmarks.app_screens --out DIR [--file trained.h5ad] [--only samples]

By default the file is that of ``fe-anndata demo``, trained anew.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fe_anndata as fe
from benchmarks.browser import browser

WIDTHS = {1280: 860, 390: 844}
SETS = {
    "B cells": "CD79A CD79B MS4A1 CD37 HLA-DRA TCL1A BLNK BLK FCRLA CD72 TNFRSF13B IGJ",
    "myeloid": "LYZ S100A8 S100A9 CST3 FCN1 TYROBP FCER1G LST1 AIF1 CD14 CD68 MS4A7",
    "T cells": "CD3D CD3E CD2 LCK IL7R LTB CD27 TRAT1 ITK CD7 CCR7 IL32",
}
GMT = "\n".join("\t".join([name, "none", *genes.split()]) for name, genes in SETS.items())
B_CELLS = '["is","bulk_labels",["CD19%2B B"]]'
PAGES = {
    "home": "#home",
    "samples": "#samples",
    "samples_gene": "#samples?color=LYZ&at=AAAGCCTGGCTAAC-1",
    "samples_selection": f'#samples?sel={B_CELLS}&sets=[["B",{B_CELLS}]]',
    "genes": "#genes?gene=CD79A",
    "genes_pair": "#genes?gene=CD79A&b=CD79B&by=bulk_labels&map=all",
    "genes_unknown": "#genes?gene=CD79X",
    "calculator": "#calculator?expression=CD79A:HLA-DRA::LYZ:?",
    "calculator_sum": "#calculator?expression=CD3D %2B LYZ - CD79A&drawn=5",
    "lists": "#lists?lists=B: CD79A, CD79B, MS4A1, TCL1A%0Amyeloid: LYZ, S100A8, CST3, NOPE",
    "properties": "#properties",
    "generate": "#generate",
    "generate_place": "#generate?at=[0.3,0.4]",
    "generate_path": (
        '#generate?stops=[["bulk_labels","CD34%2B"],["bulk_labels","CD14%2B Monocyte"]]'
    ),
    "model": "#model",
}


def settled(page: Any) -> None:
    """Wait until nothing is asked or drawn any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.wait_for_load_state("networkidle")


def learned(page: Any) -> None:
    """Drop gene sets on the page Properties."""
    file = {"name": "sets.gmt", "mimeType": "text/plain", "buffer": GMT.encode()}
    page.get_by_label("Least genes of a set").fill("5")
    page.set_input_files("input[type=file]", file)
    page.wait_for_selector("text=3 properties")
    page.get_by_role("link", name="B cells").click()


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app_screens", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--only", nargs="*", default=list(PAGES))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as drawn:
        path = options.file or Path(folder, "pbmc.h5ad")
        if options.file is None:
            adata = fe.datasets.pbmc68k_reduced()
            fe.tl.train(adata)
            fe.io.write_h5ad(adata, path)
        served = fe.app(path, open_browser=False)
        wide = []
        for width, height in WIDTHS.items():
            for scheme in ("light", "dark"):
                size = {"width": width, "height": height}
                context = drawn.new_context(viewport=size, color_scheme=scheme)
                for name in options.only:
                    page = context.new_page()
                    page.on("pageerror", lambda error: print("error on the page:", error))
                    page.on("console", lambda said: said.type == "error" and print(said.text))
                    page.goto(served.url + PAGES[name])
                    settled(page)
                    if name == "properties":
                        learned(page)
                        settled(page)
                    page.screenshot(
                        path=options.out / f"{name}_{width}_{scheme}.png", full_page=True
                    )
                    if page.evaluate("document.documentElement.scrollWidth") > width:
                        wide.append(f"{name} at {width}")
                    page.close()
                context.close()
        served.stop()
    print(json.dumps({"written": str(options.out), "wider than the page": wide}))


if __name__ == "__main__":
    main()
