"""Records out of Arrow's batches, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from awsglue import gluetypes as g
from awsglue._record import DynamicRecord
from awsglue._types import fits, to_arrow


def _kind(value: Any, members: dict[str, g.DataType]) -> str:
    """The type of a choice that a value has.

    Raises ValueError if it has none of them.
    """
    names: Iterable[str]
    if type(value) is bool:
        names = ("boolean",)
    elif type(value) is int:
        whole = [name for name in ("byte", "short", "int", "long") if name in members and fits(value, members[name])]
        names = (*whole, "double", "float", "decimal")
    elif type(value) is float:
        names = ("double", "float")
    elif isinstance(value, dict):
        names = ("struct", "map")
    elif isinstance(value, list):
        names = ("array",)
    elif isinstance(value, datetime):
        names = ("timestamp",)
    else:
        names = {str: ("string",), bytes: ("binary",), date: ("date",), Decimal: ("decimal",)}.get(type(value), ())
    for name in names:
        if name in members:
            return name
    raise ValueError(f"a value of the type {type(value).__name__} is none of {', '.join(members)}")


def decoder(of: g.DataType) -> Callable[[Any], Any] | None:
    """Makes of a value of Arrow's what functions see; None where it is that already."""
    if isinstance(of, g.StructType):
        inner = {field.name: decoder(field.dataType) for field in of.fields}

        def struct(value: Any) -> Any:
            if value is None:
                return None
            return DynamicRecord((name, make(value[name]) if make else value[name]) for name, make in inner.items())

        return struct
    if isinstance(of, g.ChoiceType):
        members = {name: decoder(one) for name, one in of.choices.items()}

        def choice(value: Any) -> Any:
            for name, make in members.items() if value is not None else ():
                if value[name] is not None:
                    return make(value[name]) if make else value[name]
            return None

        return choice
    if isinstance(of, g.ArrayType):
        element = decoder(of.elementType)
        if element is None:
            return None
        return lambda values: None if values is None else [element(value) for value in values]
    if isinstance(of, g.MapType):
        item = decoder(of.valueType) or (lambda value: value)
        return lambda pairs: None if pairs is None else DynamicRecord((key, item(one)) for key, one in pairs)
    if of.typeName() == "timestamp":
        return lambda moment: None if moment is None else moment.replace(tzinfo=None)
    return None


def array(values: list[Any], of: g.DataType, zone: str) -> pa.Array:
    """Values of functions as Arrow has them. What a null struct would hold is null too: not all readers mind the struct."""
    if isinstance(of, (g.StructType, g.ChoiceType)):
        members = of.choices if isinstance(of, g.ChoiceType) else {one.name: one.dataType for one in of.fields}
        if isinstance(of, g.ChoiceType):
            values = [None if value is None else {_kind(value, of.choices): value} for value in values]
        columns = [
            array([None if value is None else value.get(name) for value in values], one, zone) for name, one in members.items()
        ]
        made = to_arrow(of, zone)
        gone = pa.array([value is None for value in values], pa.bool_())
        if not columns:
            return pa.array([None if value is None else {} for value in values], made)
        return pa.StructArray.from_arrays(columns, fields=list(made), mask=gone)
    if isinstance(of, (g.ArrayType, g.MapType)):
        ends: list[int | None] = []
        size = 0
        for value in values:
            ends.append(None if value is None else size)
            size += len(value or ())
        offsets = pa.array([*ends, size], pa.int32())
        if isinstance(of, g.ArrayType):
            elements = array([one for value in values if value for one in value], of.elementType, zone)
            return pa.ListArray.from_arrays(offsets, elements)
        keys = array([key for value in values if value for key in value], of.keyType, zone)
        items = array([one for value in values if value for one in value.values()], of.valueType, zone)
        return pa.MapArray.from_arrays(offsets, keys, items)
    name = of.typeName()
    if name == "timestamp":
        place = ZoneInfo(zone)
        values = [at if at is None or at.tzinfo else at.replace(tzinfo=place) for at in values]
    elif name in ("double", "float"):
        values = [value if value is None or type(value) is float else float(value) for value in values]
    elif name == "decimal":
        values = [value if value is None or type(value) is Decimal else Decimal(value) for value in values]
    return pa.array(values, to_arrow(of, zone))


def records(batches: Iterable[pa.RecordBatch], schema: g.StructType) -> Iterator[DynamicRecord]:
    """The rows of batches as records."""
    makes = [decoder(field.dataType) for field in schema.fields]
    names = [field.name for field in schema.fields]
    for batch in batches:
        columns = []
        for make, column in zip(makes, batch.columns):
            values = column.to_pylist()
            columns.append([make(value) for value in values] if make else values)
        if not columns:
            yield from (DynamicRecord() for _ in range(batch.num_rows))
        for row in zip(*columns):
            yield DynamicRecord(zip(names, row))


def batch(rows: list[Any], schema: g.StructType, zone: str) -> pa.RecordBatch:
    """Records as rows of a schema."""
    arrays = [array([row.get(field.name) for row in rows], field.dataType, zone) for field in schema.fields]
    fields = [pa.field(field.name, to_arrow(field.dataType, zone)) for field in schema.fields]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
