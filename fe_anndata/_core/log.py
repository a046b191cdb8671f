"""The one logger of the package; it is configured by the user, never on import."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

logger = logging.getLogger("fe_anndata")


@contextmanager
def warnings_only() -> Iterator[None]:
    """Log no results of trainings that are a part of other work, unless details are asked for."""
    before, level = logger.level, logger.getEffectiveLevel()
    if level > logging.DEBUG:
        logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(before)
