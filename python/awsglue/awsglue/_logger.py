"""The logger of a script: lines go to the run's error log, as those of Spark's driver do."""

from __future__ import annotations

import sys
import time


class GlueLogger:
    """What `GlueContext.get_logger()` gives."""

    def __init__(self, name: str = "GlueLogger"):
        self._name = name

    def _put(self, level: str, message: object, error: BaseException | None) -> None:
        now = time.time()
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)) + f",{int(now * 1000) % 1000:03d}"
        print(f"{at} {level:5} [main] {self._name}: {message}", file=sys.stderr, flush=True)
        if error is not None:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)

    def trace(self, message: object, error: BaseException | None = None) -> None:
        """Nothing: the level is below that of Glue's logs."""

    def debug(self, message: object, error: BaseException | None = None) -> None:
        """Nothing: the level is below that of Glue's logs."""

    def info(self, message: object, error: BaseException | None = None) -> None:
        """A line at the level INFO."""
        self._put("INFO", message, error)

    def warn(self, message: object, error: BaseException | None = None) -> None:
        """A line at the level WARN."""
        self._put("WARN", message, error)

    warning = warn

    def error(self, message: object, error: BaseException | None = None) -> None:
        """A line at the level ERROR."""
        self._put("ERROR", message, error)

    def fatal(self, message: object, error: BaseException | None = None) -> None:
        """A line at the level FATAL."""
        self._put("FATAL", message, error)

    def isDebugEnabled(self) -> bool:  # noqa: N802
        """Debugging is off."""
        return False

    def isInfoEnabled(self) -> bool:  # noqa: N802
        """The level is INFO."""
        return True
