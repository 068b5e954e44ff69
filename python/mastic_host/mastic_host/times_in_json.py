"""`from_json` with times: Sail takes them in one form only, and fails at others; Spark takes what a cast takes, and has null for the rest."""

from __future__ import annotations

from typing import Any

_TIMES = ("date", "timestamp")


def install() -> None:
    """Makes the function so."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.connect import functions

    read = functions.from_json

    def reading(col: Any, schema: Any, options: dict[str, str] | None = None) -> Any:
        of = None if options or hasattr(schema, "_expr") else _type(schema)
        if of is None or not _has_times(of):
            return read(col, schema, options)
        name = col if isinstance(col, str) else col._expr
        return _timed(read(col, _with_texts(of)), of).alias(f"from_json({name})")

    for module in (F, F.builtin, functions, functions.builtin):
        module.from_json = reading


def _type(schema: Any) -> Any:
    from pyspark.sql.types import DataType

    return DataType.fromDDL(schema) if isinstance(schema, str) and not schema.lstrip().startswith("{") else schema


def _has_times(of: Any) -> bool:
    return any(_has_times(one) for one in _within(of)) or getattr(of, "typeName", str)() in _TIMES


def _within(of: Any) -> list[Any]:
    from pyspark.sql.types import ArrayType, MapType, StructType

    match of:
        case StructType():
            return [field.dataType for field in of.fields]
        case ArrayType():
            return [of.elementType]
        case MapType():
            return [of.valueType]
    return []


def _with_texts(of: Any) -> Any:
    """The type with texts in the place of times."""
    from pyspark.sql.types import ArrayType, MapType, StringType, StructField, StructType

    match of:
        case StructType():
            return StructType([StructField(field.name, _with_texts(field.dataType)) for field in of.fields])
        case ArrayType():
            return ArrayType(_with_texts(of.elementType))
        case MapType():
            return MapType(of.keyType, _with_texts(of.valueType))
    return StringType() if of.typeName() in _TIMES else of


def _timed(value: Any, of: Any) -> Any:
    """A value with times in the place of their texts."""
    from pyspark.sql import functions as F  # noqa: N812
    from pyspark.sql.types import ArrayType, MapType, StructType

    if not _has_times(of):
        return value
    match of:
        case StructType():
            fields = [_timed(value.getField(field.name), field.dataType).alias(field.name) for field in of.fields]
            return F.when(value.isNotNull(), F.struct(*fields))
        case ArrayType():
            return F.transform(value, lambda one: _timed(one, of.elementType))
        case MapType():
            return F.transform_values(value, lambda _, one: _timed(one, of.valueType))
    return F.to_date(value) if of.typeName() == "date" else F.to_timestamp(value)
