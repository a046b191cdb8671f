"""What models of lists and of counts see in samples."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import H5AD
from .._core.settings import settings
from .app import app
from .arguments import Flag, Output, Words
from .inputs import changed, read
from .outputs import require_outputs
from .results import Json, print_done, print_table


@app.command
def embed_genes(
    input: Path,
    /,
    *,
    out: Output,
    samples: str | None = None,
    key: str = "fe",
    key_added: str | None = None,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write the vectors that genes have in some samples, by a model of the family generain.

    Parameters
    ----------
    input
        An .h5ad file that was trained with --model generain.
    out
        The .h5ad file to write: the input with the vectors in varm.
    samples
        Which samples: a boolean column of obs; all by default.
    key
        The key of the training, generain if none was given there.
    key_added
        The name in varm; by default the key with "_context" behind.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    """
    from .. import tl

    adata = changed(
        tl.embed_genes, input, out, samples, overwrite=overwrite, key=key, key_added=key_added
    )
    place = f"{key}_context" if key_added is None else key_added
    n, dim = adata.varm[place].shape
    words = f"varm {place}, vectors of {n} genes in {dim} dimensions"
    print_done(as_json, [(out, words)], varm=place, n_genes=n, dim=dim)


@app.command
def attention(
    input: Path,
    /,
    *,
    out: Output,
    samples: Words = None,
    genes: Words = None,
    reference: Path | None = None,
    layer: str | None = None,
    key: str = "fe",
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Write how much of each counted gene latent vectors take, by a model of the family exceiver.

    Parameters
    ----------
    input
        An .h5ad file that was trained with --model exceiver, or new samples.
    out
        The .h5ad file to write, of samples x genes.
    samples
        One or several by name; all by default.
    genes
        One or several by name; by default all that the model knows.
    reference
        For new samples: the trained .h5ad file.
    layer
        Read the counts from this layer.
    key
        The key of the training, exceiver if none was given there.
    overwrite
        Replace the output if it exists.
    """
    from .. import get, io
    from .._access.layers import layers_of

    settings.verbosity()
    given = {"the input": input, "the reference": reference}
    require_outputs([(out, H5AD)], overwrite=overwrite, inputs=given)
    found = get.attention(read(input), samples, genes, reference=reference, layer=layer, key=key)
    io.write_h5ad(found, out, overwrite=overwrite)
    n_latents = len(layers_of(found))
    words = f"attention of {n_latents} latent vectors to {found.n_vars} genes"
    print_done(as_json, [(out, f"{words} in {found.n_obs} samples")], n_samples=found.n_obs,
               n_genes=found.n_vars, n_latents=n_latents)  # fmt: skip


@app.command
def token_probabilities(
    input: Path,
    sample: str,
    /,
    *,
    genes: Words = None,
    key: str = "fe",
    as_json: Json = False,
) -> None:
    """Print which genes a model of the family generain expects next in the list of a sample.

    Parameters
    ----------
    input
        An .h5ad file that was trained with --model generain.
    sample
        A sample by name.
    genes
        One or several; by default the ten most probable ones after the last place.
    key
        The key of the training, generain if none was given there.
    """
    from .. import get

    print_table(get.token_probabilities(read(input), sample, genes, key=key), as_json)
