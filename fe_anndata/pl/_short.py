"""Names that take no more letters than there is room for, and can still be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap

from ._text import WIDE, lines_of

DOTS = "…"
BROADER = 4  # letters more, where names could not be told apart or a word would be broken
BREAKING = 30  # lines wider than this may begin amid a word
LINES = 3  # of a name in a legend


def shortened(names: Sequence[str], width: int, lines: int = 1) -> list[str]:
    """Return names in at most `lines` lines of `width` letters, in their order.

    A name that is too long loses its end or, where others begin alike, its middle or beginning.
    Names that would be the same even then keep more letters, so that what differs is always read.
    """
    shown = {name: _fitted(name, width, lines, _without_end) for name in names}
    for broader in range(width, WIDE, BROADER):
        for cut in (_without_end, _without_middle, _without_start):
            for name in _alike(shown):
                shown[name] = _fitted(name, broader, lines, cut)
    for name in _alike(shown):
        shown[name] = lines_of(name)
    return [shown[name] for name in names]


def _alike(shown: Mapping[str, str]) -> list[str]:
    """Return the names that are shown as another one is."""
    often = Counter(shown.values())
    return [name for name, short in shown.items() if often[short] > 1]


def _fitted(name: str, width: int, lines: int, cut: Callable[[str, int], str]) -> str:
    """Return a name in few lines, cut to the most letters that these hold."""
    word = max(map(len, name.split()), default=0)
    if lines > 1:
        width = max(width, min(word, width + BROADER))
    whole = lines_of(name, width)
    if whole.count("\n") < lines and (word <= width or width > BREAKING):
        return whole
    flat = " ".join(lines_of(name, len(name) + 1).split())
    for letters in range(width * lines, 1, -1):
        rows = wrap(cut(flat, letters), width, break_long_words=False)
        if len(rows) <= lines and max(map(len, rows)) <= width:
            return "\n".join(rows)
    return cut(flat, width)


def _without_end(name: str, letters: int) -> str:
    return name if len(name) <= letters else name[: letters - 1].rstrip() + DOTS


def _without_middle(name: str, letters: int) -> str:
    if len(name) <= letters:
        return name
    end = (letters - 1) // 2
    return name[: letters - 1 - end].rstrip() + DOTS + name[len(name) - end :].lstrip()


def _without_start(name: str, letters: int) -> str:
    return name if len(name) <= letters else DOTS + name[len(name) - letters + 1 :].lstrip()
