"""Long work: done in a thread, one piece at a time, and asked after by a page.

What is asked for twice, also by another window, is done once. Results are kept under the digest of
what they are of, so that windows cannot mix theirs.
"""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from .._core.progress import in_lines
from .asking import explained

KEPT = 30
"""Results that are kept; the oldest are forgotten first."""


class Job:
    """One piece of work.

    Attributes
    ----------
    id
        By which a page asks for it.
    said
        How far it is.
    result
        What it has made; None before.
    error
        Why it has failed; empty if it has not.
    warnings
        What it has warned of.
    """

    def __init__(self, id: str) -> None:
        self.id, self.said, self.error = id, "waiting", ""
        self.result: Any = None
        self.warnings: list[str] = []
        self.is_done = False

    def say(self, text: str) -> None:
        """Note how far it is."""
        self.said = text

    def facts(self) -> dict[str, Any]:
        """Return what a page is told."""
        return {"job": self.id, "done": self.is_done, "said": self.said, "error": self.error,
                "warnings": self.warnings}  # fmt: skip


class Jobs:
    """All work of a server."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._list, self._turn = threading.Lock(), threading.Lock()

    def start(self, of: object, work: Callable[[Job], Any], *, again: bool = True) -> Job:
        """Return the job of what `of` says, begun unless it was before.

        Parameters
        ----------
        of
            What tells the work from other work; its ``repr`` is taken.
        work
            A function of the job that returns the result.
        again
            Whether it is begun again if it has failed. What a page asks for until it is there must
            not be, or the page would wait forever.
        """
        name = hashlib.sha256(repr(of).encode()).hexdigest()[:16]
        with self._list:
            job = self._jobs.get(name)
            if job is not None and not (job.error and again):
                return job
            job = self._jobs[name] = Job(name)
            finished = [key for key, one in self._jobs.items() if one.is_done]
            for key in finished[: max(0, len(self._jobs) - KEPT)]:
                del self._jobs[key]
        threading.Thread(target=self._run, args=(job, work), daemon=True).start()
        return job

    def get(self, name: str) -> Job:
        """Return a job.

        Raises
        ------
        KeyError
            If there is none, or it was forgotten.
        """
        with self._list:
            if name not in self._jobs:
                raise KeyError("this result is not kept any more: start it again.")
            self._jobs.move_to_end(name)
            return self._jobs[name]

    def result(self, name: str) -> Any:
        """Return the result of a job.

        Raises
        ------
        KeyError, ValueError
            If there is none, or it has failed.
        """
        job = self.get(name)
        if job.error or not job.is_done:
            raise ValueError(job.error or "this result is not there yet.")
        return job.result

    def _run(self, job: Job, work: Callable[[Job], Any]) -> None:
        with self._turn:
            job.say("working")
            try:
                with warnings.catch_warnings(record=True) as caught, in_lines(job.say, every=0.3):
                    warnings.simplefilter("always")
                    warnings.simplefilter("ignore", FutureWarning)
                    warnings.simplefilter("ignore", DeprecationWarning)
                    job.result = work(job)
                job.warnings = list(dict.fromkeys(str(one.message) for one in caught))
            except Exception as error:
                job.error = explained(error)
            job.is_done = True
