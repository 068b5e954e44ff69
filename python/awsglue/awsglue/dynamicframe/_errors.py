"""Failing for records that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from awsglue.dynamicframe.frame import DynamicFrame


class ErrorThresholdExceeded(Exception):
    """As many records failed as a transformation was told to fail at."""


@dataclass(frozen=True, eq=False)
class Check:
    """The thresholds of one transformation: errors at which the process fails, 0 for none."""

    frame: DynamicFrame
    name: str
    info: str
    stage: int
    total: int

    def run(self) -> None:
        """Raises ErrorThresholdExceeded if a threshold is reached."""
        limits = (
            (self.stage, "stage", self.frame.stageErrorsCount),
            (self.total, "total", self.frame.errorsCount),
        )
        for limit, what, count in limits:
            if limit > 0 and (found := count()) >= limit:
                told = f" ({self.info})" if self.info else ""
                name = self.name or "the frame"
                raise ErrorThresholdExceeded(f"{name}{told}: {found} errors reach the {what} threshold of {limit}")
