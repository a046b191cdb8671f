"""What holds for the whole session: `fe.settings`."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from .log import logger


@dataclass
class Settings:
    """Defaults of this session; an argument given to a function wins over them.

    Attributes
    ----------
    device
        Where models are trained: ``"auto"`` (a CUDA device where there is one, else the
        processor), ``"cpu"``, ``"cuda"`` or any device name that torch knows.
    progress
        Whether long work shows a progress bar.
    """

    device: str = "auto"
    progress: bool = True

    def verbosity(self, level: int | str = "INFO") -> None:
        """Print what is done to the standard error stream.

        The package logs to the logger ``fe_anndata`` and configures nothing on import; this is
        the short way to see that log in a notebook.

        Parameters
        ----------
        level
            A level of :mod:`logging`, such as ``"INFO"`` or ``"WARNING"``.
        """
        for earlier in list(logger.handlers):
            if earlier.name == logger.name:  # ours, perhaps to a stream that is closed by now
                logger.removeHandler(earlier)
        handler = logging.StreamHandler()
        handler.name = logger.name
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
        logger.setLevel(level)


settings = Settings()
