"""How good an embedding is, measured on samples that it was not fitted to. Arrays alone."""

from .calibration import calibration_error, calibration_errors, fitted_temperature
from .classifiers import CLASSIFIERS, RIDGE, cross_validated, score
from .components import components_kept
from .differences import corrected_error
from .distances import distances_kept
from .folds import Fold, deals_of_folds, folds_of_any, outer_folds, split

__all__ = [
    "CLASSIFIERS",
    "RIDGE",
    "Fold",
    "calibration_error",
    "calibration_errors",
    "components_kept",
    "corrected_error",
    "cross_validated",
    "deals_of_folds",
    "distances_kept",
    "fitted_temperature",
    "folds_of_any",
    "outer_folds",
    "score",
    "split",
]
