"""What is known of one option: its meaning, its range, when it applies, what ``"auto"`` is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field
from typing import Any, Literal

AUTO: Literal["auto"] = "auto"
"""The value of an option that is settled by others, or by the data."""

When = Mapping[str, tuple[Any, ...]]
"""Other options, each with the values it must have one of."""


class Except(tuple[Any, ...]):
    """All values but these."""

    def __contains__(self, value: object) -> bool:
        return not super().__contains__(value)


@dataclass(frozen=True)
class Option:
    """What is known of a field.

    Attributes
    ----------
    doc
        What it means, with its unit.
    least, above, most
        Range of a number: at least, more than, at most.
    applies
        When the option means anything.
    otherwise, same_as
        Its value where it does not, by default that of the field; or the option that has it.
    needs
        For some of its values, what these need of other options.
    kinds
        Of which of its types it has to be, by other options and their values.
    auto
        What ``"auto"`` stands for: the first value whose condition holds. None if the data decide.
    excludes
        An option that cannot be given together with this one.
    follows
        An option whose change makes what a recipe says of this one void.
    table
        ``"obsm"`` or ``"varm"`` if it names a table to start at, and the option with its width.
    own
        Names of starts that are no tables.
    beside
        The argument of ``tl.train`` without which it means nothing.
    continues
        If the start may be a trained model, which is continued then: the options that it decides.
    """

    doc: str
    least: float | None = None
    above: float | None = None
    most: float | None = None
    applies: When = field(default_factory=dict)
    otherwise: Any = None
    same_as: str | None = None
    needs: Mapping[Any, When] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[Any, type]] = field(default_factory=dict)
    auto: tuple[tuple[When, Any], ...] | None = None
    excludes: str | None = None
    follows: str | None = None
    table: tuple[str, str] | None = None
    own: tuple[str, ...] = ()
    beside: str | None = None
    continues: tuple[str, ...] = ()


def option(default: Any, doc: str, **facts: Any) -> Any:
    """Return a field with a default and what is known of it; see :class:`Option`."""
    facts.setdefault("otherwise", default)
    return field(default=default, metadata={"option": Option(doc, **facts)})


def about(of: Field[Any]) -> Option:
    """Return what is known of a field."""
    known: Option = of.metadata["option"]
    return known
