"""Run the tutorials and store their outputs, without what is of the machine that ran them.

Needs the extra `docs`. Data are those of FE_ANNDATA_DATA, if it is set.

    python -m benchmarks.notebooks [NAME ...]
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

TUTORIALS = Path(__file__).parents[1] / "tutorials"
OF_THE_MACHINE = (
    re.compile(r".*TqdmWarning.*\n.*notebook_tqdm.*\n"),
    re.compile(r"/\S*/ipykernel_\d+/\d+\.py:\d+: "),
    re.compile(r"/\S*/tmp\w+/"),
    re.compile(r"/\S*/site-packages/"),
    re.compile(r"\r?[^\r\n]*\d%\|[^\r\n]*\]"),  # a bar
)
"""What is left out of text that was printed."""


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without times and paths."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            for pattern in OF_THE_MACHINE:
                if output.output_type == "stream":
                    output.text = pattern.sub("", output.text)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("text", "-").strip()]
    return notebook


def main(arguments: Sequence[str] | None = None) -> None:
    """Run some tutorials, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    names = parser.parse_args(arguments).names or [p.stem for p in TUTORIALS.glob("*.ipynb")]
    for name in sorted(names):
        path = TUTORIALS / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
        nbformat.write(cleaned(notebook), path)
        print(path.name, flush=True)


if __name__ == "__main__":
    main()
