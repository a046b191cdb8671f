"""Expressions of genes: what a user types, read into weights.

Gene names hold the signs that join them ("HLA-A - MT-CO1 + NKX2-5"), so an expression is read
against the names that are known, in every possible way, and accepted if there is exactly one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from .names import SHOWN, NameTable

_SIGNS = "+-\N{MINUS SIGN}\N{EN DASH}"  # as word processors and papers write them
_TIMES = "*\N{MULTIPLICATION SIGN}"
_NUMBER = re.compile(rf"((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*[{_TIMES}]\s*")
_SIGN = re.compile(rf"\s*([{re.escape(_SIGNS)}])\s*")
_WORD = re.compile(rf'[^\s"{_TIMES}]+')
_QUOTED = re.compile(r'"([^"]*)"')
_AFTER_NAME = f'{_SIGNS}{_TIMES}"'

USAGE = 'write "APOE - APP + BRCA1", "0.5*TP53 + MDM2" or "BRCA1:BRCA2::TP53:?"'


@dataclass(frozen=True)
class Term:
    """A gene of an expression, its weight, and where it starts."""

    gene: str
    weight: float
    start: int


def parse(expression: str, names: NameTable) -> dict[str, float]:
    """Return the genes of an expression and their weights, in the order of the expression.

    An expression is a signed sum of genes, such as ``"0.5*TP53 + MDM2"``, in which a number and
    ``*`` may stand before each gene, or an analogy ``"a:b::c:?"``, which is ``b - a + c``. Spaces
    are not needed where the names alone tell what is meant. A name in double quotes is always one
    gene.

    Raises
    ------
    ValueError
        If the expression cannot be read, or in several ways; a caret shows where.
    KeyError
        If names are unknown; all are listed, and for the first ones similar names are offered.
    """
    if not isinstance(expression, str):
        raise TypeError(f"an expression must be a string, not {expression!r}.")
    text = re.sub(r"\s", " ", expression)
    if not text.strip():
        raise ValueError(f"the expression is empty; {USAGE}.")
    analogy = "::" in _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    terms = _analogy(text, names) if analogy else _sum(text, names)
    weights: dict[str, float] = {}
    for term in terms:
        if not math.isfinite(term.weight):
            _refuse(text, term.start, "this number is too large")
        weights[term.gene] = weights.get(term.gene, 0.0) + term.weight
    return weights


def _analogy(text: str, names: NameTable) -> list[Term]:
    """Read ``a:b::c:?`` as ``b - a + c``."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 5 or parts[2] or parts[4] != "?":
        _refuse(text, text.index("::"), 'an analogy reads "a:b::c:?"')
    a, b, c = ((_QUOTED.fullmatch(p) or (p, p))[1] for p in (parts[0], parts[1], parts[3]))
    if not (a and b and c):
        _refuse(text, text.index("::"), 'a gene is missing: an analogy reads "a:b::c:?"')
    names.positions([a, b, c])
    return [Term(b, 1.0, text.index(b)), Term(a, -1.0, text.index(a)), Term(c, 1.0, text.index(c))]


def _sum(text: str, names: NameTable) -> tuple[Term, ...]:
    """Read a signed sum, which must be possible in one way."""
    unknown: list[str] = []
    while True:
        reader = _Reader(text, names, unknown)
        if reader.ways:
            break
        word = reader.unknown_word()
        if word in unknown or len(unknown) == 3 * SHOWN:
            reader.refuse()
        unknown.append(word)  # read on as if it were known, to list them all
    if unknown:
        names.positions(unknown)
    first, *alternatives = reader.ways
    if alternatives:
        second = alternatives[0]
        differs = next(i for i, (x, y) in enumerate(zip(first, second, strict=False)) if x != y)
        _refuse(
            text,
            first[differs].start,
            f"this can be read as {_shown(first[differs:])} or as {_shown(second[differs:])}; put "
            "spaces around signs, and double quotes around a name that holds one",
        )
    return first


class _Reader:
    """The ways to read a sum, at most two; the words in `assumed` are taken for names too."""

    def __init__(self, text: str, names: NameTable, assumed: list[str]) -> None:
        self.text, self.names, self.assumed = text, names, assumed
        self.failed_at, self.failure = -1, ""
        self._read: dict[tuple[int, float], list[tuple[Term, ...]]] = {}

    @cached_property
    def ways(self) -> list[tuple[Term, ...]]:
        signed = _SIGN.match(self.text)
        unsigned = self._terms(self._skip(0), 1.0)  # names may begin with a sign
        return (unsigned + self._terms(signed.end(), _weight(signed)) if signed else unsigned)[:2]

    def _terms(self, start: int, sign: float) -> list[tuple[Term, ...]]:
        """Return the ways to read the rest as terms, the first with this sign."""
        if (start, sign) not in self._read:
            self._read[start, sign] = list(self._readings(start, sign))[:2]
        return self._read[start, sign]

    def _readings(self, start: int, sign: float) -> Iterator[tuple[Term, ...]]:
        """Yield the ways to read the rest as terms."""
        number = _NUMBER.match(self.text, start)
        starts = [(start, sign)]
        if number:
            starts.append((number.end(), sign * float(number[1])))
        for at, weight in starts:
            for gene, end in self._genes(at):
                term = Term(gene, weight, start)
                after = _SIGN.match(self.text, end)
                if self._skip(end) == len(self.text):
                    yield (term,)
                elif after:
                    for rest in self._terms(after.end(), _weight(after)):
                        yield (term, *rest)
                else:
                    self._fail(self._skip(end), "sign")

    def _genes(self, start: int) -> Iterator[tuple[str, int]]:
        """Yield the known names that begin at `start`, each with its end."""
        text = self.text
        quoted = _QUOTED.match(text, start)
        if quoted and self._known(quoted[1]):
            yield quoted[1], quoted.end()
        ends = [i for i in range(start + 1, len(text)) if text[i] == " " or text[i] in _AFTER_NAME]
        found = [e for e in [*ends, len(text)] if self._known(text[start:e])]
        yield from ((text[start:end], end) for end in found)
        if not found:
            self._fail(start, "gene")

    def _known(self, name: str) -> bool:
        return name in self.assumed or (name == name.strip() and bool(self.names.find(name)))

    def _skip(self, at: int) -> int:
        return at + len(self.text[at:]) - len(self.text[at:].lstrip())

    def _fail(self, at: int, failure: str) -> None:
        if at > self.failed_at:
            self.failed_at, self.failure = at, failure

    def unknown_word(self) -> str:
        """Return the word that is no known name, if that is why the sum cannot be read."""
        at = self.failed_at
        found = _QUOTED.match(self.text, at) or _WORD.match(self.text, at)
        if self.failure != "gene" or not found:
            self.refuse()
        word = found[1] if self.text[at] == '"' else found[0].rstrip(_SIGNS)
        if not word or re.search(r"[()\[\]/^=]", word) or re.fullmatch(r"[\d.]+", word):
            self.refuse()
        return word

    def refuse(self) -> NoReturn:
        """Raise a ValueError that says where the sum could not be read on."""
        expected = {
            "gene": "a gene is expected here",
            "sign": "+ or - is expected here",
        }[self.failure]
        _refuse(self.text, self.failed_at, expected)


def _weight(sign: re.Match[str]) -> float:
    return 1.0 if sign[1] == "+" else -1.0


def _shown(terms: tuple[Term, ...]) -> str:
    signed = [(f"{abs(t.weight):g}*" * (abs(t.weight) != 1), t) for t in terms]
    words = [f'{"-+"[t.weight >= 0]} {number}"{t.gene}"' for number, t in signed]
    return " ".join(words).removeprefix("+ ")


def _refuse(text: str, at: int, why: str) -> NoReturn:
    raise ValueError(
        f"the expression cannot be read at character {at + 1}: {why}; {USAGE}.\n"
        f"  {text}\n  {' ' * at}^"
    )
