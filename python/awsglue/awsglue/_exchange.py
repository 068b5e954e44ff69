"""Rows between Spark and the runner's engine."""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from awsglue import _bridge
from awsglue._bridge import Bridge
from awsglue._errors import InvalidInputException
from awsglue._later import Later, wait_for
from awsglue._native import Native

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Names of Spark's types for which Glue's grammar has others.
_GLUE_NAMES = {"timestamp_ntz": "timestamp", "timestamp_ltz": "timestamp", "void": "string"}
_HERE = ("127.0.0.1", "localhost", "::1")
_NAMED = re.compile(rf"\b({'|'.join(_GLUE_NAMES)})(?=[,>]|$)")


def remote() -> str:
    """The host of a Spark that is not the run's own; empty for that."""
    return urlsplit(os.environ.get("MASTIC_SPARK_REMOTE", "")).hostname or ""


def reads_s3() -> bool:
    """Whether Spark reads files in S3 by itself. A server on this machine may have nothing to do that with."""
    return os.environ.get("MASTIC_SPARK_S3", "false" if remote() in _HERE else "true") == "true"


def temp_dir() -> str:
    """The folder in S3 that the job's `--TempDir` names.

    Raises InvalidInputException if there is none.
    """
    given = None
    for at, argument in enumerate(sys.argv):
        if argument == "--TempDir":
            given = sys.argv[at + 1] if at + 1 < len(sys.argv) else None
        elif argument.startswith("--TempDir="):
            given = argument.partition("=")[2]
    if not given:
        raise InvalidInputException("Spark is on another machine: rows go there through S3, and --TempDir has to name a folder")
    return given.rstrip("/")


def exchange_folder(bridge: Bridge) -> str | None:
    """Where rows go to and come from a Spark that is not the run's own: a folder of this machine for one that is here too, else
    one in S3. None for the run's own."""
    if not remote():
        return None
    return f"file://{bridge.scratch}/exchange" if remote() in _HERE else f"{temp_dir()}/exchange"


def read(
    spark: SparkSession, bridge: Bridge, answer: dict[str, Any], context: str
) -> tuple[DataFrame, Callable[[], DataFrame | None]]:
    """The frame that an answer to `/read` tells of, and what tells the records that could not be read."""
    if answer["road"] == "later":
        later = Later(bridge, answer["source"], answer["folder"])
        wait_for(spark, later)
        return _folder(spark, answer), lambda: errors(spark, later.filled(), context)
    frame = _folder(spark, answer) if answer["road"] == "engine" else _files(spark, answer)
    return frame, lambda: errors(spark, answer, context)


def _folder(spark: SparkSession, answer: dict[str, Any]) -> DataFrame:
    return spark.read.format(answer["format"]).load(answer["folder"])


def errors(spark: SparkSession, answer: dict[str, Any], context: str) -> DataFrame | None:
    """The records that could not be read, as those of transformations that failed: `error` with message and record."""
    if not answer["errors"]:
        return None
    from pyspark.sql import functions as F

    found = spark.read.schema("node string, file string, line bigint, reason string, record string").json(answer["errors"])
    site = F.struct(F.lit(context).alias("site"), F.lit("").alias("info"))
    fields = {
        "callsite": site,
        "msg": F.col("reason"),
        "stackTrace": F.lit(""),
        "input": F.col("record"),
        "bytesread": F.length("record").cast("bigint"),
        "source": F.concat("file", F.lit(":"), F.col("line").cast("string")),
    }
    return found.select(F.struct(*(column.alias(name) for name, column in fields.items())).alias("error"))


def _files(spark: SparkSession, answer: dict[str, Any]) -> DataFrame:
    from pyspark.sql import functions as F

    keys, frame = answer["keys"], None
    if answer["folder"]:
        with _texts(spark):
            frame = spark.read.parquet(answer["folder"])
    for group in answer["groups"]:
        part = spark.read.option("mergeSchema", "true").parquet(*group["files"])
        for key, value in zip(keys, group["values"]):
            part = part.withColumn(key["name"], F.lit(value).cast(key["type"]))
        frame = part if frame is None else frame.unionByName(part, allowMissingColumns=True)
    assert frame is not None, "a source without files comes as rows"
    known = {name.lower(): name for name in frame.columns}
    types = dict(frame.dtypes)
    columns = []
    for column in answer["columns"]:
        name, of = column["name"], column["type"]
        found = name if name in types else known.get(name.lower())
        if found is None:
            columns.append(F.lit(None).cast(of).alias(name))
        elif types[found].replace("`", "") == of.replace("`", ""):
            columns.append(F.col(ticked(found)).alias(name))
        else:
            columns.append(F.col(ticked(found)).cast(of).alias(name))
    return frame.select(*columns)


@contextmanager
def _texts(spark: SparkSession) -> Iterator[None]:
    """Keys of folders are texts within, as the catalog and crawlers have them: `07` stays that."""
    setting = "spark.sql.sources.partitionColumnTypeInference.enabled"
    before = spark.conf.get(setting, "true")
    spark.conf.set(setting, "false")
    try:
        yield
    finally:
        spark.conf.set(setting, before)


def ticked(name: str) -> str:
    """A name as Spark takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def write(bridge: Bridge, frame: DataFrame, request: dict[str, Any], native: Native | None) -> dict[str, Any]:
    """Has the engine write the rows of a frame as the request says: by the steps that make them, or handed to it. What it
    wrote."""
    if len(set(frame.columns)) < len(frame.columns):
        frame, native = _by_name(frame), None
    columns = _columns(frame)
    if native is not None and (plan := native.steps()):
        answer = bridge.ask("/write", {**request, "plan": plan, "columns": columns})
        if answer["declined"] is None:
            return answer
    with _handed(bridge, frame) as data:
        return bridge.ask("/write", {**request, **data, "columns": columns})


def _by_name(frame: DataFrame) -> DataFrame:
    """The frame with one column of each name, the last one: a record has no two fields of a name."""
    from pyspark.sql import functions as F

    last = {name: f"_{at}" for at, name in enumerate(frame.columns)}
    return frame.toDF(*(f"_{at}" for at in range(len(frame.columns)))).select(*(F.col(at).alias(name) for name, at in last.items()))


def prepare(spark: SparkSession, bridge: Bridge, frame: DataFrame, steps: list[dict[str, Any]], context: str) -> DataFrame:
    """What the engine makes of a frame by steps of a recipe."""
    exchange = exchange_folder(bridge) or f"file://{bridge.scratch}/exchange"
    with _handed(bridge, frame) as data:
        rows = {**data, "columns": _columns(frame), "transformation_ctx": context}
        answer = bridge.ask("/prepare", {"rows": rows, "steps": steps, "exchange": exchange})
    if answer["rows"]:
        return _folder(spark, answer)
    # Files without rows need not be there.
    return spark.createDataFrame([], ", ".join(f"{ticked(one['name'])} {one['type']}" for one in answer["columns"]))


def _columns(frame: DataFrame) -> list[dict[str, str]]:
    return [{"name": field.name, "type": _type_text(field.dataType.simpleString())} for field in frame.schema.fields]


@contextmanager
def _handed(bridge: Bridge, frame: DataFrame) -> Iterator[dict[str, str]]:
    """A frame's rows in a folder that the engine reads: it, and the format of its files."""
    exchange, form = exchange_folder(bridge), "parquet"
    if exchange is None:
        exchange, form = f"file://{bridge.scratch}/exchange", "arrow"
    folder = f"{exchange}/write-{uuid.uuid4().hex}"
    if form == "arrow":
        os.makedirs(folder.removeprefix("file://"))
    try:
        # Sail writes nothing where there are no rows.
        frame.write.format(form).mode("append").save(folder)
        yield {"data": folder, "data_format": form}
    finally:
        if folder.startswith("file://"):
            _bridge.remove(folder)


def _type_text(text: str) -> str:
    return _NAMED.sub(lambda found: _GLUE_NAMES[found[1]], text)
