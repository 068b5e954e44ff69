"""Overwriting as Spark does it where Sail does less: only the partitions of a folder that get rows
(`spark.sql.sources.partitionOverwriteMode=dynamic`, which Sail ignores), and tables of the Glue catalog as a whole.

The rows are added first, and then what was there before goes: a run's output appears at once, so nobody sees both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mastic_host import sources, tables

SETTING = "spark.sql.sources.partitionOverwriteMode"

# Whether only the partitions that get rows are overwritten, unless a writer says otherwise.
dynamic = False


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session."""
    global dynamic
    if key == SETTING:
        dynamic = str(value).lower() == "dynamic"


def install() -> None:
    """Makes writers and SQL overwrite so."""
    from pyspark.sql.connect.readwriter import DataFrameWriter

    save, table = DataFrameWriter.save, DataFrameWriter.saveAsTable

    def saving(
        writer: Any, path: Any = None, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        writer.mode(mode).options(**options)
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        source = (format or writer._write.source or "parquet").lower()
        partial = writer._write.partitioning_cols and source in ("parquet", "csv", "json", "text", "orc", "avro")
        if wanted(writer) and partial and is_dynamic(writer) and isinstance(path, str):
            writer.mode("append")
            replacing(path, lambda: save(writer, path, format))
            writer.mode("overwrite")
        else:
            save(writer, path, format)

    def saving_table(
        writer: Any, name: str, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        writer.mode(mode).options(**options)
        if not wanted(writer):
            table(writer, name, format, None, partitionBy)
            return
        there = _location(writer._spark, name)
        place = writer._write.options.get("path") or there
        if place is not None:
            writer.option("path", place)
        places = {at for at in (place, there) if at is not None}
        _not_read(writer, name, places)
        for at in places:
            delete(at, list(keys(at)))
        if there is not None:
            writer._spark.sql(f"DROP TABLE {name}")
        writer.mode("error")
        table(writer, name, format, None, partitionBy)
        writer.mode("overwrite")

    DataFrameWriter.save, DataFrameWriter.saveAsTable = saving, saving_table


def _not_read(writer: Any, name: str, places: set[str]) -> None:
    """Refuses rows that come from what they are to replace, as Spark does: they would be gone before they are read."""
    from pyspark.errors import AnalysisException

    plan = str(writer._df.to_proto(writer._spark.client))
    views = sources.views_of(places)
    if any(read in plan for read in (name, *views, *(place.rstrip("/") for place in places))):
        raise AnalysisException(f"Cannot overwrite table {name} that is also being read from.")


def wanted(writer: Any) -> bool:
    """Whether a writer overwrites."""
    return (writer._write.mode or "").lower() == "overwrite"


def is_dynamic(writer: Any) -> bool:
    """Whether a writer overwrites only the partitions that get rows."""
    said = {key.lower(): value for key, value in writer._write.options.items()}.get("partitionoverwritemode")
    return dynamic if said is None else str(said).lower() == "dynamic"


def _location(session: Any, name: str) -> str | None:
    """Where the files of a table of the Glue catalog are; nothing for what is no such table, or has none."""
    return tables.folder(tables.find(session, name))


def replacing(place: str, add: Callable[[], Any]) -> Any:
    """Adds rows to a folder, then removes what lay in the partitions that got some."""
    before = keys(place)
    answer = add()
    folders = {key.rpartition("/")[0] for key in keys(place) - before}
    delete(place, [key for key in before if key.rpartition("/")[0] in folders])
    return answer


def parts(place: str) -> tuple[str, str]:
    """The bucket of a folder, and what the keys in it begin with."""
    bucket, _, folder = re.sub(r"^s3[an]?://", "", place).partition("/")
    return bucket, folder.rstrip("/") + "/" if folder.strip("/") else ""


def keys(place: str) -> set[str]:
    """The keys of all objects in a folder."""
    import boto3

    bucket, folder = parts(place)
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def delete(place: str, found: list[str]) -> None:
    """Deletes objects of a folder's bucket."""
    import boto3

    bucket, _ = parts(place)
    for start in range(0, len(found), 1000):
        objects = [{"Key": key} for key in found[start : start + 1000]]
        done = boto3.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        for error in done.get("Errors", []):
            raise PermissionError(f"s3://{bucket}/{error['Key']} cannot be overwritten: {error['Code']}: {error['Message']}")
