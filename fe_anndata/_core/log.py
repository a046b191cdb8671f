"""The one logger of the package; it is configured by the user, never on import."""

from __future__ import annotations

import logging

logger = logging.getLogger("fe_anndata")
