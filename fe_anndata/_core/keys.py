"""Where results live in an AnnData: the only place that spells these names."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_KEY = "fe"


def require_writable_name(name: object, what: str, given_as: str = "") -> None:
    """Raise ValueError unless a file can hold an entry of this name."""
    if not isinstance(name, str) or not name.strip(".") or "/" in name or "\0" in name:
        raise ValueError(
            f"{what} must be a string that is not empty, no '.', and has no '/' and no NUL, which "
            f"an .h5ad file cannot hold; got {name!r}{f' ({given_as})' if given_as else ''}."
        )


@dataclass(frozen=True)
class Keys:
    """The names under which one result is stored, all derived from its key.

    Parameters
    ----------
    key
        ``"fe"``, or what the user gave as ``key_added``.
    """

    key: str = DEFAULT_KEY

    def __post_init__(self) -> None:
        require_writable_name(self.key, "a key", "key_added, key or basis")

    @property
    def obsm(self) -> str:
        """Sample embeddings."""
        return f"X_{self.key}"

    @property
    def error(self) -> str:
        """Standard errors of the embeddings of new samples."""
        return f"X_{self.key}_se"

    @property
    def probabilities(self) -> str:
        """Probabilities of the classes of new samples, in obsm."""
        return f"{self.key}_probabilities"

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

    def of_sample(self, what: str) -> str:
        """Return the name of a column of obs that says something about a new sample."""
        return f"{self.key}_{what}"

    @property
    def placed_in(self) -> str:
        """What tells the model in which new samples were placed, in uns."""
        return f"{self.key}_placed_in"

    @property
    def placed_by(self) -> str:
        """The name of the step that new samples went through before they were placed, in uns."""
        return f"{self.key}_placed_by"

    def of_modality(self, name: str) -> str:
        """Return the key of the predicted values of a modality, in obsm."""
        return f"{self.key}_{name}"

    @property
    def dispersion(self) -> str:
        """Dispersion of the counts of each gene, a column of var."""
        return f"{self.key}_dispersion"

    @property
    def differential(self) -> str:
        """Genes that differ between groups, in uns, in the form of Scanpy."""
        return f"rank_genes_groups_{self.key}"

    @property
    def density(self) -> str:
        """Density of the samples, a column of obs."""
        return f"{self.key}_density"

    @property
    def module(self) -> str:
        """Module of each gene, a column of var."""
        return f"{self.key}_module"

    @property
    def modules(self) -> str:
        """The table of modules."""
        return f"{self.key}_modules"


def axis_name(key: str, dimension: int) -> str:
    """Return the name of a coordinate, counted from 0: FE1, but FE32_1 after a digit."""
    name = key.upper()
    return f"{name}{'_' if name[-1:].isdigit() else ''}{dimension + 1}"
