"""Reads of paths where nothing is: Spark refuses them, Sail would read an empty table."""

from __future__ import annotations

from typing import Any

from awsglue._bridge import Bridge

FILES = {"csv", "json", "parquet", "text", "avro", "orc", "binaryFile"}


def install() -> None:
    """Makes Spark's readers look before they read."""
    from pyspark.sql.connect.readwriter import DataFrameReader

    load, runner = DataFrameReader.load, Bridge.find()

    def checked(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        frame = load(reader, path, format, schema, **options)
        paths = [path] if isinstance(path, str) else list(path or [])
        if (reader._format or "parquet") in FILES and paths and runner is not None:
            demand(runner, paths)
        return frame

    DataFrameReader.load = checked


def demand(runner: Bridge, paths: list[str]) -> None:
    """Raises AnalysisException if nothing is at one of the paths."""
    from pyspark.errors import AnalysisException

    missing = runner.ask("/exists", {"paths": paths})["missing"]
    if missing:
        raise AnalysisException(errorClass="PATH_NOT_FOUND", message=f"Path does not exist: {missing}. SQLSTATE: 42K03")
