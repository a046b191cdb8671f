"""Where results live in an AnnData: the only place that spells these names."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_KEY = "fe"


@dataclass(frozen=True)
class Keys:
    """The places of one result, all derived from its key.

    Parameters
    ----------
    key
        ``"fe"``, or what the user gave as ``key_added``.
    """

    key: str = DEFAULT_KEY

    @property
    def obsm(self) -> str:
        """Sample embeddings."""
        return f"X_{self.key}"

    @property
    def varm(self) -> str:
        """Gene embeddings."""
        return self.key

    @property
    def trained(self) -> str:
        """Which genes were trained on, a boolean column of var."""
        return f"{self.key}_trained"

    @property
    def uns(self) -> str:
        """Parameters, history and weights."""
        return self.key

    @property
    def density(self) -> str:
        """Density of the samples, a column of obs."""
        return f"{self.key}_density"
