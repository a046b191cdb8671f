"""The command line as ``python -m fe_anndata``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
