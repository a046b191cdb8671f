"""Draw pictures."""

from __future__ import annotations

from pathlib import Path

from .._core.endings import ANIMATION, PICTURE
from .app import NAME, app
from .arguments import Flag, Number, Output
from .drawing import OF_TABLES, Drawing, Picture
from .groups import BASICS
from .outputs import require_outputs
from .results import Json, print_done


@app.command(
    usage=f"Usage: {NAME} plot INPUT PICTURE --out PATH [OPTIONS]",
    group_parameters=BASICS,
)
def plot(
    input: Path,
    picture: Picture,
    /,
    *,
    out: Output,
    drawing: Drawing | None = None,
    dpi: Number = 150,
    overwrite: Flag = False,
    as_json: Json = False,
) -> None:
    """Draw a picture of a trained .h5ad file, or of a table of results.

    An earlier picture of the same name is replaced.

    Parameters
    ----------
    input
        A trained .h5ad file; for components-kept, evaluate, imputation-curve, classify-genes and
        markers the table that the command of this name wrote, and for survival the one of its
        --risks.
    picture
        What to draw.
    out
        The picture to write; its ending decides the format. An animation is a .gif, or an .mp4
        where ffmpeg is installed.
    dpi
        Dots per inch.
    overwrite
        Replace the output also if its name does not end like that of a picture.
    """
    from matplotlib.animation import FuncAnimation

    from .inputs import read
    from .pictures import draw, require_animated, save, save_animation
    from .tables import read_table

    chosen = drawing or Drawing()
    kind = ANIMATION if picture == "animation" else PICTURE
    inputs = {
        "the input": input,
        "the query": chosen.query,
        "the reference": chosen.reference,
        "the file of gene sets": chosen.gene_sets,
    }
    require_outputs([(out, kind)], overwrite=overwrite, inputs=inputs)
    if picture == "animation":
        require_animated(out, dpi)
    data = read_table(input) if picture in OF_TABLES else read(input)
    drawn = draw(data, picture, chosen)
    if isinstance(drawn, FuncAnimation):
        save_animation(drawn, out, overwrite=overwrite, dpi=dpi)
    else:
        save(drawn, out, overwrite=overwrite, dpi=dpi)
    print_done(as_json, [(out, "")])
