"""Reads of paths where nothing is: Spark refuses them, Sail would read an empty table. Reads of patterns, of which Sail knows some."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from awsglue import _catalog
from awsglue._bridge import Bridge
from awsglue._errors import GlueError

from mastic_host import base_paths, globs

FILES = {"csv", "json", "parquet", "text", "avro", "orc", "binaryFile"}


def install() -> None:
    """Makes Spark's readers look before they read."""
    from pyspark.sql.connect.readwriter import DataFrameReader

    load, runner = DataFrameReader.load, Bridge.find()

    def checked(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        paths = [path] if isinstance(path, str) else list(path or [])
        if (format or reader._format or "parquet") not in FILES or not paths or runner is None:
            return load(reader, path, format, schema, **options)
        demand(runner, paths)
        found = {path: globs.expanded(path) for path in paths}
        for path, places in found.items():
            if not places:
                raise missing(path)
        every = [place for places in found.values() for place in places]
        base = base_paths.of(reader, options)
        if base is None:
            return load(reader, every, format, schema, **options)
        return base_paths.read(base, every, lambda places: load(reader, places, format, schema, **options))

    DataFrameReader.load = checked


def demand(runner: Bridge, paths: list[str]) -> None:
    """Raises AnalysisException if nothing is at one of the paths."""
    absent = runner.ask("/exists", {"paths": paths})["missing"]
    if absent:
        raise missing(absent)


def missing(path: str) -> Exception:
    """What Spark says of a path where nothing is."""
    from pyspark.errors import AnalysisException

    return AnalysisException(errorClass="PATH_NOT_FOUND", message=f"Path does not exist: {path}. SQLSTATE: 42K03")


def head(file: str, most: int) -> bytes:
    """The first bytes of a file, by its URL as Spark tells it.

    Raises the exception of `awsglue` that tells why it cannot be read, in the server's own words.
    """
    bucket, key = _catalog.place(unquote(file))
    try:
        answer = _catalog.call(_catalog.client("s3").get_object, Bucket=bucket, Key=key, Range=f"bytes=0-{most - 1}")
    except GlueError as error:
        # An empty file has no first byte.
        if error.code != "InvalidRange":
            raise
        return b""
    return bytes(answer["Body"].read())
