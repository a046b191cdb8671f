"""A matrix of expression from a file of any kind."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from anndata import AnnData

from .._access import formats
from .._access.formats import Duplicates, Orientation
from .._core.settings import settings


def read(
    path: str | Path,
    *,
    orientation: Orientation = "auto",
    duplicates: Duplicates = "refuse",
    obs: str | Path | pd.DataFrame | None = None,
    progress: bool | None = None,
) -> AnnData:
    r"""Read samples x genes from a file of any kind.

    What kind it is, its first bytes say, not its name:

    * ``.h5ad`` and ``.zarr`` of AnnData, ``.h5mu`` of MuData, whose modalities are joined as by
      :func:`fe_anndata.pp.join_modalities`, and ``.loom``;
    * the ``.h5`` file and the folder of ``matrix.mtx`` that Cell Ranger of 10x Genomics writes;
    * text (``.tsv``, ``.csv``, ``.txt``, ``.gct``), also compressed by gzip or bzip2: fields
      between tabs, commas, semicolons or spaces, with or without a line of names. Columns of text,
      and those such as ``Entrez_Gene_Id`` or ``Length``, describe genes or samples, and go to
      ``var`` or ``obs``. An empty field, NA and the like is a missing value, NaN;
    * ``.parquet``, and ``.npz`` of a matrix ``X`` with ``obs_names`` and ``var_names``.

    Every verb and every command that takes a path reads all of these.

    Parameters
    ----------
    path
        A file or a folder.
    orientation
        Which way round it is. ``"auto"`` turns a table whose rows are genes, as the names of its
        rows and columns tell: gene symbols, Ensembl, RefSeq and Entrez ids on one side, and
        barcodes, run accessions or numbered samples on the other. ``"as-is"`` says that rows are
        samples, and ``"transposed"`` that they are genes.
    duplicates
        What becomes of genes of the same name: ``"refuse"`` them, or ``"sum"`` their values, which
        is right for counts and TPM, not for their logarithms. In files of 10x they get numbers
        instead, as in Scanpy.
    obs
        What is known of the samples, to be added to ``obs``: the path of a text table, one of whose
        columns names samples, or a DataFrame. A name means also the samples whose names go on after
        it, as the barcodes of TCGA do after that of a patient.
    progress
        Whether to show a progress bar while a text is read; by default ``fe.settings.progress``.

    Returns
    -------
    AnnData
        Samples x genes, in memory; of text float32. Text takes little more memory than its matrix,
        and is read twice.

    Raises
    ------
    ValueError
        If there is no such file, it is of another kind or damaged, the names do not tell which
        side is the genes, or a value is no number; the message names the line, the row and the
        column.
    ImportError
        If a package is missing that the kind of file needs; the message names the extra.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import fe_anndata as fe
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "counts.csv"
    ...     _ = path.write_text("gene,S1,S2,S3\nTP53,1,2,0\nCD4,0,5,1\nEGFR,3,3,2\nMYC,9,0,4\n")
    ...     adata = fe.io.read(path)
    >>> adata.shape, list(adata.obs_names)
    ((3, 4), ['S1', 'S2', 'S3'])
    """
    return formats.read(
        path,
        orientation=orientation,
        duplicates=duplicates,
        obs=obs,
        progress=settings.shows(progress),
    )
