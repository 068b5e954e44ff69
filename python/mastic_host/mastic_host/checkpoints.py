"""`DataFrame.checkpoint` and `localCheckpoint`: rows are kept in the run's scratch folder, whatever Spark was told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def install() -> None:
    """Makes lazy checkpoints, which Sail does not have, at once: their rows are the same."""
    from pyspark.sql.connect.dataframe import DataFrame

    DataFrame.checkpoint = _at_once(DataFrame.checkpoint)
    DataFrame.localCheckpoint = _at_once(DataFrame.localCheckpoint)


def _at_once(keep: Callable[..., Any]) -> Callable[..., Any]:
    def kept(frame: Any, eager: bool = True, *where: Any, **more: Any) -> Any:
        return keep(frame, True, *where, **more)

    return kept
