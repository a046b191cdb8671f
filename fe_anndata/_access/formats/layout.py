"""How a text table is laid out: its line of names, what names the rows, and what is a value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .fields import MISSING, SEPARATORS, Layout, Line, as_number, separator_of, split
from .orientation import KNOWN, is_gene, share_of_genes

_CORNER = re.compile(
    r"|unnamed: 0|index|id|ids|name|names|gene|genes|symbol|feature|probe|transcript|sample|samples"
    r"|cell|cells|barcode|barcodes|patient|donor|(?:hugo|hgnc|gene|ensembl|entrez|refseq|sample|cell"
    r"|transcript|feature|probe|ncbi|tracking|case|patient)[ _.-]?(?:gene[ _.-]?)?(?:id|ids|symbol"
    r"|name|names|set|acc|accession|barcode)?(?:\(s\))?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:entrez|ncbi)[ _.-]?(?:gene)?[ _.-]?(?:id)?|chr(?:om(?:osome)?)?(?:_name)?|start|end|stop"
    r"|(?:start|end)_position|strand|length|(?:gene|effective|transcript|exon)[ _.-]?length"
    r"|gc[ _.-]?content",
    re.IGNORECASE,
)
"""Names of columns of numbers that tell of a gene, and are no values of a sample."""
_DESCRIBES = re.compile(
    r"gene|symbol|name|description|biotype|type|class|id$|^id|feature|transcript|product|attributes",
    re.IGNORECASE,
)
"""Names of columns of text that tell of a gene."""
_OF_ONE_SAMPLE = re.compile(
    r"(?:expected|est|raw|unstranded|stranded|norm)?_?counts?|tpm|fpkm|rpkm|numreads|isopct|basemean"
    r"|log2foldchange|lfcse|stat|pvalue|p_?val|padj|fdr|(?:fpkm_)?uq|(?:tpm|fpkm|fpkm_uq)_unstranded"
    r"|stranded_(?:first|second)|eff(?:ective)?_?length|length",
    re.IGNORECASE,
)
"""Names of columns of one sample: several units, or what a test says."""
MIXED = 0.9
"""Of the fields of a column that describes, at least this share is text."""
_DECIMAL = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


def layout_of(head: Sequence[Line], path: Path) -> Layout:
    """Understand a table by its first lines.

    Raises
    ------
    ValueError
        If it has no rows, lines have different numbers of fields, a column mixes text and numbers,
        or there are no columns of numbers of several samples.
    """
    n_above = _preamble(head)
    if len(head) - n_above < 2:
        raise ValueError(f"{path} holds no table: it has {len(head)} lines that are not empty.")
    separator = separator_of([line for _, line in head[n_above:]], path)
    first, *rows = [split(line, separator) for _, line in head[n_above:]]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if width < 2:
        raise ValueError(
            f"{path} has one column: no tab, comma, semicolon or space separates its fields."
        )
    for (number, _), fields in zip(head[n_above + 1 :], rows, strict=True):
        require_width(len(fields), width, number, path)
    # Some programs end each line with a separator, but not that of the names.
    ends_empty = separator != " " and width > 2 and not any(row[-1] for row in rows)
    if ends_empty and len(first) == width - 1:
        first = [*first, ""]
    header = _header(first, rows, width)
    if header is None:
        require_width(len(first), width, head[n_above][0], path)
        rows = [first, *rows]
    used = range(width - (ends_empty and (header is None or not header[-1])))
    names = _first_names(header, rows)
    beside, numbers = _kinds(header, rows, [c for c in used if c != names], path)
    if names is None:
        names = next((c for c in beside if _are_unique([row[c] for row in rows])), None)
        beside = [column for column in beside if column != names]
    _require_matrix(header, beside, numbers, path)
    above = n_above + (header is not None)
    return Layout(separator, width, header, above, names, beside, numbers)


def _require_matrix(
    header: list[str] | None, beside: list[int], numbers: list[int], path: Path
) -> None:
    """Raise ValueError for a table of something else."""
    if not numbers:
        raise ValueError(
            f"{path} has no column of numbers, but {len(beside)} of text: it is no matrix of "
            "expression. Columns that describe samples belong into a table of their own: "
            "obs=, or --obs."
        )
    unknown = beside if header is None else [c for c in beside if not _describes(header[c])]
    if len(unknown) > len(numbers) and len(unknown) > 3:
        raise ValueError(
            f"{path} has {len(unknown)} columns of text and {len(numbers)} of numbers: it looks "
            "like a table that describes samples or genes, not like a matrix of expression. Give "
            "one of samples as obs=, or --obs, beside a matrix."
        )
    if header is not None:
        of_one = [header[c] for c in numbers if _OF_ONE_SAMPLE.fullmatch(header[c])]
        if len(of_one) > 1 or (of_one and len(of_one) == len(numbers)):
            raise ValueError(
                f"{path} is of one sample, or of a test: its columns are {', '.join(of_one[:5])}. "
                "Join one column of each sample, such as TPM, to a table of genes x samples."
            )


def describes_by_numbers(name: str) -> bool:
    """Return whether a column of this name tells of a gene by numbers, and holds no values."""
    return _NUMBERED.fullmatch(name) is not None


def _describes(name: str) -> bool:
    return describes_by_numbers(name) or _DESCRIBES.search(name) is not None


def require_width(found: int, width: int, number: int, path: Path) -> None:
    """Raise ValueError if a line has another number of fields than the others."""
    if found != width:
        raise ValueError(
            f"{path}, line {number} has {found} fields, and others have {width}: a field is "
            "missing or holds the separator; put text that does in quotation marks."
        )


def without_comments(head: Sequence[Line]) -> list[Line]:
    """Return the lines but those at the top that begin with ``#``; the names of columns may too."""
    n = next((k for k, (_, line) in enumerate(head) if not line.startswith("#")), len(head))
    if n and n < len(head):
        number, last = head[n - 1][0], head[n - 1][1].lstrip("# ")
        for separator in SEPARATORS[:3]:
            if separator in last and last.count(separator) == head[n][1].count(separator):
                return [(number, last), *head[n:]]
    return list(head[n:])


def _preamble(head: Sequence[Line]) -> int:
    """Return how many lines are above the table: in GCT files one of two numbers."""
    if len(head) < 2:
        return 0
    first, second = head[0][1].split(), head[1][1].split("\t")
    return int(len(first) == 2 and all(word.isdigit() for word in first) and len(second) > 2)


def _header(first: list[str], rows: list[list[str]], width: int) -> list[str] | None:
    """Return the names of all columns, also of that which names the rows; None without names."""
    if len(first) == width - 1:  # as R writes it
        return ["", *first]
    if len(first) != width:
        return None
    if _CORNER.fullmatch(first[0]) and (first[0] or not _are_numbers(first[1:])):
        return first
    n_text = sum(as_number(field) is None for field in first[1:])
    of_rows = [sum(as_number(field) is None for field in row[1:]) for row in rows]
    if n_text > max(of_rows):
        return first
    names = [row[0] for row in rows]
    if as_number(names[0]) is not None or not _are_unique(first[1:]):
        return None
    # Numbers alone: those of samples, above genes, unless the first line is of a gene itself.
    numbered = all(field.isdigit() for field in first[1:])
    of_genes = share_of_genes(names) >= KNOWN and not is_gene(first[0])
    return first if not first[0] or (numbered and of_genes) else None


def _are_numbers(fields: Sequence[str]) -> bool:
    return all(as_number(field) is not None for field in fields)


def _are_unique(fields: Sequence[str]) -> bool:
    return len(set(fields)) == len(fields)


def _first_names(header: list[str] | None, rows: list[list[str]]) -> int | None:
    """Return 0 if the first column names the rows: by text, or by whole numbers like those of ids.

    Whole numbers are values where the name of their column is that of a gene.
    """
    firsts = [row[0] for row in rows]
    if not _are_numbers(firsts):
        mixed = sum(as_number(field) is None for field in firsts)
        return 0 if 2 * mixed > len(firsts) or _are_unique(firsts) else None
    if header is None or is_gene(header[0]) or not _are_unique(firsts):
        return None
    whole = all(field.isdigit() for field in firsts)
    return 0 if whole or _CORNER.fullmatch(header[0]) else None


def _kinds(
    header: list[str] | None, rows: list[list[str]], columns: Sequence[int], path: Path
) -> tuple[list[int], list[int]]:
    """Return which columns describe the rows, and which hold values.

    Raises
    ------
    ValueError
        If one holds many numbers and much else.
    """
    beside: list[int] = []
    numbers: list[int] = []
    for column in columns:
        fields = [row[column] for row in rows if row[column] not in MISSING]
        text = [field for field in fields if as_number(field) is None]
        if header is not None and describes_by_numbers(header[column]):
            beside.append(column)
        elif 2 * len(text) <= len(fields):
            numbers.append(column)
        else:
            name = str(column + 1) if header is None else header[column]
            _require_text(fields, text, name, path)
            beside.append(column)
    return beside, numbers


def _require_text(fields: Sequence[str], text: Sequence[str], name: str, path: Path) -> None:
    """Raise ValueError if a column that is mostly text holds numbers too, or in another form."""
    decimal = [field for field in text if _DECIMAL.fullmatch(field)]
    if len(decimal) > len(text) / 2:
        raise ValueError(
            f"{path}, column {name!r}: {decimal[0]!r} has a comma, where numbers have a point for "
            "decimals, and nothing between thousands. Write them so."
        )
    if len(text) < MIXED * len(fields):
        number = next(field for field in fields if as_number(field) is not None)
        raise ValueError(
            f"{path}, column {name!r} holds numbers, such as {number!r}, and other words, such as "
            f"{text[0]!r}. A missing value is an empty field or NA."
        )
