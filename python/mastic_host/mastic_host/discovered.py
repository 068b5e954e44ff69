"""Columns of files as Spark discovers them: keys of folders have types, and any column may be null. To Sail all keys are texts,
and a column that is never null in the first file never is: rows of files that lack it would have zeros.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from mastic_host import formats, tables
from mastic_host.statements import quoted

SETTING = "spark.sql.sources.partitioncolumntypeinference.enabled"
_KEY = re.compile(r"/([^/=]+)=([^/]*)(?=/)")

# Whether keys have types.
_typing = True
_load: Callable[..., Any]


def heed(key: str, value: str) -> None:
    """Takes up a setting of the session."""
    global _typing
    if key.lower() == SETTING:
        _typing = value.lower() != "false"


def install() -> None:
    """Makes readers that are given no schema find Spark's."""
    global _load
    from pyspark.sql.connect.readwriter import DataFrameReader

    _load = DataFrameReader.load

    def loading(reader: Any, path: Any = None, format: Any = None, schema: Any = None, **options: Any) -> Any:  # noqa: A002
        frame = _load(reader, path, format, schema, **options)
        name = (format or reader._format or "parquet").lower()
        if schema is not None or reader._schema or not path or name not in ("avro", "csv", "json", "parquet", "text"):
            return frame
        keys = _keys(frame)
        wanted = nullable(frame.schema)
        if name != "parquet" or wanted == frame.schema:
            return _typed(frame, keys)
        before = reader._schema
        try:
            return _typed(_load(reader, path, format, wanted, **options), keys)
        finally:
            # A reader may be used again, for other files.
            reader._schema = before

    DataFrameReader.load = loading


def files(session: Any, path: Any, kind: str, schema: Any = None, **options: str) -> Any:
    """What is in files, as Sail reads it; keys of their folders are texts."""
    return _load(session.read.options(**options), path, kind, schema)


def key(name: str, kind: str) -> str:
    """The key of a folder in its type."""
    return f"CAST(nullif({quoted(name)}, '{tables.NULL}') AS {kind})"


def _typed(frame: Any, keys: dict[str, str]) -> Any:
    from pyspark.sql import functions as F  # noqa: N812

    return frame.withColumns({name: F.expr(key(name, kind)) for name, kind in keys.items()}) if keys else frame


def _keys(frame: Any) -> dict[str, str]:
    """The keys of a frame's folders, and their types."""
    last = frame.schema.fields[-1:]
    if not _typing or not last or last[0].dataType.typeName() != "string":
        return {}
    found = kinds(frame.inputFiles())
    return {name: found[name] for name, of in frame.dtypes if name in found and of == "string"}


def kinds(files: Iterable[str]) -> dict[str, str]:
    """The types of the keys of these files' folders.

    >>> kinds(["s3://b/t/year=2024/on=2024-01-31/of=x%20y/a", "s3://b/t/year=2025/on=__HIVE_DEFAULT_PARTITION__/of=1/a"])
    {'year': 'int', 'on': 'date', 'of': 'string'}
    """
    every: dict[str, set[str]] = {}
    for folder in {file.rpartition("/")[0] + "/" for file in files}:
        for name, value in values(folder).items():
            every.setdefault(name, set()).update([] if value is None else [value])
    return {name: formats.kind_of(list(found)) if _typing else "string" for name, found in every.items()}


def values(folder: str) -> dict[str, str | None]:
    """The keys of a folder, and their values.

    >>> values("s3://b/t/year=2024/of=x%20y/on=__HIVE_DEFAULT_PARTITION__/")
    {'year': '2024', 'of': 'x y', 'on': None}
    """
    found = {unquote(name): unquote(value) for name, value in _KEY.findall(folder)}
    return {name: None if value == tables.NULL else value for name, value in found.items()}


def nullable(of: Any) -> Any:
    """The type, without a promise that anything in it is not null."""
    from pyspark.sql.types import ArrayType, MapType, StructField, StructType

    match of:
        case StructType():
            return StructType([StructField(field.name, nullable(field.dataType), True, field.metadata) for field in of.fields])
        case ArrayType():
            return ArrayType(nullable(of.elementType), True)
        case MapType():
            return MapType(of.keyType, nullable(of.valueType), True)
        case _:
            return of
