"""Train: its options are those of the family that is trained."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Group, Parameter, UnknownOptionError

from .._core import processes
from .._core.ending import ending
from .._core.settings import settings
from ..models import families, family
from ..models.base import Family
from ..models.options import options_of, require_known
from .app import NAME, app
from .arguments import Flag, Normalize, Number, Output, Words, none_or
from .computing import Computing
from .fields import literally, parameters
from .groups import BASICS, DATA, OF_TRAINING, TRAINING
from .inputs import of_table, write_results
from .outputs import expect
from .results import Json, print_done
from .signals import exit_code

OPTIONS = {
    **dict.fromkeys(("sample_dim", "steps"), BASICS),
    **dict.fromkeys(
        ("decoder", "objective", "layout", "epochs", "learning_rate", "minibatch", "minibatch_size",
         "validation", "validation_by", "evaluate_every", "record_every", "patience"),
        OF_TRAINING,
    ),
}  # fmt: skip
"""Options of families that help does not call advanced, and their groups."""
Tokens = Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]


# Help is left to the command of the family, whose options it shows.
@app.command(help_flags=[], version_flags=[])
def train(*tokens: Tokens, model: str = "fe") -> None:
    """Train on a file, and write an .h5ad file with the embeddings."""
    chosen = family(model)
    try:
        command_of(chosen)(tokens, exit_on_error=False, print_error=False)
    except UnknownOptionError as error:
        _require_known(chosen, error.token.keyword or "")
        raise


def command_of(chosen: Family) -> App:
    """Return the command that trains models of a family."""
    # Options that take several words would swallow an input behind them.
    usage = f"Usage: {NAME} train INPUT --out PATH [OPTIONS]"
    command = App(
        name=f"{NAME} train",
        usage=usage,
        version_flags=[],
        group_parameters=BASICS,
        suppress_keyboard_interrupt=False,
    )
    command["--help"].show = False
    command.default(_with_options(chosen))
    return command


def _with_options(chosen: Family) -> Callable[..., None]:
    """Return the function of the command, with the options of a family in its signature."""

    def command(*arguments: Any, **given: Any) -> None:
        with processes.joined():  # before anything that may fail in one of them
            _train(*arguments, **{"model": chosen.name, **given})

    own = dict(inspect.signature(_train, eval_str=True).parameters)
    del own["options"]
    about_recipes = Annotated[str, TRAINING, Parameter(help=_recipes(chosen))]
    own["recipe"] = own["recipe"].replace(annotation=about_recipes)
    others = Group(f"Advanced: options of the family {chosen.name}", sort_key=9)
    all_of_them = [*own.values(), *parameters(chosen.options, OPTIONS, others)]
    command.__signature__ = inspect.Signature(all_of_them)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in all_of_them}
    command.__doc__ = _train.__doc__
    return command


def _recipes(chosen: Family) -> str:
    explained = [f"{name}: {recipe.doc}" for name, recipe in chosen.recipes.items() if recipe.doc]
    words = "A set of options by name, over which those win that are typed."
    return literally(f"{words} {'. '.join(explained)}{'.' if explained else ''}")


@Parameter(name="*")
@dataclass(frozen=True)
class Training:
    """Arguments of ``tl.train`` beside the options of the family.

    Parameters
    ----------
    layer
        Train on this layer, not on X.
    normalize
        What is trained on; the matrix itself stays unchanged. auto takes logarithms as they are,
        raw counts by log1p_cp10k, and TPM by log2_tpm; none takes all values as they are.
    orientation
        auto turns a text file of genes x samples, as far as names tell; as-is says that rows are
        samples, and transposed that they are genes.
    obs
        A table of what is known of the samples, with their names in a column, to be written beside
        the results.
    mask_var
        Genes to train on: a boolean column of var.
    batch_key
        Columns of obs with known nuisance factors, such as donor or run: one or several, of groups
        or of numbers. The model learns what they do, and embeds samples without it.
    labels_key
        Column of obs with classes of samples to learn.
    factors
        Columns of obs whose levels have vectors that sample vectors are made of; sample for those
        of their own beside.
    key_added
        Names the places of the result; by default the name of the family.
    checkpoint
        A folder in which the run survives the end of the process: its state is written at each
        evaluation, whole or not at all.
    resume
        Continue a run where it stopped: the one in --checkpoint, or else the one in the input.
        Only --steps or --epochs may differ from what it was set up with. An empty checkpoint
        begins a run, so that a job may always be started by the same line.
    rng
        Seed. The same seed gives the same bytes on a processor with the same number of threads.
    device
        cpu, cuda or auto, which is the default: a CUDA device where there is one.
    progress
        Whether to show a progress bar.
    """

    layer: Annotated[str | None, DATA] = None
    normalize: Annotated[Normalize, DATA] = "auto"
    orientation: Annotated[Literal["auto", "as-is", "transposed"], DATA] = "auto"
    obs: Annotated[Path | None, DATA] = None
    mask_var: Annotated[str | None, DATA] = None
    batch_key: Annotated[Words, DATA] = None
    labels_key: Annotated[str | None, DATA] = None
    factors: Annotated[Words, DATA] = None
    key_added: str | None = None
    checkpoint: Annotated[Path | None, TRAINING] = None
    resume: Annotated[Flag, TRAINING] = False
    rng: Annotated[Number, TRAINING] = 0
    device: Annotated[str | None, TRAINING] = None
    progress: Annotated[bool | None, TRAINING] = None


def _train(
    input: Path,
    /,
    *,
    out: Output,
    overwrite: Flag = False,
    model: str = "fe",
    recipe: Annotated[str, TRAINING] = "default",
    training: Training | None = None,
    computing: Computing | None = None,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Train on a file, and write an .h5ad file with the embeddings.

    A matrix of an .h5ad file that is large is read by blocks of rows and never loaded.

    Parameters
    ----------
    input
        Samples x genes: an .h5ad file, a .zarr folder, or a file that convert reads.
    out
        The .h5ad file to write: the input with the results added. For a .zarr folder also
        another one, if its name ends in .zarr.
    overwrite
        Replace the output if it exists; it may then be the input itself.
    model
        The family of models. fe is for factorized embeddings; "fe-anndata models" lists all, and
        --model NAME --help explains the options of another one.
    """
    from .. import get, tl
    from .._core.keys import Keys
    from ..io.h5ad import require_beside

    settings.verbosity()
    chosen, is_first = training or Training(), processes.is_first()
    if not is_first:
        chosen = replace(chosen, progress=False)
    kept = {"the checkpoint": chosen.checkpoint, "the table of samples": chosen.obs}
    require_beside(input, out, overwrite=overwrite, inputs=kept)
    expect(out)
    if computing is not None:
        computing.settle()
    given = {**vars(chosen), "normalize": none_or(chosen.normalize)}
    where = chosen.orientation, given.pop("obs")
    if chosen.orientation != "auto":
        given["orientation"] = "as-is"  # what is read is turned by then
    data, in_memory = of_table(input, *where, chosen.progress)
    trained = tl.train(data, model, recipe=recipe, **given, **options)
    if not is_first:  # which writes for all
        raise SystemExit(0 if ending.signal is None else exit_code())
    trained = in_memory if trained is None else trained
    assert trained is not None
    write_results(input, trained, out, in_memory is not None, overwrite=overwrite)
    key = model if chosen.key_added is None else chosen.key_added
    last = get.history(trained, key=key).iloc[-1]
    params = trained.uns[key]["params"]
    steps, seconds = int(last["step"]), float(last["seconds"])
    print_done(
        as_json, [(out, f"{steps} steps in {seconds:.1f} s")], model=model, key=key, steps=steps,
        seconds=seconds, validation_loss=params["validation_loss"], ended=params["ended"],
        n_samples=trained.n_obs, n_genes=int(trained.var[Keys(key).trained].sum()),
    )  # fmt: skip
    if params["ended"] == "interrupted":
        raise SystemExit(exit_code())


def _require_known(chosen: Family, typed: str) -> None:
    """Raise TypeError if what was typed is known by another name, or to another family."""
    name = typed.removeprefix("--").removeprefix("no-").partition("=")[0].replace("-", "_")
    others = {name: of.options for name, of in families().items() if of is not chosen}
    words = {**chosen.options.RENAMED, **chosen.options.ELSEWHERE}
    if name in words or any(name in options_of(of) for of in others.values()):
        require_known(chosen.options, chosen.name, [name], others)
