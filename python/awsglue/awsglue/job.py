"""A job's run as its script sees it ("Job class" and "Tracking processed data using job bookmarks", AWS Glue Developer Guide)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Mapping

from awsglue._bridge import Bridge

if TYPE_CHECKING:
    from awsglue.context import GlueContext


class Job:
    """Begins and ends what a run notes in its job's bookmark.

    Sources with a `transformation_ctx` that are read between `init` and `commit` read what no earlier run has read, if the run
    has bookmarks enabled. A script that does not commit moves nothing.
    """

    #: The job's name, once `init` was called.
    job_name: str | None = None
    #: What `init` was given.
    args: Mapping[str, Any] = {}
    _initialized = False

    def __init__(self, glue_context: GlueContext):
        self._glue_context = glue_context
        self._bridge = Bridge.find()

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Opens the job's bookmark. `args` are what `getResolvedOptions` answers."""
        Job.job_name, Job.args = job_name, dict(args or {})
        if self._bridge is not None:
            self._bridge.ask("/bookmark/init", {"job_name": job_name})
        elif Job.args.get("job_bookmark_option") in ("job-bookmark-enable", "job-bookmark-pause"):
            print("There are no job bookmarks outside of a job's run: all data is read.", file=sys.stderr)
        Job._initialized = True

    @classmethod
    def isInitialized(cls) -> bool:  # noqa: N802
        """Whether `init` was called."""
        return cls._initialized

    def commit(self) -> None:
        """Makes what was read part of the job's bookmark. It becomes true with the run's success.

        Raises RuntimeError before `init`.
        """
        if not Job._initialized:
            raise RuntimeError("Job.commit() before Job.init()")
        if self._bridge is not None:
            self._bridge.ask("/bookmark/commit", {})
