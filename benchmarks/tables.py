"""Write docs/benchmarks.md and tables in other pages from benchmarks/results: no number by hand.

The text is benchmarks/page.md; each of its lines ``<!-- numbers: NAME -->`` becomes a table of
benchmarks/shown.py, with the command, the machine and the decoder as the result itself records
them. README has a few of the numbers, between two comments; pages beside it have whole tables, each
between ``<!-- numbers: NAME -->`` and ``<!-- /numbers -->``.

    python -m benchmarks.tables            # write all
    python -m benchmarks.tables --check    # exit with 1 if they are not what the results give
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import report
from benchmarks.shown import HEADLINES, TABLES, Place

ROOT = Path(__file__).parents[1]
TEMPLATE = Path(__file__).parent / "page.md"
PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
HEAD = "<!-- Made from benchmarks/page.md by `python -m benchmarks.tables`: do not edit. -->\n\n"
MARK = re.compile(r"^<!-- numbers: (\w+) -->$", re.MULTILINE)
PAGES = (ROOT / "docs" / "bins.md",)
"""Pages with a table in them."""
IN_PAGE = re.compile(r"(?<=<!-- numbers: )(\w+)( -->\n).*?(?=<!-- /numbers -->)", re.DOTALL)
BLOCK = re.compile(r"(?<=<!-- numbers -->\n).*?(?=<!-- /numbers -->)", re.DOTALL)
NOTHING = "-"


def number(value: Any) -> str:
    """Return a value as it is shown: three digits, and at most four behind the point."""
    if value is None or value != value:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if value.is_integer() and abs(value) >= 10:
        return f"{value:,.0f}"
    if 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{min(max(digits, 0), 4)}f}"


def markdown(table: pd.DataFrame) -> str:
    """Return a table in Markdown; columns of numbers stand to the right."""
    numeric = [pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]
    lines = [
        [str(head) for head in table.columns],
        ["---:" if is_number else "---" for is_number in numeric],
        *([number(value) for value in row] for row in table.astype(object).to_numpy().tolist()),
    ]
    return "\n".join(f"| {' | '.join(text.replace('|', '/') for text in line)} |" for line in lines)


def stored(result: str) -> dict[str, Any] | None:
    """Return a result, None where there is none yet."""
    path = report.RESULTS / f"{result}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def decoder_of(content: Mapping[str, Any]) -> str:
    """Return in words which decoder the numbers of a result belong to."""
    if content["decoder"] not in {None, report.NO_MODEL, *report.DECODERS}:
        return str(content["decoder"])  # of another family, in words
    decoders = {content["decoder"], *(record.get("decoder") for record in content["table"])}
    decoders &= report.DECODERS
    if not decoders:
        return "none, no model is trained"
    return decoders.pop() if len(decoders) == 1 else "named in the table"


def conditions(content: Mapping[str, Any]) -> str:
    """Return the command, the date, the machine and the decoder of a result in words."""
    facts = dict(content["machine"])
    machine = "{}, {} cores, {} threads".format(
        *(facts.pop(key) for key in ("processor", "cores", "threads"))
    )
    versions = ", ".join(f"{name} {value}" for name, value in facts.items())
    return (
        f"`{content['command']}`, {content['date']}\\\n{machine}; {versions}\\\n"
        f"Decoder: {decoder_of(content)}."
    )


def shown(name: str) -> str:
    """Return the table of that name with its conditions, or how to make it."""
    table = TABLES[name]
    content = stored(table.result)
    if content is None:
        return f"not measured yet; run: `{table.command}`"
    found = table.reshape(pd.DataFrame(content["table"]))
    if table.heads:
        found = found[list(table.heads)].rename(columns=dict(table.heads))
    return f"{conditions(content)}\n\n{markdown(found)}"


def page() -> str:
    """Return docs/benchmarks.md."""
    return HEAD + MARK.sub(lambda mark: shown(mark[1]), TEMPLATE.read_text())


def with_tables(text: str) -> str:
    """Return a page with the tables in it made anew."""
    return IN_PAGE.sub(lambda mark: f"{mark[1]}{mark[2]}\n{shown(mark[1])}\n\n", text)


def found(content: Mapping[str, Any] | None, place: Place) -> tuple[float | None, str]:
    """Return a number of a result and its decoder; None if it was not measured."""
    row, column = place
    for record in content["table"] if content else ():
        if all(record.get(key) == value for key, value in row.items()):
            return record[column], content["decoder"] or record["decoder"]  # type: ignore[index]
    return None, ""


def headlines() -> str:
    """Return the table in README, with a line for each number that has been measured."""
    lines = []
    for line in HEADLINES:
        table = TABLES[line.table]
        content = stored(table.result)
        ours, decoder = found(content, line.ours)
        theirs, _ = found(content, line.theirs)
        if content is None or ours is None or theirs is None:
            continue
        error = ""
        if line.ahead is not None:
            difference, its_error = (found(content, place)[0] for place in line.ahead)
            error = f" (ahead by {difference:+.3f} ± {its_error:.3f})"
        lines.append({
            "what": line.what,
            "decoder": decoder,
            "FE": number(ours) + error,
            "beside it": f"{number(theirs)}, {line.against}",
            "python -m": f"`{content['command'].removeprefix('python -m ')}`",
        })  # fmt: skip
    return f"\n{markdown(pd.DataFrame(lines))}\n\n" if lines else "\n"


def readme(text: str) -> str:
    """Return README with its table made anew."""
    return BLOCK.sub(lambda _: headlines(), text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    differ = []
    pages = [(path, with_tables(path.read_text())) for path in PAGES]
    for path, text in ((PAGE, page()), (README, readme(README.read_text())), *pages):
        if not path.is_file() or path.read_text() != text:
            differ.append(path.name)
            if not check:
                path.write_text(text)
    if check and differ:
        sys.exit(f"{' and '.join(differ)}: not what the results give; python -m benchmarks.tables")


if __name__ == "__main__":
    main()
