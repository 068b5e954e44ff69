"""Micro-batches. Streams of Spark's run where Spark has them; a frame that is no stream is one batch."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING, Any, Callable

from awsglue._errors import InvalidInputException, unsupported

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# How often a batch is tried that fails.
_RETRIES = 3


def for_each_batch(frame: DataFrame, function: Callable[[DataFrame, int], Any], options: dict[str, Any]) -> None:
    """Calls `function(frame, batch_id)` for each batch. Options: `windowSize` ("100 seconds"), `checkpointLocation`,
    `batchMaxRetries`."""
    retries = int(options.get("batchMaxRetries", _RETRIES))

    def tried(batch: DataFrame, number: int) -> None:
        for left in range(retries, -1, -1):
            try:
                function(batch, number)
                return
            except Exception as error:
                if not left:
                    raise
                print(f"forEachBatch: batch {number} failed and is tried again: {error}", file=sys.stderr)

    if not frame.isStreaming:
        tried(frame, 0)
        return
    if not options.get("checkpointLocation"):
        raise InvalidInputException("forEachBatch: `checkpointLocation` of a stream is missing")
    try:
        query = (
            frame.writeStream.foreachBatch(tried)
            .trigger(processingTime=str(options.get("windowSize", "100 seconds")))
            .option("checkpointLocation", options["checkpointLocation"])
            .start()
        )
    except Exception as error:
        raise unsupported(f"forEachBatch: this Spark has no streams: {error}") from error
    query.awaitTermination()


def sample(frame: DataFrame, options: dict[str, Any]) -> DataFrame:
    """The first rows of a frame that is no stream; `recordPollingLimit` says how many."""
    if frame.isStreaming:
        raise unsupported("getSampleStreamingDynamicFrame: samples of streams are not supported")
    return frame.limit(int(options.get("recordPollingLimit", 100)))


def add_ingestion_time_columns(frame: DataFrame, granularity: str) -> DataFrame:
    """See `GlueContext.add_ingestion_time_columns`."""
    from pyspark.sql import functions as F

    granularity = granularity.lower() or "hour"
    if granularity not in ("day", "hour", "minute"):
        raise InvalidInputException(f"timeGranularity is day, hour or minute, not {granularity}")
    now = datetime.datetime.now(datetime.timezone.utc)
    parts = {"ingest_year": "%Y", "ingest_month": "%m", "ingest_day": "%d"}
    if granularity != "day":
        parts["ingest_hour"] = "%H"
    if granularity == "minute":
        parts["ingest_minute"] = "%M"
    for name, form in parts.items():
        frame = frame.withColumn(name, F.lit(now.strftime(form)))
    return frame
