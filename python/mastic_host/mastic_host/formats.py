"""What Sail does not read or write, and the runner's engine does: `spark.read.format("jdbc")`, ORC, XML, and Avro as a target."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from awsglue import _exchange, _native
from awsglue._bridge import Bridge
from awsglue._errors import GlueError, unsupported

from mastic_host import overwrite, paths

READ, WRITTEN = {"jdbc", "orc", "xml"}, {"jdbc", "orc", "xml", "avro"}
_NAMES = {"com.databricks.spark.xml": "xml", "com.databricks.spark.avro": "avro"}
# A query in the place of a table.
_QUERY = re.compile(r"\s*\((.*)\)\s*(?:as\s+)?\w*\s*\Z", re.I | re.S)
# What the engine calls them, as Spark does.
_TAGS = {("rootTag", "ROWS"), ("rowTag", "ROW")}
# What PostgreSQL and MySQL say of a table that is not there.
_MISSING = re.compile(r"\b(does not|doesn't) exist")
_MODES = {"append", "overwrite", "ignore", "error", "errorifexists", "default"}


def install() -> None:
    """Makes readers and writers ask the runner for these formats, where there is one."""
    from pyspark.sql.connect.readwriter import DataFrameReader, DataFrameWriter

    runner = Bridge.find()
    if runner is not None:
        DataFrameReader.load = _loading(runner, DataFrameReader.load)
        DataFrameWriter.save = _saving(runner, DataFrameWriter.save)


def _named(given: str | None) -> str:
    name = (given or "").lower()
    return _NAMES.get(name, name)


def _loading(runner: Bridge, load: Callable[..., Any]) -> Callable[..., Any]:
    def loading(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        name = _named(format or reader._format)
        if name not in READ:
            return load(reader, path, format, schema, **options)
        if schema is not None or reader._schema:
            raise unsupported(f"a schema for `{name}` is not supported")
        given = {key: str(value) for key, value in (dict(reader._options) | options).items() if value is not None}
        if name == "jdbc":
            return _read(runner, reader._client, _of_database(given))
        places = [path] if isinstance(path, str) else list(path or [given.pop("path", "")])
        paths.demand(runner, places)
        # Spark's frames have no place for records that cannot be read: none may go missing without a word.
        where = {"paths": places, "recurse": True, "isFailFast": True}
        request = {"connection_type": "s3", "format": name, "connection_options": where}
        return _read(runner, reader._client, request | {"format_options": _of_files(given)})

    return loading


def _read(runner: Bridge, session: Any, request: dict[str, Any]) -> Any:
    answer = runner.ask("/read", request | {"direct": False, "folders": False, "later": True})
    frame, _ = _exchange.read(session, runner, answer, "")
    keys = [key["name"] for key in answer["keys"]]
    if keys:
        return _typed(frame, keys)
    return _native.note(frame, _native.source(answer))


def _typed(frame: Any, keys: list[str]) -> Any:
    """Spark takes partitions' names for numbers and dates where all of them are."""
    for key in keys:
        quoted = f"`{key.replace('`', '``')}`"
        found = [row[0] for row in frame.select(quoted).distinct().collect()]
        kind = kind_of([value for value in found if value is not None])
        if kind != "string":
            frame = frame.withColumn(key, frame[quoted].cast(kind))
    return frame


def kind_of(values: list[str]) -> str:
    """The type of these partition values.

    >>> [kind_of(one) for one in (["1", "02"], ["9999999999"], ["1", "2.5"], ["2024-01-31"], ["2024-01-32"], [])]
    ['int', 'bigint', 'double', 'date', 'string', 'string']
    """
    if values and all(re.fullmatch(r"-?\d{1,18}", value) for value in values):
        return "int" if all(-(1 << 31) <= int(value) < 1 << 31 for value in values) else "bigint"
    if values and all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values):
        return "double"
    try:
        dates = [datetime.date.fromisoformat(value) for value in values if re.fullmatch(r"\d{4}-\d\d-\d\d", value)]
    except ValueError:
        return "string"
    return "date" if values and len(dates) == len(values) else "string"


def _of_database(given: dict[str, str]) -> dict[str, Any]:
    vendor = re.match(r"jdbc:(\w+):", given.get("url", ""))
    if vendor is None:
        raise ValueError("the option `url` of `jdbc` is missing, or no URL of a database: `jdbc:postgresql://...`")
    query = _QUERY.match(given.get("dbtable", ""))
    if query:
        given = {key: value for key, value in given.items() if key != "dbtable"} | {"query": query[1]}
    return {"connection_type": vendor[1].lower(), "connection_options": given}


def _of_files(given: dict[str, str]) -> dict[str, str]:
    # What says only how Spark merges schemas of files of one kind.
    return {key: value for key, value in given.items() if key.lower() not in ("mergeschema", "path", "inferschema")}


def _saving(runner: Bridge, save: Callable[..., Any]) -> Callable[..., Any]:
    def saving(
        writer: Any, path: Any = None, format: Any = None, mode: Any = None, partitionBy: Any = None, **options: Any  # noqa: A002, N803
    ) -> None:
        name = _named(format or writer._write.source)
        if name not in WRITTEN:
            save(writer, path, format, mode, partitionBy, **options)
            return
        writer.mode(mode).options(**options)
        if partitionBy is not None:
            writer.partitionBy(partitionBy)
        given = {key: str(value) for key, value in writer._write.options.items() if value is not None}
        wanted = (writer._write.mode or "error").lower()
        if wanted not in _MODES:
            raise ValueError(f"`{wanted}` is no mode of a writer")
        if name != "jdbc":
            _save_files(runner, writer, name, wanted, path or given.pop("path", ""), given)
        else:
            _save_rows(runner, writer, wanted, given)

    return saving


def _save_rows(runner: Bridge, writer: Any, mode: str, given: dict[str, str]) -> None:
    """Writes a table of a database."""
    truncates = given.pop("truncate", "false").lower() == "true"
    request = _of_database(given)
    options = request["connection_options"]
    if mode == "overwrite":
        # The rows wait outside of the database: they may have been made of this very table, which nobody may read then.
        how = {**options, "mastic.overwrite": "truncate" if truncates else "drop"}
        _write(runner, writer, {**request, "connection_options": how}, waiting=True)
    elif mode == "append" or not _is_there(runner, request):
        _write(runner, writer, request)
    elif mode != "ignore":
        from pyspark.errors import AnalysisException

        raise AnalysisException(f"Table or view '{options.get('dbtable')}' already exists. SaveMode: ErrorIfExists.")


def _is_there(runner: Bridge, request: dict[str, Any]) -> bool:
    """Whether a database has a table."""
    try:
        runner.ask("/read", request | {"direct": False, "folders": False, "later": True})
    except GlueError as error:
        if _MISSING.search(error.message):
            return False
        raise
    return True


def _save_files(runner: Bridge, writer: Any, name: str, mode: str, place: str, given: dict[str, str]) -> None:
    target = {"path": place, "partitionKeys": list(writer._write.partitioning_cols)}
    if "compression" in given:
        target["compression"] = given.pop("compression")
    how = {key: value for key, value in given.items() if key not in ("path", "partitionOverwriteMode")}
    if name == "xml":
        how = {key: value for key, value in how.items() if (key, value) not in _TAGS}
    request = {"connection_type": "s3", "format": name, "connection_options": target, "format_options": how}
    if mode == "overwrite" and overwrite.is_dynamic(writer) and target["partitionKeys"]:
        overwrite.replacing(place, lambda: _write(runner, writer, request))
    elif mode == "overwrite":
        # What was there goes last: the rows may have been made of it.
        before = overwrite.keys(place)
        _write(runner, writer, request)
        overwrite.delete(place, sorted(before))
    elif mode == "append" or runner.ask("/exists", {"paths": [place]})["missing"] is not None:
        _write(runner, writer, request)
    elif mode != "ignore":
        raise _there(place)


def _write(runner: Bridge, writer: Any, request: dict[str, Any], waiting: bool = False) -> None:
    """Has the runner write the rows; with `waiting`, once all of them are made."""
    from pyspark.sql.connect.dataframe import DataFrame

    frame = DataFrame(writer._df, writer._spark)
    _exchange.write(runner, frame, request, None if waiting else _native.of_frame(frame))


def _there(place: str) -> Exception:
    from pyspark.errors import AnalysisException

    message = f"Path {place} already exists. Set mode as \"overwrite\" to overwrite the existing path. SQLSTATE: 42K04"
    return AnalysisException(errorClass="PATH_ALREADY_EXISTS", message=message)
