"""Every picture of fe_anndata on light, dark and Scanpy's paper, on sheets to look at.

Each call is drawn with few and many groups and long names where these matter, as a PNG file of its
own; sheets hold them side by side with the calls below, and index.html shows all. The cohort is
TCGA, or cells of blood where that is not there. Calls that fail or cannot be drawn here are named
with the reason, and fail the command.

About ten minutes on one core.

    python -m benchmarks.contact_sheet --out DIR [--only FUNCTION ...] [--styles STYLE ...]
    python -m benchmarks.contact_sheet --out DIR --tiny    # only to see that it runs
"""

from __future__ import annotations

import argparse
import html
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageDraw, ImageFont

import fe_anndata as fe
from benchmarks.contact_calls import CALLS, function_of
from benchmarks.contact_material import material

STYLES = ("light", "dark", "scanpy")
DPI = 100
WIDTH, HEIGHT, GAP, STEP, NARROWEST = 2000, 1900, 24, 10, 320
"""Of a sheet, between its tiles, of the steps of their places, and of a caption, in pixels."""
LETTERS, LINE = 17, 22
"""Size and height of a line of a caption, in pixels."""
PAPER = {"light": "#f0f0f0", "dark": "#303030", "scanpy": "#f0f0f0"}
"""Behind the tiles, so that their edges are seen."""


@dataclass(frozen=True)
class Tile:
    """A picture that was drawn, with its call below."""

    call: str
    style: str
    path: Path


@contextmanager
def styled(name: str) -> Iterator[None]:
    """Draw as one who has asked matplotlib for a dark page, or Scanpy for its style, or neither."""
    with plt.style.context("dark_background" if name == "dark" else "default"):
        if name == "scanpy":
            import scanpy as sc

            sc.set_figure_params()
        yield


def draw(call: str, style: str, values: dict[str, Any], path: Path) -> None:
    """Draw a call into a PNG file; an animation also into a GIF, whose last picture it is."""
    with styled(style):
        try:
            made = eval(call, {"fe": fe, **values})
            if function_of(call) == "animate":
                made.save(path.with_suffix(".gif"), writer="pillow", dpi=DPI)
            plt.gcf().savefig(path, dpi=DPI, transparent=False)
        finally:
            plt.close("all")


def drawn(
    calls: Sequence[str], styles: Sequence[str], values: dict[str, Any], folder: Path
) -> tuple[list[Tile], dict[str, str]]:
    """Return the tiles of all calls in all styles, and why a call failed."""
    tiles, failed = [], {}
    for style in styles:
        for i, call in enumerate(calls):
            path = folder / f"{style}_{i + 1:02d}_{function_of(call)}.png"
            started = time.perf_counter()
            try:
                draw(call, style, values, path)
            except Exception as error:  # the others are drawn, and the command fails in the end
                failed[f"{call} ({style})"] = f"{type(error).__name__}: {error}"
                continue
            tiles.append(Tile(call, style, path))
            print(f"  {style}: {call}: {time.perf_counter() - started:.1f} s", flush=True)
    return tiles, failed


def sheets(tiles: Sequence[Tile], folder: Path) -> list[Path]:
    """Write sheets of tiles in their own size, row by row, and each with its call below."""
    written = []
    for style in dict.fromkeys(tile.style for tile in tiles):
        for page in _pages([tile for tile in tiles if tile.style == style]):
            path = folder / f"sheet_{style}_{len(written) + 1:02d}.png"
            _sheet(page, style).save(path)
            written.append(path)
    return written


Placed = tuple[Tile, Image.Image, str, int, int]
"""A tile, its picture, its caption in lines, and where it lies on its sheet."""


def _pages(tiles: Sequence[Tile]) -> Iterator[list[Placed]]:
    """Yield the tiles of each sheet with their places: each as high up as there is room."""
    page: list[Placed] = []
    used = np.full(WIDTH // STEP, GAP)  # pixels from the top, of each strip of a sheet
    for tile in tiles:
        image = Image.open(tile.path).convert("RGB")
        caption = _wrapped(tile.call, max(image.width, NARROWEST))
        wide = min(len(used), -(-(max(image.width, NARROWEST) + GAP) // STEP))
        height = image.height + LINE * (caption.count("\n") + 1) + GAP
        below = sliding_window_view(used, wide).max(axis=1)
        left = int(below.argmin())
        if page and below[left] + height > HEIGHT:
            yield page
            page, left = [], 0
            used[:] = GAP
            below[left] = GAP
        page.append((tile, image, caption, left * STEP + GAP // 2, int(below[left])))
        used[left : left + wide] = below[left] + height
    if page:
        yield page


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans Mono"), LETTERS)


def _wrapped(call: str, width: int) -> str:
    """Return a call in lines that are no wider than so many pixels."""
    most = max(1, int(width / _font().getlength("m")))
    lines = [""]
    for word in call.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) <= most or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(f"  {word}")
    return "\n".join(lines)


def _sheet(page: Sequence[Placed], style: str) -> Image.Image:
    width = max(WIDTH, *(x + image.width + GAP for _, image, _, x, _ in page))
    height = max(y + im.height + LINE * (c.count("\n") + 1) + 2 * GAP for _, im, c, _, y in page)
    sheet = Image.new("RGB", (width, height), PAPER[style])
    pen = ImageDraw.Draw(sheet)
    ink = "white" if style == "dark" else "black"
    for _, image, caption, x, y in page:
        sheet.paste(image, (x, y))
        pen.multiline_text((x, y + image.height + 4), caption, ink, _font(), spacing=4)
    return sheet


def index(tiles: Sequence[Tile], written: Sequence[Path], not_drawn: dict[str, str]) -> str:
    """Return a page that shows the sheets, and the styles of each call side by side."""
    parts = ["<!doctype html><meta charset='utf-8'><title>fe_anndata: all pictures</title>"]
    parts.append("<style>body{font:15px sans-serif;background:#888}img{max-width:100%}</style>")
    parts.append(f"<h1>All pictures of fe_anndata {html.escape(fe.__version__)}</h1>")
    parts += [f"<p>Not drawn: {html.escape(f'{k}: {v}')}</p>" for k, v in not_drawn.items()]
    parts.append("<p>Sheets: ")
    parts += [f"<a href='{path.name}'>{path.stem}</a> " for path in written]
    for call in dict.fromkeys(tile.call for tile in tiles):
        parts.append(f"<h2><code>{html.escape(call)}</code></h2>")
        for tile in tiles:
            if tile.call == call:
                moving = tile.path.with_suffix(".gif")
                shown = moving if moving.exists() else tile.path
                parts.append(f"<img src='tiles/{shown.name}' title='{tile.style}'>")
    return "\n".join(parts)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.contact_sheet", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument("--only", nargs="+", choices=fe.pl.__all__, metavar="FUNCTION")
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=STYLES)
    parser.add_argument("--tiny", action="store_true", help="only to see that it runs")
    options = parser.parse_args(arguments)
    mpl.use("agg")
    values, without = material(tiny=options.tiny)
    only = options.only or fe.pl.__all__
    calls = [c for c in CALLS if function_of(c) in only and function_of(c) not in without]
    folder = options.out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    tiles, failed = drawn(calls, options.styles, values, folder)
    written = sheets(tiles, options.out)
    (options.out / "index.html").write_text(index(tiles, written, without | failed))
    for call, why in (without | failed).items():
        print(f"not drawn: {call}: {why}")
    print(f"{len(tiles)} pictures on {len(written)} sheets: {options.out / 'index.html'}")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
