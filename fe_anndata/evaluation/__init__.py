"""How good an embedding is, measured on samples that it was not fitted to. Arrays alone."""

from .calibration import calibration_error, calibration_errors, fitted_temperature
from .classifiers import CLASSIFIERS, RIDGE, cross_validated, score
from .components import components_kept
from .distances import distances_kept
from .folds import Fold, folds_of_any, outer_folds, split

__all__ = [
    "CLASSIFIERS",
    "RIDGE",
    "Fold",
    "calibration_error",
    "calibration_errors",
    "components_kept",
    "cross_validated",
    "distances_kept",
    "fitted_temperature",
    "folds_of_any",
    "outer_folds",
    "score",
    "split",
]
