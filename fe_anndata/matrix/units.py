"""In which units a matrix is, as far as its values tell."""

from __future__ import annotations

from dataclasses import dataclass

from .extremes import Extremes

MOST_OF_LOGS = 30.0
"""No logarithm of an expression is greater: 2 to the power of 30 is a thousand million."""
MOST_OF_TPM = 2e6
"""Sum of a sample, beyond which its values are no transcripts, or fragments, per million."""


@dataclass(frozen=True)
class Units:
    """What values are taken for.

    Attributes
    ----------
    step
        The name of the step that makes logarithms of them; None if they stay as they are.
    what
        What they look like.
    doubt
        Why that is not sure; None if it is.
    """

    step: str | None
    what: str
    doubt: str | None = None


def units_of(found: Extremes, total: float) -> Units:
    """Return what values are taken for; `total` is the mean sum of a sample."""
    least, greatest = found.least, found.greatest
    doubt: str | None = None
    if found.counts:
        return Units("log1p_cp10k", f"raw counts (whole numbers up to {greatest:g})")
    if least >= 0 and greatest <= 1:
        doubt = "all values are 0 or 1" if found.whole_numbers else "all values lie between 0 and 1"
        return Units(None, "shares", f"{doubt}, as answers, p-values or methylation do, not RNA")
    if least < 0 or found.even:
        if found.in_thousands:
            doubt = f"values from {least:.5g} to {greatest:.5g} are no logarithms of expression"
        return Units(None, "logarithms or scaled values", doubt)
    if found.in_thousands:
        if total > MOST_OF_TPM:
            doubt = (
                f"samples sum up to {total:.3g}, so that values are no TPM, but estimated counts, "
                "for which normalize='log1p_cp10k' is right, or normalised ones, for 'log2_tpm'"
            )
        return Units(
            "log2_tpm", f"TPM or another linear scale (values up to {greatest:.5g})", doubt
        )
    if greatest > MOST_OF_LOGS:
        doubt = f"values up to {greatest:.4g} are neither counts nor logarithms of expression"
        return Units(None, "values of a small range", doubt)
    return Units(None, "logarithms")
